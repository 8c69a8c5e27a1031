// What was begun to be written and not sent, kept by the browser for each place.

import type { protocol } from "@kith/client";
import type { Keep } from "./outbox.js";

export class Drafts {
  constructor(private readonly user: protocol.UserId, private readonly storage: Keep) {}

  /** Under which name the browser keeps it. */
  key(stream: protocol.StreamId, thread?: protocol.Seq): string {
    return `kith.draft.${this.user}.${stream}${thread === undefined ? "" : `.${thread}`}`;
  }

  /** What was begun in a stream, or one of its threads. */
  get(stream: protocol.StreamId, thread?: protocol.Seq): string {
    return this.storage.getItem(this.key(stream, thread)) ?? "";
  }

  /** Keeps it; nothing where it is empty. */
  set(text: string, stream: protocol.StreamId, thread?: protocol.Seq): void {
    if (text === "") this.storage.removeItem(this.key(stream, thread));
    else this.storage.setItem(this.key(stream, thread), text);
  }
}
