// What was sent and is not on the server yet, kept by the browser: a page that was closed meanwhile
// sends it when it is opened again, under the same name, so that it happens once. All tabs share it: what
// one writes without a connection every other shows as well, and whichever is connected first sends it all.
// Each message is kept apart: tabs that change what waits at the same time take nothing from each other.

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

/** As it is kept. */
interface Placed extends Kept {
  /** What waits is in the order of these. */
  readonly place: number;
}

/** What waits, of one user, for all tabs of the browser. */
export class Outbox {
  readonly #prefix: string;
  /** What this tab sends, which another may as well: the same name happens once. */
  readonly #held = new Map<protocol.OpId, Placed>();
  /** What the browser has no room for: as long as this page is open it is sent nevertheless. */
  readonly #unkept = new Set<protocol.OpId>();

  constructor(user: protocol.UserId, private readonly storage: Keep) {
    this.#prefix = `kith.outbox.${user}.`;
  }

  /** Everything that waits, the oldest first. */
  all(): readonly Kept[] {
    return this.#all();
  }

  /** What is kept under a name of the browser's storage, where that is one of these. */
  opOf(key: string | null): protocol.OpId | undefined {
    return key?.startsWith(this.#prefix) === true ? key.slice(this.#prefix.length) : undefined;
  }

  /** Keeps something that this tab sends until it is dropped, in the place where it was kept already. */
  keep(kept: Kept): void {
    const place = this.#get(kept.op)?.place ?? (this.#all().at(-1)?.place ?? 0) + 1;
    this.#write({ ...kept, place });
  }

  /** Whether something waits. */
  has(op: protocol.OpId): boolean {
    return this.#get(op) !== undefined;
  }

  /** Whether this tab sends something. */
  holds(op: protocol.OpId): boolean {
    return this.#held.has(op);
  }

  /**
   * There is a connection: everything that this tab holds may be sent. What the browser has no longer is
   * kept again: nobody said that it is sent, or taken back.
   */
  online(): void {
    for (const kept of this.#held.values()) this.#write({ ...kept, sent: true });
  }

  /**
   * What this tab holds and the browser does not have any longer: another tab sent it, or took it back.
   * Where the browser has nothing at all, nobody did.
   */
  taken(): readonly protocol.OpId[] {
    if (Object.keys(this.storage).length === 0) return [];
    return [...this.#held.keys()].filter((op) => !this.#unkept.has(op) && this.#read(op) === undefined);
  }

  /** Whether any tab may have sent it. */
  isSent(op: protocol.OpId): boolean {
    return this.#get(op)?.sent === true;
  }

  /** It is on the server, or nobody wants it any longer; what this tab held of it. */
  drop(op: protocol.OpId): Kept | undefined {
    const held = this.#held.get(op);
    this.#held.delete(op);
    this.#unkept.delete(op);
    this.storage.removeItem(this.#prefix + op);
    return held;
  }

  #all(): readonly Placed[] {
    return Object.keys(this.storage)
      .flatMap((key) => this.#read(this.opOf(key)) ?? [])
      .toSorted((one, two) => one.place - two.place);
  }

  /** As it is kept, or where the browser does not, as it is held. */
  #get(op: protocol.OpId): Placed | undefined {
    return this.#read(op) ?? this.#held.get(op);
  }

  #read(op: protocol.OpId | undefined): Placed | undefined {
    if (op === undefined) return undefined;
    try {
      const kept: unknown = JSON.parse(this.storage.getItem(this.#prefix + op) ?? "null");
      return isPlaced(kept) && kept.op === op ? kept : undefined;
    } catch {
      return undefined;
    }
  }

  #write(kept: Placed): void {
    this.#held.set(kept.op, kept);
    try {
      this.storage.setItem(this.#prefix + kept.op, JSON.stringify(kept));
      this.#unkept.delete(kept.op);
    } catch {
      this.#unkept.add(kept.op);
    }
  }
}

function isPlaced(one: unknown): one is Placed {
  if (typeof one !== "object" || one === null) return false;
  const { op, stream, draft, place } = one as Partial<Placed>;
  return typeof op === "string" && typeof stream === "string" && typeof draft?.text === "string" && typeof place === "number";
}
