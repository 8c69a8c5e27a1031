// The kinds of topics, the values they hold, and the JSON in which values are told.

import { refusal } from "../error.js";
import { float, int, isArray, isNumber, isObject, same, type Json, type JsonObject, type Numeric } from "../json.js";
import type { ElementId, Kind, Seq } from "../protocol.js";

/** One value of a list. */
export interface Element<T = Json> {
  /** Its name, for as long as it is in the list. */
  readonly element: ElementId;
  /** The value. */
  readonly value: T;
}

/** What a topic of each kind holds. */
export interface Held {
  bool: boolean;
  int: Numeric;
  float: number;
  string: string;
  /** A Yjs document: its updates in the format v1, as Base64. */
  text: { readonly updates: readonly string[] };
  set: readonly Json[];
  list: readonly Element[];
  map: JsonObject;
  json: Json;
  event: null;
}

/** The value of a topic, with its kind. Values are never changed: a change makes a new one. */
export type Value = { [K in Kind]: { readonly kind: K; readonly held: Held[K] } }[Kind];

/** What the name of an element looks like. */
const NAME = /^(?=.{1,40}$)~?[A-Za-z0-9._:-]+$/;

/** The name of the element that comes with the event `seq`, or of one of those that do. */
export function elementOf(seq: Seq, place?: number): ElementId {
  return place === undefined ? `~${seq}` : `~${seq}.${place}`;
}

/** The value of a topic that was made without one. */
export function empty(kind: Kind): Value {
  switch (kind) {
    case "bool":
      return { kind, held: false };
    case "int":
    case "float":
      return { kind, held: 0 };
    case "string":
      return { kind, held: "" };
    case "text":
      return { kind, held: { updates: [] } };
    case "set":
    case "list":
      return { kind, held: [] };
    case "map":
      return { kind, held: {} };
    case "json":
    case "event":
      return { kind, held: null };
  }
}

/**
 * The value that `json` stands for; elements of a list are named after the event `seq`, unless they
 * are told with their names: `{"elements": [{"element": …, "value": …}]}`.
 *
 * Throws `topic.wrong_kind` when it is none of this kind, and `topic.element_taken` when two
 * elements have the same name.
 */
export function valueOf(kind: Kind, json: Json, seq: Seq): Value {
  const value = tryValueOf(kind, json, seq);
  if (value === undefined) throw refusal("topic.wrong_kind", kind);
  return value;
}

function tryValueOf(kind: Kind, json: Json, seq: Seq): Value | undefined {
  switch (kind) {
    case "bool":
      return typeof json === "boolean" ? { kind, held: json } : undefined;
    case "int": {
      const held = isNumber(json) ? int(json) : undefined;
      return held === undefined ? undefined : { kind, held };
    }
    case "float": {
      const held = isNumber(json) ? float(json) : undefined;
      return held === undefined ? undefined : { kind, held };
    }
    case "string":
      return typeof json === "string" ? { kind, held: json } : undefined;
    case "text": {
      const updates = isObject(json) ? (json["updates"] ?? null) : null;
      if (!isArray(updates) || !updates.every((one) => typeof one === "string")) return undefined;
      return { kind, held: { updates } };
    }
    case "set":
      return isArray(json) ? { kind, held: distinct(json) } : undefined;
    case "list": {
      if (isObject(json)) return named(json["elements"]);
      if (!isArray(json)) return undefined;
      return { kind, held: json.map((value, place) => ({ element: elementOf(seq, place), value })) };
    }
    case "map":
      return isObject(json) ? { kind, held: json } : undefined;
    case "json":
      return { kind, held: json };
    case "event":
      return undefined;
  }
}

/** Reads what `told` wrote. Throws `topic.wrong_kind` when it is none of this kind. */
export function read(kind: Kind, json: Json): Value {
  if (kind === "event") return empty(kind);
  if (kind !== "list") return valueOf(kind, json, 0);
  const held = elementsOf(json);
  if (held === undefined) throw refusal("topic.wrong_kind", kind);
  return { kind, held };
}

/** Elements as they are told, with their names; `undefined` where it is something else. */
function elementsOf(json: Json | undefined): Element[] | undefined {
  if (json === undefined || !isArray(json)) return undefined;
  const all: Element[] = [];
  for (const one of json) {
    if (!isObject(one) || typeof one["element"] !== "string" || one["value"] === undefined) return undefined;
    all.push({ element: one["element"], value: one["value"] });
  }
  return all;
}

/** A list as somebody tells it who has it from elsewhere. */
function named(json: Json | undefined): Value | undefined {
  const held = elementsOf(json);
  if (held === undefined || !held.every((one) => NAME.test(one.element))) return undefined;
  if (new Set(held.map((one) => one.element)).size < held.length) throw refusal("topic.element_taken", "list");
  return { kind: "list", held };
}

/** The JSON of a value: that of a list names its elements, that of an event is null. */
export function told(value: Value): Json {
  if (value.kind !== "list") return value.held;
  return value.held.map(({ element, value }) => ({ element, value }));
}

/** The JSON of a value without the names of elements: what `valueOf` reads. */
export function plain(value: Value): Json {
  return value.kind === "list" ? value.held.map((one) => one.value) : value.held;
}

/** The items without those that are the same as an earlier one. */
function distinct(items: readonly Json[]): Json[] {
  const all: Json[] = [];
  for (const item of items) if (position(all, item) < 0) all.push(item);
  return all;
}

/** Where in `items` one is that is the same; -1 if there is none. */
export function position(items: readonly Json[], item: Json): number {
  return items.findIndex((other) => same(other, item));
}
