// How the server does: what it counted, read again and again, as lines over time.

import type { protocol } from "@kith/client";
import { writable, type Readable, type Writable } from "svelte/store";

type Health = protocol.Health;

/** Pause between two readings. */
const PAUSE_MS = 2000;
/** Points that a line has at most: five minutes. */
const POINTS_MAX = 150;

/** What was so, or happened, until a moment. */
export interface Point {
  readonly at_ms: number;
  readonly events_per_second: number;
  readonly requests_per_second: number;
  readonly connections: number;
  readonly waiting_bytes: number;
  /** How long half of all commits took at most; `undefined` where there were none. */
  readonly commit_half_ms: number | undefined;
  /** How long all but the slowest hundredth took at most. */
  readonly commit_most_ms: number | undefined;
}

/** What happened between two readings; `undefined` where the second is of another run of the server. */
export function between(before: Health, now: Health): Point | undefined {
  const seconds = (now.now - before.now) / 1000;
  const counted = (...names: readonly string[]) => names.reduce((sum, name) => sum + (now.counters[name] ?? 0) - (before.counters[name] ?? 0), 0);
  const [events, requests] = [counted("kith_publishes_total"), counted("kith_ws_requests_total", "kith_http_requests_total")];
  if (seconds <= 0 || events < 0 || requests < 0) return undefined;
  const times = now.times["kith_commit_seconds"];
  const earlier = before.times["kith_commit_seconds"];
  const buckets = (times?.buckets ?? []).map((count, place) => count - (earlier?.buckets[place] ?? 0));
  const bounds = times?.bounds_us ?? [];
  const took = (share: number) => {
    const us = quantile(bounds, buckets, share);
    return us === undefined ? undefined : us / 1000;
  };
  return {
    at_ms: now.now,
    events_per_second: events / seconds,
    requests_per_second: requests / seconds,
    connections: now.gauges["kith_connections"] ?? 0,
    waiting_bytes: now.gauges["kith_queue_bytes"] ?? 0,
    commit_half_ms: took(0.5),
    commit_most_ms: took(0.99),
  };
}

/**
 * Below which value a share of all is, by counts between bounds: a bound, or within its bucket as far as
 * the share reaches into it. What is above all bounds counts as the last bound.
 */
export function quantile(bounds: readonly number[], counts: readonly number[], share: number): number | undefined {
  const all = counts.reduce((sum, count) => sum + count, 0);
  const last = bounds.at(-1);
  if (all <= 0 || last === undefined) return undefined;
  const wanted = all * share;
  let below = 0;
  for (const [place, bound] of bounds.entries()) {
    const count = counts[place] ?? 0;
    if (count > 0 && below + count >= wanted) {
      const from = bounds[place - 1] ?? 0;
      return from + ((bound - from) * (wanted - below)) / count;
    }
    below += count;
  }
  return last;
}

/** What is refused most, with how often since the server started. */
export function mostRefused(health: Health, limit: number): readonly (readonly [code: string, count: number])[] {
  return Object.entries(health.refusals).sort(([one, ones], [two, twos]) => twos - ones || one.localeCompare(two)).slice(0, limit);
}

/** Reads how the server does for as long as it runs. */
export class Vitals {
  /** The last reading. */
  readonly health: Readable<Health | undefined>;
  /** The oldest first. */
  readonly points: Readable<readonly Point[]>;
  /** Why the last reading failed. */
  readonly failed: Readable<unknown>;

  readonly #health: Writable<Health | undefined> = writable();
  readonly #points: Writable<readonly Point[]> = writable([]);
  readonly #failed: Writable<unknown> = writable();
  #before: Health | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(private readonly ask: () => Promise<Health>) {
    [this.health, this.points, this.failed] = [this.#health, this.#points, this.#failed];
  }

  /** Begins; `end` is to be called when nobody looks any more. */
  async run(): Promise<void> {
    await this.read();
    if (!this.#ended) this.#timer = setTimeout(() => void this.run(), PAUSE_MS);
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  /** Reads once. */
  async read(): Promise<void> {
    try {
      const now = await this.ask();
      const point = this.#before === undefined ? undefined : between(this.#before, now);
      this.#before = now;
      this.#health.set(now);
      this.#failed.set(undefined);
      if (point !== undefined) this.#points.update((points) => [...points, point].slice(-POINTS_MAX));
    } catch (error) {
      // What comes next is not of one piece with what was before.
      this.#before = undefined;
      this.#failed.set(error);
    }
  }
}
