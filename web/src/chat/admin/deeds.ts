// The site's log: what administrators did, and what became of accounts, the newest first.

import type { Client, FeedUpdate, protocol } from "@kith/client";
import { writable, type Readable, type Writable } from "svelte/store";

/** What is asked of the server. */
export type Asked = Pick<Client, "follow">;

/** Events that are asked for at first, and again for more. */
const PART = 100;
/** Events that are held, at most. */
const HELD_MAX = 1000;

export class Deeds {
  /** Those that are known; `undefined` before any answer. */
  readonly all: Readable<readonly protocol.Event[] | undefined>;
  /** Whether there are earlier ones that could be asked for. */
  readonly more: Readable<boolean>;

  readonly #all: Writable<readonly protocol.Event[] | undefined> = writable();
  readonly #more = writable(false);
  #stop: (() => void) | undefined;
  #head = 0;
  #count = 0;

  /** `met` is told of users whose names are needed. */
  constructor(private readonly of: { readonly client: Asked }, private readonly met: (users: readonly protocol.UserId[]) => void) {
    [this.all, this.more] = [this.#all, this.#more];
  }

  /** Follows the log, until it is ended. */
  start(): void {
    // Where the end is, first: of a long log only what is newest is asked for.
    this.#stop = this.of.client.follow({ feed: "site" }, (update) => {
      if (update.kind !== "snapshot") return;
      this.#head = update.seq;
      queueMicrotask(() => this.earlier());
    });
  }

  /** Asks for more of what was before. */
  earlier(): void {
    if (this.#stop === undefined) return;
    this.#stop();
    this.#count = Math.min(this.#count + PART, HELD_MAX);
    const after = Math.max(this.#head - this.#count, 0);
    const told: protocol.Event[] = [];
    let isWhole = false;
    this.#stop = this.of.client.follow({ feed: "site", after, events_only: true }, (update: FeedUpdate) => {
      if (update.kind === "event") {
        told.unshift(update.event);
        this.#head = Math.max(this.#head, update.event.seq);
        this.met(usersOf(update.event));
        if (told.length > HELD_MAX) told.pop();
      } else if (update.kind === "caught_up") {
        isWhole = true;
      }
      if (!isWhole) return;
      this.#all.set([...told]);
      this.#more.set(after > 0 && this.#count < HELD_MAX);
    });
  }

  end(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}

/** Events by their days, which `dayOf` tells, in the order in which they come. */
export function byDay(events: readonly protocol.Event[], dayOf: (at_ms: number) => number): readonly { readonly day: number; readonly events: readonly protocol.Event[] }[] {
  const days: { day: number; events: protocol.Event[] }[] = [];
  for (const event of events) {
    const [day, last] = [dayOf(event.at), days.at(-1)];
    if (last?.day === day) last.events.push(event);
    else days.push({ day, events: [event] });
  }
  return days;
}

/** Whom an event names: who did it, and to whom. */
function usersOf({ by, body }: protocol.Event): protocol.UserId[] {
  return [...(by === undefined ? [] : [by]), ...("user" in body ? [body.user] : [])];
}
