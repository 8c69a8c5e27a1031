// The JSON in a Yjs document, and changes of it: the same as the server's `kith_yjs::json`.

import * as Y from "yjs";
import { refusal } from "../error.js";
import { isArray, isObject, same, type Json, type JsonObject } from "../json.js";
import type { Change, Fact, Path, Step } from "../protocol.js";
import { get } from "../topic/path.js";
import { resolve } from "../topic/resolve.js";
import { apply, begin } from "../topic/state.js";
import { toBase64 } from "./editor.js";

/** The shared map that is the value. */
export const ROOT = "json";
/** How deep values may be in each other. */
const DEPTH_MAX = 60;

/** What can be edited in its parts. */
type Holder = Y.Map<unknown> | Y.Array<unknown>;

/**
 * The value of a document. Maps, arrays and texts are objects, arrays and texts; bytes are told as
 * Base64; what JSON has no word for is null, and an entry that is undefined is none.
 */
export function read(doc: Y.Doc): JsonObject {
  return object(doc.getMap(ROOT).entries(), 0);
}

/** An object in `depth` others. */
function object(entries: Iterable<[string, unknown]>, depth: number): JsonObject {
  const told: [string, Json][] = [];
  for (const [key, inner] of entries) {
    if (inner !== undefined) told.push([key, value(inner, depth + 1)]);
  }
  // Not by assignment: "__proto__" is a key like others.
  return Object.fromEntries(told);
}

function value(inner: unknown, depth: number): Json {
  switch (typeof inner) {
    case "string":
    case "boolean":
      return inner;
    case "number":
      // 0 has no sign in JSON.
      return Number.isFinite(inner) ? inner + 0 : null;
    case "bigint":
      return Number.isSafeInteger(Number(inner)) ? Number(inner) : inner;
    case "object":
      return inner === null ? null : held(inner, depth);
    default:
      return null;
  }
}

function held(inner: object, depth: number): Json {
  if (inner instanceof Uint8Array) return toBase64(inner);
  if (inner instanceof Y.Text) return inner instanceof Y.XmlText ? null : inner.toString();
  if (depth >= DEPTH_MAX) return null;
  if (inner instanceof Y.Map) return object(inner.entries(), depth);
  if (inner instanceof Y.Array || Array.isArray(inner)) {
    return [...(inner as Iterable<unknown>)].map((item) => value(item, depth + 1));
  }
  if (inner instanceof Y.AbstractType || inner instanceof Y.Doc) return null;
  return object(Object.entries(inner), depth);
}

/**
 * Changes a document as a topic of the kind `json` is changed. Throws a `KithError` where the change
 * does not fit its value.
 */
export function change(doc: Y.Doc, asked: Change): void {
  const before = read(doc);
  const state = begin({ kind: "json", held: before }, 1);
  const fact = resolve(state, 2, asked);
  const after = apply(state, 2, fact).value.held as Json;
  if (!isObject(after)) throw refusal("topic.wrong_kind", "json");
  if (depth(after) > DEPTH_MAX) throw refusal("topic.too_deep", "json");
  write(doc.getMap(ROOT), fact, before, after);
}

/** Makes what happened to the JSON happen to the document: `before` was its JSON, `after` is to be. */
function write(root: Y.Map<unknown>, fact: Fact, before: JsonObject, after: JsonObject): void {
  const path = pathOf(fact);
  const last = path?.at(-1);
  if (path === undefined || last === undefined) {
    all(root, before, after);
    return;
  }
  let holder: Holder = root;
  for (const [place, step] of path.slice(0, -1).entries()) {
    const next: unknown = inner(holder, step);
    if (!isHolder(next)) {
      // A value that was put in as one is put in anew, as types.
      put(holder, step, get(after, path.slice(0, place + 1)) ?? null, true);
      return;
    }
    holder = next;
  }
  if ("put" in fact) put(holder, last, fact.put.value, fact.put.was !== undefined);
  else if ("drop" in fact) take(holder, last);
  else if ("rename" in fact) rename(holder, last, fact.rename.key);
}

function pathOf(fact: Fact): Path | undefined {
  if ("put" in fact) return fact.put.path;
  if ("drop" in fact) return fact.drop.path;
  return "rename" in fact ? fact.rename.path : undefined;
}

/** Makes the whole map as it is to be, and leaves alone what is so already. */
function all(root: Y.Map<unknown>, before: JsonObject, after: JsonObject): void {
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) root.delete(key);
  for (const [key, to] of Object.entries(after)) {
    if (!Object.hasOwn(before, key) || !same(before[key] as Json, to)) root.set(key, shared(to));
  }
}

function isHolder(inner: unknown): inner is Holder {
  return inner instanceof Y.Map || inner instanceof Y.Array;
}

function inner(holder: Holder, step: Step): unknown {
  if (holder instanceof Y.Map) return typeof step === "string" ? holder.get(step) : undefined;
  return typeof step === "number" ? holder.get(step) : undefined;
}

/** Puts a value to a place; in an array `instead` of what is there. */
function put(holder: Holder, step: Step, to: Json, instead: boolean): void {
  if (holder instanceof Y.Map) {
    holder.set(String(step), shared(to));
    return;
  }
  if (instead) holder.delete(Number(step));
  holder.insert(Number(step), [shared(to)]);
}

function take(holder: Holder, step: Step): void {
  if (holder instanceof Y.Map) holder.delete(String(step));
  else holder.delete(Number(step));
}

/** Puts what is at a key to another, types and all that is in them. */
function rename(holder: Holder, step: Step, to: string): void {
  if (!(holder instanceof Y.Map)) return;
  const found: unknown = holder.get(String(step));
  const moved = found instanceof Y.AbstractType ? found.clone() : found;
  holder.delete(String(step));
  holder.set(to, moved);
}

/** A value, its objects and arrays as types. */
function shared(json: Json): unknown {
  if (typeof json === "bigint") return Number(json);
  if (isArray(json)) {
    const array = new Y.Array<unknown>();
    array.push(json.map(shared));
    return array;
  }
  if (isObject(json)) return new Y.Map(Object.entries(json).map(([key, inner]) => [key, shared(inner)]));
  return json;
}

/** How deep values are in each other; 0 for one that holds none. */
function depth(json: Json): number {
  if (!isArray(json) && !isObject(json)) return 0;
  const inner: readonly Json[] = isArray(json) ? json : Object.values(json);
  return inner.reduce<number>((most, one) => Math.max(most, depth(one)), 0) + 1;
}
