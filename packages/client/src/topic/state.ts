// The present value of a topic, and how what happens changes it.

import { float, int, isArray, isObject, type Json, type JsonObject, sum } from "../json.js";
import type { Fact, Kind, Path, Seq } from "../protocol.js";
import { named } from "./list.js";
import { changed, put, withoutKey } from "./path.js";
import { edit, type Splice } from "./splice.js";
import { empty, position, read, told, type Element, type Value } from "./value.js";

/** How many edits of a string are kept to be reckoned over. */
const RECENT_MAX = 1000;
/** How many code units of them. */
const RECENT_UNITS = 256 * 1024;

/** What happened to a string. */
export interface Recent {
  readonly seq: Seq;
  readonly splice: Splice;
  /** The whole text was replaced. */
  readonly whole: boolean;
}

/** The value of a topic after an event. Never changed: `apply` makes a new one. */
export interface State {
  readonly value: Value;
  /** The event after which all is known that happened to a string. */
  readonly known: Seq;
  /** Of a string: all that happened after `known`, oldest first. */
  readonly recent: readonly Recent[];
}

/** The value after the event `seq`; what happened before is not known. */
export function begin(value: Value, seq: Seq): State {
  return { value, known: seq, recent: [] };
}

/** A state as a snapshot tells it; an empty one where that is no value of the kind. */
export function ofSnapshot(kind: Kind, json: Json, seq: Seq): State {
  return begin(readable(kind, json) ?? empty(kind), seq);
}

function readable(kind: Kind, json: Json): Value | undefined {
  try {
    return read(kind, json);
  } catch {
    return undefined;
  }
}

/** What happened to a string after `seq`; `undefined` when that is not known. */
export function since(state: State, seq: Seq): readonly Recent[] | undefined {
  return seq >= state.known ? state.recent.filter((one) => one.seq > seq) : undefined;
}

/** The state after the event `seq`. What does not fit the value changes nothing. */
export function apply(state: State, seq: Seq, fact: Fact): State {
  const value = fold(state.value, fact);
  return value.kind === "string" ? remember({ ...state, value }, seq, fact) : { ...state, value };
}

function remember(state: State, seq: Seq, fact: Fact): State {
  const text = (json: Json) => (typeof json === "string" ? json : "");
  let one: Recent;
  if ("splice" in fact) {
    one = { seq, splice: whole(fact.splice), whole: false };
  } else if ("set" in fact) {
    one = { seq, splice: { at: 0, delete: text(fact.set.was), insert: text(fact.set.value) }, whole: true };
  } else {
    return state;
  }
  const recent = [...state.recent, one];
  let units = recent.reduce((sum, { splice }) => sum + unitsOf(splice), 0);
  let { known } = state;
  while (recent.length > RECENT_MAX || units > RECENT_UNITS) {
    const oldest = recent.shift();
    if (oldest === undefined) break;
    units -= unitsOf(oldest.splice);
    known = oldest.seq;
  }
  return { ...state, known, recent };
}

const unitsOf = (splice: Splice) => splice.delete.length + splice.insert.length;

/** A splice as it is told, with what it leaves out. */
export function whole(splice: { at: number; delete?: string; insert?: string }): Splice {
  return { at: splice.at, delete: splice.delete ?? "", insert: splice.insert ?? "" };
}

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

function fold(value: Value, fact: Fact): Value {
  if ("set" in fact) {
    // The value that is there says which kind it is.
    return readable(value.kind, fact.set.value) ?? value;
  }
  switch (value.kind) {
    case "int": {
      if (!("add" in fact)) return value;
      const by = int(fact.add.by) ?? 0;
      return { ...value, held: sum(value.held, by) ?? (by < 0 ? LEAST : MOST) };
    }
    case "float":
      return "add" in fact ? { ...value, held: value.held + (float(fact.add.by) ?? 0) } : value;
    case "string":
      return "splice" in fact ? { ...value, held: edit(value.held, whole(fact.splice)) ?? value.held } : value;
    case "text":
      return "update" in fact ? { ...value, held: { updates: [...value.held.updates, ...fact.update.updates] } } : value;
    case "set":
      return { ...value, held: inSet(value.held, fact) };
    case "list":
      return { ...value, held: inList(value.held, fact) };
    case "map":
      return { ...value, held: inMap(value.held, fact) };
    case "json":
      return { ...value, held: inJson(value.held, fact, pathOf(fact)) };
    case "bool":
    case "event":
      return value;
  }
}

