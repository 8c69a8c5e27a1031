// The rows of a list of messages: days, what is new, and which messages belong together. Pure.

import type { Entry, protocol } from "@kith/client";
import type { Written } from "./outbox.js";

/** Messages of one author belong together for so long. */
const TOGETHER_MS = 5 * 60_000;

/** A row to show. Its key stays the same as long as it shows the same. */
export type Row =
  | { readonly kind: "day"; readonly key: string; readonly at_ms: number }
  /** What follows is unread. */
  | { readonly kind: "new"; readonly key: string }
  | { readonly kind: "message"; readonly key: string; readonly message: protocol.Message; readonly is_first: boolean }
  /** An own message that is not confirmed. */
  | { readonly kind: "own"; readonly key: string; readonly line: Own; readonly is_first: boolean };

export type Own = Exclude<Entry, { state: "confirmed" }> & { readonly draft: Written };

/** What the rows are made of. */
export interface Shown {
  readonly lines: readonly Entry[];
  /** Up to here it was read when one came; absent where nothing is to be marked. */
  readonly new_after: protocol.Seq | undefined;
  /** Who looks: own messages are never new. */
  readonly me: protocol.UserId;
}

/** Makes rows, and gives those again that did not change: what shows them has nothing to do then. */
export class Rows {
  #held = new Map<string, Row>();

  /** `dayOf` tells the day of a moment, where the user is. */
  constructor(private readonly dayOf: (at_ms: number) => number) {}

  make({ lines, new_after, me }: Shown): readonly Row[] {
    const rows: Row[] = [];
    let day: number | undefined;
    let before: protocol.Message | undefined;
    let marked = new_after === undefined;
    for (const line of lines) {
      if (line.state !== "confirmed") {
        rows.push({ kind: "own", key: `o${line.op}`, line, is_first: before?.author !== me || line.draft.reply_to !== undefined });
        continue;
      }
      const { message } = line;
      const today = this.dayOf(message.at);
      if (today !== day) rows.push({ kind: "day", key: `d${today}`, at_ms: message.at });
      const is_new = !marked && message.seq > (new_after ?? 0) && message.author !== me;
      if (is_new) rows.push({ kind: "new", key: "new" });
      marked ||= is_new;
      const is_first = is_new || today !== day || !belongs(message, before);
      rows.push({ kind: "message", key: `m${message.seq}`, message, is_first });
      day = today;
      before = message;
    }
    const kept = rows.map((row) => {
      const held = this.#held.get(row.key);
      return held !== undefined && isSame(held, row) ? held : row;
    });
    this.#held = new Map(kept.map((row) => [row.key, row]));
    return kept;
  }
}

function belongs(message: protocol.Message, before: protocol.Message | undefined): boolean {
  return before !== undefined && before.author === message.author && message.reply_to === undefined
    && message.at - before.at < TOGETHER_MS;
}

function isSame(one: Row, two: Row): boolean {
  if (one.kind === "message" && two.kind === "message") return one.message === two.message && one.is_first === two.is_first;
  if (one.kind === "own" && two.kind === "own") {
    return one.is_first === two.is_first && one.line.state === two.line.state && one.line.draft === two.line.draft;
  }
  return one.kind === two.kind;
}
