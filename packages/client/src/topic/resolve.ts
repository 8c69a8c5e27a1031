// From what is asked to what happens: on the present value, or not at all. The same rules as the
// server's `kith_core::topic::State::resolve`, which `tests/cases/topics` holds both to.

import { type KithError, refusal } from "../error.js";
import { float, int, isArray, isObject, type Json, sum } from "../json.js";
import type { Change, ElementId, Fact, Path, Seq } from "../protocol.js";
import { find, gap } from "./list.js";
import { get, STEPS_MAX } from "./path.js";
import { edit, inverse, isPlace, over, overSet, type Splice } from "./splice.js";
import { since, type State } from "./state.js";
import { elementOf, position, told, valueOf, type Element } from "./value.js";

/**
 * What `change` comes to now, as the event `seq`.
 *
 * Throws a `KithError`: the change is none of this kind of topic, or does not fit the value.
 */
export function resolve(state: State, seq: Seq, change: Change): Fact {
  const { value } = state;
  const { kind } = value;
  if (kind === "event") {
    if ("emit" in change) return { emit: { args: change.emit.args ?? {} } };
    throw refusal("topic.wrong_change", kind);
  }
  if (kind === "text") {
    // What is in updates is for the server to check.
    if ("update" in change) return { update: { updates: change.update.updates } };
    throw refusal("topic.wrong_change", kind);
  }
  if ("set" in change) {
    return { set: { value: told(valueOf(kind, change.set.value, seq)), was: told(value) } };
  }
  switch (kind) {
    case "int":
      if ("add" in change) return addInt(state, value.held, change.add.by);
      break;
    case "float":
      if ("add" in change) return addFloat(state, value.held, change.add.by);
      break;
    case "set":
      if ("append" in change) {
        if (position(value.held, change.append.item) >= 0) throw refusal("topic.item_there", kind);
        return { append: { item: change.append.item } };
      }
      if ("remove" in change && "item" in change.remove) {
        const at = position(value.held, change.remove.item);
        const item = value.held[at];
        if (item === undefined) throw refusal("topic.item_not_found", kind);
        return { exclude: { item, at } };
      }
      break;
    case "list":
      return inList(state, value.held, seq, change);
    case "map":
    case "json":
      return inJson(state, change);
    case "string":
      if ("splice" in change) return splice(state, value.held, seq, change.splice);
      break;
    case "bool":
      break;
  }
  throw refusal("topic.wrong_change", kind);
}

const wrong = (state: State): KithError => refusal("topic.wrong_change", state.value.kind);

function addInt(state: State, now: number | bigint, by: number | bigint): Fact {
  const more = int(by);
  if (more === undefined) throw wrong(state);
  if (sum(now, more) === undefined) throw refusal("topic.overflow", "int");
  return { add: { by: more } };
}

function addFloat(state: State, now: number, by: number | bigint): Fact {
  const more = float(by);
  if (more === undefined) throw wrong(state);
  if (!Number.isFinite(now + more)) throw refusal("topic.overflow", "float");
  return { add: { by, was: now } };
}

function inList(state: State, elements: readonly Element[], seq: Seq, change: Change): Fact {
  if ("insert" in change) {
    const { value, to, element = freeName(elements, seq) } = change.insert;
    const isGiven = change.insert.element?.startsWith("~") ?? false;
    if (isGiven || elements.some((one) => one.element === element)) {
      throw refusal("topic.element_taken", "list");
    }
    return { insert: { element, at: gap(elements, to), value } };
  }
  if ("remove" in change) {
    const at = find(elements, change.remove);
    const { element, value: was } = elements[at] as Element;
    return { remove: { element, at, was } };
  }
  if ("move" in change) {
    const from = find(elements, change.move.from);
    const to = gap(elements, change.move.to, from);
    return { move: { element: (elements[from] as Element).element, from, to } };
  }
  if ("replace" in change) {
    const { spot, value } = change.replace;
    const at = find(elements, spot);
    const { element, value: was } = elements[at] as Element;
    return { replace: { element, at, value, was } };
  }
  throw wrong(state);
}

