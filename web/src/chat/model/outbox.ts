// What was sent and is not on the server yet, kept by the browser: a page that was closed meanwhile
// sends it when it is opened again, under the same name, so that it happens once. All tabs share it: what
// one writes without a connection every other shows as well, and whichever is connected first sends it all.

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

/** What waits, of one user, for all tabs of the browser. */
export class Outbox {
  /** Under which name the browser keeps it. */
  readonly key: string;
  /** What this tab sends, which another may as well: the same name happens once. */
  readonly #held = new Map<protocol.OpId, Kept>();

  constructor(user: protocol.UserId, private readonly storage: Keep) {
    this.key = `kith.outbox.${user}`;
  }

  /** Everything that waits, the oldest first. */
  all(): readonly Kept[] {
    try {
      const kept: unknown = JSON.parse(this.storage.getItem(this.key) ?? "[]");
      return Array.isArray(kept) ? kept.filter(isKept) : [];
    } catch {
      return [];
    }
  }

  /** Keeps something that this tab sends until it is dropped, in the place where it was kept already. */
  keep(kept: Kept): void {
    this.#held.set(kept.op, kept);
    const all = this.all();
    const place = all.findIndex(({ op }) => op === kept.op);
    if (place < 0) this.#write([...all, kept]);
    else if (JSON.stringify(all[place]) !== JSON.stringify(kept)) this.#write(all.with(place, kept));
  }

  /** Whether this tab sends something. */
  holds(op: protocol.OpId): boolean {
    return this.#held.has(op);
  }

  /** What this tab would send, and another has sent or taken back: it is forgotten here as well. */
  takeGone(): readonly Kept[] {
    const there = new Set(this.all().map(({ op }) => op));
    const gone = [...this.#held.values()].filter(({ op }) => !there.has(op));
    for (const { op } of gone) this.#held.delete(op);
    return gone;
  }

  /** There is a connection: everything that this tab holds may be sent. */
  online(): void {
    const all = this.all();
    const is_new = ({ op, sent }: Kept) => sent !== true && this.#held.has(op);
    if (all.some(is_new)) this.#write(all.map((kept) => (is_new(kept) ? { ...kept, sent: true } : kept)));
  }

  /** Whether any tab may have sent it. */
  isSent(op: protocol.OpId): boolean {
    return this.all().some((kept) => kept.op === op && kept.sent === true);
  }

  /** It is on the server, or nobody wants it any longer. */
  drop(op: protocol.OpId): void {
    this.#held.delete(op);
    const all = this.all();
    const rest = all.filter((kept) => kept.op !== op);
    if (rest.length !== all.length) this.#write(rest);
  }

  #write(all: readonly Kept[]): void {
    if (all.length === 0) this.storage.removeItem(this.key);
    else this.storage.setItem(this.key, JSON.stringify(all));
  }
}

function isKept(one: unknown): one is Kept {
  if (typeof one !== "object" || one === null) return false;
  const { op, stream, draft } = one as Partial<Kept>;
  return typeof op === "string" && typeof stream === "string" && typeof draft?.text === "string";
}