function inSet(items: readonly Json[], fact: Fact): readonly Json[] {
  if ("append" in fact) {
    const { item, at = items.length } = fact.append;
    return [...items.slice(0, at), item, ...items.slice(at)];
  }
  const gone = "exclude" in fact ? position(items, fact.exclude.item) : -1;
  return gone < 0 ? items : items.filter((_, at) => at !== gone);
}

function inserted<T>(items: readonly T[], at: number, item: T): T[] {
  return [...items.slice(0, at), item, ...items.slice(at)];
}

function inList(elements: readonly Element[], fact: Fact): readonly Element[] {
  if ("insert" in fact) {
    const { element, at, value } = fact.insert;
    return inserted(elements, at, { element, value });
  }
  if ("remove" in fact) {
    const gone = named(elements, fact.remove.element, fact.remove.at);
    return gone < 0 ? elements : elements.filter((_, at) => at !== gone);
  }
  if ("move" in fact) {
    const from = named(elements, fact.move.element, fact.move.from);
    const moved = elements[from];
    if (moved === undefined) return elements;
    return inserted(elements.filter((_, at) => at !== from), fact.move.to, moved);
  }
  if ("replace" in fact) {
    const { element, at: about, value } = fact.replace;
    const place = named(elements, element, about);
    return elements.map((one, at) => (at === place ? { element, value } : one));
  }
  return elements;
}

/** Where in a map or in JSON something happened. */
function pathOf(fact: Fact): Path | undefined {
  if ("put" in fact) return fact.put.path;
  if ("drop" in fact) return fact.drop.path;
  return "rename" in fact ? fact.rename.path : undefined;
}

function inMap(entries: JsonObject, fact: Fact): JsonObject {
  const path = pathOf(fact);
  const [key, ...inner] = path ?? [];
  if (typeof key !== "string") return entries;
  if (inner.length === 0) return inHolder(entries, key, fact) as JsonObject | undefined ?? entries;
  const there = Object.hasOwn(entries, key) ? entries[key] : undefined;
  return there === undefined ? entries : { ...entries, [key]: inJson(there, fact, inner) };
}

function inJson(json: Json, fact: Fact, path: Path | undefined): Json {
  if (path === undefined) return json;
  const last = path.at(-1);
  // The outermost value is put as a whole.
  if (last === undefined) return "put" in fact ? fact.put.value : json;
  return changed(json, path.slice(0, -1), (holder) => inHolder(holder, last, fact)) ?? json;
}

/** What happened right inside an object or an array. */
function inHolder(holder: Json, last: Path[number], fact: Fact): Json | undefined {
  if (isObject(holder) && typeof last === "string") {
    if ("put" in fact) return { ...holder, [last]: fact.put.value };
    if (!Object.hasOwn(holder, last)) return undefined;
    if ("drop" in fact) return withoutKey(holder, last);
    if (!("rename" in fact)) return undefined;
    return { ...withoutKey(holder, last), [fact.rename.key]: holder[last] as Json };
  }
  if (!isArray(holder) || typeof last !== "number") return undefined;
  if ("put" in fact) {
    const replaces = fact.put.between !== true && last < holder.length;
    return replaces ? put(holder, last, fact.put.value) : inserted(holder, last, fact.put.value);
  }
  return "drop" in fact && last < holder.length ? holder.filter((_, at) => at !== last) : undefined;
}

/** The JSON of a state's value, with the names of elements. */
export function toldState(state: State): Json {
  return told(state.value);
}
