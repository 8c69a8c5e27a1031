// What happened, in words.

import { stringify, type Json, type protocol } from "@kith/client";

type Fact = protocol.Fact;
const SHORT = 60;

/** JSON on one line, not longer than a line is. */
export function short(value: Json | undefined, max = SHORT): string {
  const text = value === undefined ? "" : stringify(value);
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

/** JSON for a person to read and edit. */
export function pretty(value: Json): string {
  const text = stringify(value);
  // Numbers beyond 2^53 keep their digits: only where there are none is it read again.
  return /\d{16}/.test(text) ? text : JSON.stringify(JSON.parse(text), null, 2);
}

/** A value as one line of the tree shows it. */
export function glance(kind: protocol.Kind, held: unknown): string {
  switch (kind) {
    case "event":
      return "";
    case "text":
      return `${(held as { updates: readonly string[] }).updates.length} updates`;
    case "list": {
      const values = (held as readonly { value: Json }[]).slice(0, 20).map(({ value }) => value);
      return short(values);
    }
    default:
      return short(held as Json);
  }
}

function path(path: protocol.Path): string {
  return path.map((step) => (typeof step === "number" ? `[${step}]` : step)).join(" › ");
}

/** What a fact says. */
export function sayFact(fact: Fact): string {
  if ("set" in fact) return `set to ${short(fact.set.value)}, was ${short(fact.set.was)}`;
  if ("add" in fact) return fact.add.by < 0 ? `subtracted ${-fact.add.by}` : `added ${fact.add.by}`;
  if ("append" in fact) return `put ${short(fact.append.item)} in`;
  if ("exclude" in fact) return `took ${short(fact.exclude.item)} out`;
  if ("insert" in fact) return `inserted ${short(fact.insert.value)} at ${fact.insert.at}`;
  if ("remove" in fact) return `removed ${short(fact.remove.was)} from ${fact.remove.at}`;
  if ("move" in fact) return `moved an element from ${fact.move.from} to ${fact.move.to}`;
  if ("replace" in fact) return `replaced ${short(fact.replace.was)} by ${short(fact.replace.value)} at ${fact.replace.at}`;
  if ("put" in fact) {
    const was = fact.put.was === undefined ? "" : `, was ${short(fact.put.was)}`;
    return `put ${short(fact.put.value)} at ${path(fact.put.path) || "the top"}${was}`;
  }
  if ("drop" in fact) return `took ${path(fact.drop.path)} out, was ${short(fact.drop.was)}`;
  if ("rename" in fact) return `renamed ${path(fact.rename.path)} to ${fact.rename.key}`;
  if ("splice" in fact) return saySplice(fact.splice);
  if ("update" in fact) return count(fact.update.updates.length, "update") + " of Yjs";
  return `emitted ${short(fact.emit.args as Json)}`;
}

function saySplice({ at, delete: taken, insert }: protocol.Splice): string {
  const into = insert === "" ? "" : `${short(insert)} at ${at}`;
  if (taken === "") return `wrote ${into || "nothing"}`;
  return into === "" ? `deleted ${short(taken)} at ${at}` : `replaced ${short(taken)} by ${into}`;
}

/** What an event of a topic says. */
export function say(body: protocol.Body): string {
  switch (body.kind) {
    case "changed":
      return sayFact(body.fact);
    case "topic_created":
      return `made it: ${body.holds}, ${short(body.value) || "empty"}`;
    case "topic_changed":
      return `named it ${body.name}, with the rules ${short((body.rules ?? {}) as Json)}`;
    case "topic_narrowed":
      return `set what roles are denied: ${short(body.deny as Json)}`;
    case "topic_removed":
      return "removed it";
    default:
      return body.kind;
  }
}

/** Whether a fact is about an element of a list, or an entry of a map or of JSON. */
export function concerns(fact: Fact, part: string): boolean {
  if ("set" in fact) return true;
  for (const one of Object.values(fact) as { element?: string; path?: protocol.Path; key?: string }[]) {
    if (one.element === part || String(one.path?.[0]) === part || one.key === part) return true;
  }
  return false;
}

/** Something and how many of it. */
export function count(number: number, what: string): string {
  return `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
}

/** A time of day with its milliseconds. */
export function clock(at: number): string {
  const date = new Date(at);
  const two = (part: number) => String(part).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** A day and a time of day. */
export function moment(at: number): string {
  const date = new Date(at);
  const two = (part: number) => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(at).slice(0, 8)}`;
}

/** A span of time as briefly as it is still told apart. */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
