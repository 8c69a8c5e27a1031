// The transactions that this page was told of, the newest first.

import type { protocol, Store } from "@kith/client";
import { get, writable } from "svelte/store";

/** What one operation did to topics that are followed. */
export interface Transaction {
  /** Told apart by it. */
  readonly id: number;
  readonly at: number;
  readonly by: protocol.UserId | undefined;
  readonly op: protocol.OpId | undefined;
  /** Milliseconds from the server's decision until this page had it, as well as clocks can be compared. */
  readonly delay_ms: number | undefined;
  readonly events: readonly protocol.Event[];
}

/** What of the timeline is shown. */
export interface Filter {
  /** Part of the name of a topic that it changed. */
  topic: string;
  /** Who did it; anybody where it is empty. */
  user: string;
}

/** Transactions that are kept; older ones are in the history of each topic. */
export const KEPT_MAX = 2000;

/** How far apart events of one transaction may come, when they are caught up with. */
const NEAR = 100;

/** Whether an event came of the same operation. One without a name is known by its moment. */
function isSame(one: Transaction, { op, by, at, feed, seq }: protocol.Event): boolean {
  if (one.by !== by || one.op !== op || (op === undefined && one.at !== at)) return false;
  return !one.events.some((event) => event.feed === feed && event.seq === seq);
}

export class Timeline implements Store<readonly Transaction[]> {
  /** The oldest first. */
  #items: Transaction[] = [];
  readonly #shown = writable<readonly Transaction[]>([]);
  #last = 0;
  #due = false;

  /** `later` runs what it is given soon: those who watch are told of many events at once. */
  constructor(private readonly later: (run: () => void) => void) {}

  get(): readonly Transaction[] {
    return get(this.#shown);
  }

  subscribe(run: (all: readonly Transaction[]) => void): () => void {
    return this.#shown.subscribe(run);
  }

  /** What happened in all of them, the oldest first. */
  events(): readonly protocol.Event[] {
    return this.#items.flatMap(({ events }) => events);
  }

  /** Takes an event in; those of one operation that come together are one transaction. Whether older ones were forgotten for it. */
  add(event: protocol.Event, delay_ms: number | undefined): boolean {
    let forgot = false;
    const first = Math.max(0, this.#items.length - NEAR);
    const place = this.#items.slice(first).findLastIndex((one) => isSame(one, event));
    const known = this.#items[first + place];
    if (place >= 0 && known !== undefined) {
      this.#items[first + place] = { ...known, events: [...known.events, event] };
    } else {
      this.#last += 1;
      const { at, by, op } = event;
      this.#items.push({ id: this.#last, at, by, op, delay_ms, events: [event] });
      forgot = this.#items.length > 2 * KEPT_MAX;
      if (forgot) this.#items.splice(0, KEPT_MAX);
    }
    this.#tell();
    return forgot;
  }

  /** Forgets what there is so far. */
  clear(): void {
    this.#items = [];
    this.#tell();
  }

  #tell(): void {
    if (this.#due) return;
    this.#due = true;
    this.later(() => {
      this.#due = false;
      this.#shown.set(this.#items.slice(-KEPT_MAX).reverse());
    });
  }
}

/** The transactions that fit a filter; `nameOf` tells the names of topics. */
export function filtered(
  all: readonly Transaction[],
  { topic, user }: Filter,
  nameOf: (feed: protocol.FeedId) => string,
): readonly Transaction[] {
  const part = topic.trim().toLowerCase();
  if (part === "" && user === "") return all;
  return all.filter(({ by, events }) =>
    (user === "" || by === user) && (part === "" || events.some(({ feed }) => nameOf(feed).toLowerCase().includes(part))));
}

/** How the server's clock differs from ours, from times that it told and how long asking took. */
export class Clock {
  #best: { took_ms: number; ahead_ms: number } | undefined;

  /** The answer `told` to a ping that left and came back at these times of ours. */
  heard(left_ms: number, back_ms: number, told: number): void {
    const took_ms = back_ms - left_ms;
    // The quicker it was, the less it can be wrong; an old one counts less with time.
    const now = { took_ms, ahead_ms: told - (left_ms + took_ms / 2) };
    if (this.#best === undefined || took_ms <= this.#best.took_ms) this.#best = now;
    else this.#best = { ...this.#best, took_ms: this.#best.took_ms * 1.1 };
  }

  /** Milliseconds since the server's `at`; absent before the first answer. Never below 0. */
  since(at: number, now_ms: number): number | undefined {
    return this.#best === undefined ? undefined : Math.max(0, now_ms + this.#best.ahead_ms - at);
  }
}
