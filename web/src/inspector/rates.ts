// How many events there are in a second, from where feeds were when they were looked at.

import type { protocol } from "@kith/client";

/** Looks that are kept of a feed. */
export const SAMPLES_MAX = 60;

/** One look at a feed. */
export interface Sample {
  readonly followers: number;
  /** Events in a second since the look before. */
  readonly rate: number;
}

export class Rates {
  readonly #feeds = new Map<protocol.FeedId, { seq: number; at_ms: number; samples: readonly Sample[] }>();

  /** Takes what was told at a time of ours. */
  heard(told: readonly protocol.Traffic[], at_ms: number): void {
    for (const { feed, followers, seq } of told) {
      const before = this.#feeds.get(feed);
      // A life that begins anew has numbers of its own.
      const grown = before === undefined || seq < before.seq || at_ms <= before.at_ms ? 0 : seq - before.seq;
      const seconds = before === undefined ? 1 : Math.max(at_ms - before.at_ms, 1) / 1000;
      const samples = [...(before?.samples ?? []), { followers, rate: grown / seconds }].slice(-SAMPLES_MAX);
      this.#feeds.set(feed, { seq, at_ms, samples });
    }
  }

  of(feed: protocol.FeedId): readonly Sample[] {
    return this.#feeds.get(feed)?.samples ?? [];
  }
}

/** The points of a line through `values` in a box, its highest value at the top. */
export function line(values: readonly number[], width: number, height: number): string {
  const most = Math.max(...values, 1e-9);
  const step = width / (SAMPLES_MAX - 1);
  const from = SAMPLES_MAX - values.length;
  return values.map((value, place) => `${((from + place) * step).toFixed(1)},${(height - 1 - (value / most) * (height - 2)).toFixed(1)}`).join(" ");
}