/**
 * The name of an element that comes with the event `seq`. It is taken only in a list that was told
 * with the names that its elements have elsewhere.
 */
function freeName(elements: readonly Element[], seq: Seq): ElementId {
  const isTaken = (name: ElementId) => elements.some((one) => one.element === name);
  let name = elementOf(seq);
  for (let place = 0; isTaken(name); place++) name = elementOf(seq, place);
  return name;
}

function inJson(state: State, change: Change): Fact {
  const { kind } = state.value;
  if ("put" in change) {
    const { path, value } = change.put;
    const was = entry(state, path);
    return { put: was === undefined ? { path, value } : { path, value, was } };
  }
  if ("insert" in change) {
    const { value, to, element } = change.insert;
    if (to === undefined || !("path" in to) || element !== undefined) throw wrong(state);
    if (typeof to.path.at(-1) !== "number") throw refusal("topic.path_not_found", kind);
    entry(state, to.path);
    return { put: { path: to.path, value, between: true } };
  }
  if ("remove" in change && "path" in change.remove && change.remove.path.length > 0) {
    const { path } = change.remove;
    const was = entry(state, path);
    if (was === undefined) throw refusal("topic.path_not_found", kind);
    return { drop: { path, was } };
  }
  if ("rename" in change) {
    const { path, key } = change.rename;
    if (entry(state, path) === undefined) throw refusal("topic.path_not_found", kind);
    if (typeof path.at(-1) !== "string") throw refusal("topic.path_not_found", kind);
    if (entry(state, [...path.slice(0, -1), key]) !== undefined) throw refusal("topic.key_taken", kind);
    return { rename: { path, key } };
  }
  throw wrong(state);
}

/**
 * What is at a place of a map or of JSON; `undefined` where there is nothing and something may
 * come. Throws where nothing can be.
 */
function entry({ value }: State, path: Path): Json | undefined {
  const nowhere = () => refusal("topic.path_not_found", value.kind);
  if (path.length > STEPS_MAX || (value.kind !== "map" && value.kind !== "json")) throw nowhere();
  if (value.kind === "map" && typeof path[0] !== "string") throw nowhere();
  const last = path.at(-1);
  if (last === undefined) return value.held;
  const holder = get(value.held, path.slice(0, -1));
  if (holder !== undefined && isObject(holder) && typeof last === "string") {
    return Object.hasOwn(holder, last) ? holder[last] : undefined;
  }
  if (holder === undefined || !isArray(holder) || typeof last !== "number") throw nowhere();
  if (last > holder.length) throw refusal("topic.out_of_range", value.kind);
  return holder[last];
}

type Asked = { at: number; delete?: number; insert?: string; after?: Seq };

function splice(state: State, text: string, seq: Seq, asked: Asked): Fact {
  const { at, insert = "", after = seq - 1 } = asked;
  const stale = () => refusal("topic.stale", "string");
  if (after >= seq) throw stale();
  const happened = since(state, after);
  if (happened === undefined) throw stale();
  // What is taken out was counted on the text as it was then.
  const then = happened.length === 0 ? text : textAfter(state, text, after);
  if (then === undefined) throw stale();
  const until = at + (asked.delete ?? 0);
  if (!isPlace(then, at) || !isPlace(then, until)) throw refusal("topic.out_of_range", "string");
  let one: Splice = { at, delete: then.slice(at, until), insert };
  for (const earlier of happened) one = earlier.whole ? overSet(one) : over(one, earlier.splice);
  return { splice: brief(one) };
}

/** A splice as it is told: what is empty is left out. */
function brief(splice: Splice): { at: number; delete?: string; insert?: string } {
  return {
    at: splice.at,
    ...(splice.delete === "" ? {} : { delete: splice.delete }),
    ...(splice.insert === "" ? {} : { insert: splice.insert }),
  };
}

/** The text as it was after an event; `undefined` when that is not known. */
function textAfter(state: State, text: string, after: Seq): string | undefined {
  let then: string | undefined = text;
  for (const recent of [...(since(state, after) ?? [])].reverse()) {
    then = then === undefined ? undefined : edit(then, inverse(recent.splice));
  }
  return then;
}
