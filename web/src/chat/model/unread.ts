// What is unread in several streams together.

import { derived, type Readable } from "svelte/store";
import { levelOf } from "./levels.js";
import { nested } from "./nested.js";
import type { Site } from "./site.js";
import type { StreamModel } from "./stream.js";

/** What is unread, and how much of it is for the user. */
export interface Unread {
  readonly unread: number;
  readonly forMe: number;
}

/** Adds up what is unread in streams, as they change; of those that are `wanted`, where that is said. */
export function unreadIn(streams: Readable<readonly StreamModel[]>, wanted: (stream: StreamModel) => boolean = () => true): Readable<Unread> {
  return nested(streams, (all) => derived(all.map(({ counts }) => counts), (counts): Unread => {
    const sum = { unread: 0, forMe: 0 };
    counts.forEach((one, place) => {
      const stream = all[place] as StreamModel;
      if (one.unread + one.mentions === 0 || !wanted(stream)) return;
      sum.unread += one.unread;
      sum.forMe += stream.forMe(one);
    });
    return sum;
  }));
}

/** What is unread on the whole site, without what the user wants to be told nothing of. */
export function unreadOf(site: Site): Readable<Unread> {
  const streams = nested(derived([site.circles, site.conversations], (both) => both), ([circles, conversations]) =>
    derived(circles.map((circle) => circle.streams), (all) => [...all.flat(), ...conversations]));
  // What is chosen decides, so everything is counted anew when it changes.
  return nested(derived([streams, site.preferences.values], (both) => both), ([all, values]) =>
    unreadIn({ subscribe: (run) => (run(all), () => {}) }, ({ id, circle }) => levelOf(values, id, circle?.id, Date.now()) !== "nothing"));
}
