// What happened, in words.

import { stringify, type Json, type protocol } from "@kith/client";
import { decimal, t } from "../lib/i18n/inspector.js";

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
      return t("value.updates", { count: (held as { updates: readonly string[] }).updates.length });
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

/** What a fact says. Places are told as JSON has them. */
export function sayFact(fact: Fact): string {
  if ("set" in fact) return t("fact.set", { value: short(fact.set.value), was: short(fact.set.was) });
  if ("add" in fact) return fact.add.by < 0 ? t("fact.subtracted", { by: String(-fact.add.by) }) : t("fact.added", { by: String(fact.add.by) });
  if ("append" in fact) return t("fact.appended", { item: short(fact.append.item) });
  if ("exclude" in fact) return t("fact.excluded", { item: short(fact.exclude.item) });
  if ("insert" in fact) return t("fact.inserted", { value: short(fact.insert.value), at: String(fact.insert.at) });
  if ("remove" in fact) return t("fact.removed", { value: short(fact.remove.was), at: String(fact.remove.at) });
  if ("move" in fact) return t("fact.moved", { from: String(fact.move.from), to: String(fact.move.to) });
  if ("replace" in fact) return t("fact.replaced", { was: short(fact.replace.was), value: short(fact.replace.value), at: String(fact.replace.at) });
  if ("put" in fact) {
    const put = { value: short(fact.put.value), path: path(fact.put.path) || t("fact.top") };
    return fact.put.was === undefined ? t("fact.put", put) : t("fact.put_over", { ...put, was: short(fact.put.was) });
  }
  if ("drop" in fact) return t("fact.dropped", { path: path(fact.drop.path), was: short(fact.drop.was) });
  if ("rename" in fact) return t("fact.renamed", { path: path(fact.rename.path), key: fact.rename.key });
  if ("splice" in fact) return saySplice(fact.splice);
  if ("update" in fact) return t("fact.updated", { count: fact.update.updates.length });
  return t("fact.emitted", { args: short(fact.emit.args as Json) });
}

function saySplice({ at: place, delete: taken, insert }: protocol.Splice): string {
  const at = String(place);
  if (insert !== "" && taken !== "") return t("fact.replaced", { was: short(taken), value: short(insert), at });
  if (insert !== "") return t("fact.wrote", { text: short(insert), at });
  return taken === "" ? t("fact.wrote_nothing") : t("fact.deleted", { text: short(taken), at });
}

/** What an event of a topic says. */
export function say(body: protocol.Body): string {
  switch (body.kind) {
    case "changed":
      return sayFact(body.fact);
    case "topic_created":
      return t("fact.created", { kind: body.holds, value: short(body.value) || t("fact.empty") });
    case "topic_changed":
      return t("fact.changed", { name: body.name, rules: short((body.rules ?? {}) as Json) });
    case "topic_narrowed":
      return t("fact.narrowed", { deny: short(body.deny as Json) });
    case "topic_removed":
      return t("fact.gone");
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

/** A span of time as briefly as it is still told apart. */
export function span(ms: number): string {
  if (ms < 1000) return t("inspector.ms", { ms: Math.round(ms) });
  if (ms < 60_000) return t("inspector.seconds", { seconds: decimal(ms / 1000) });
  return t("inspector.minutes", { minutes: Math.floor(ms / 60_000), seconds: Math.round((ms % 60_000) / 1000) });
}
