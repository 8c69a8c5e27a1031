// What was sent and is not on the server yet, kept by the browser: a page that was closed meanwhile
// sends it when it is opened again, under the same name, so that it happens once.

import type { Draft, protocol } from "@kith/client";
import type { FileKey } from "./uploads.js";

/** A message as it was written: its files may still be on their way. */
export interface Written extends Draft {
  readonly uploads?: readonly FileKey[];
}

/** Something that waits to be on the server. */
export interface Kept {
  readonly op: protocol.OpId;
  readonly stream: protocol.StreamId;
  readonly draft: Written;
  /** Whether it may have been sent: there was a connection since it was kept. */
  readonly sent?: boolean;
}

/** What of the browser's storage is used. */
export type Keep = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export class Outbox {
  readonly #key: string;

  constructor(user: protocol.UserId, private readonly storage: Keep) {
    this.#key = `kith.outbox.${user}`;
  }

  /** Everything that waits, the oldest first. */
  all(): readonly Kept[] {
    try {
      const kept: unknown = JSON.parse(this.storage.getItem(this.#key) ?? "[]");
      return Array.isArray(kept) ? kept.filter(isKept) : [];
    } catch {
      return [];
    }
  }

  /** Keeps something until it is dropped. */
  keep(kept: Kept): void {
    this.#write([...this.all().filter(({ op }) => op !== kept.op), kept]);
  }

  /** There is a connection: everything that waits may be sent. */
  online(): void {
    const all = this.all();
    if (all.some(({ sent }) => sent !== true)) this.#write(all.map((kept) => ({ ...kept, sent: true })));
  }

  /** It is on the server, or nobody wants it any longer. */
  drop(op: protocol.OpId): void {
    const all = this.all();
    const rest = all.filter((kept) => kept.op !== op);
    if (rest.length !== all.length) this.#write(rest);
  }

  #write(all: readonly Kept[]): void {
    if (all.length === 0) this.storage.removeItem(this.#key);
    else this.storage.setItem(this.#key, JSON.stringify(all));
  }
}

function isKept(one: unknown): one is Kept {
  if (typeof one !== "object" || one === null) return false;
  const { op, stream, draft } = one as Partial<Kept>;
  return typeof op === "string" && typeof stream === "string" && typeof draft?.text === "string";
}
