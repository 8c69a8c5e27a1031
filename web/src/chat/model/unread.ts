// What is unread in several streams together.

import type { protocol } from "@kith/client";
import { derived, get, type Readable } from "svelte/store";
import { levelOf } from "./levels.js";
import { isQuiet, type Muted } from "./muted.js";
import { nested } from "./nested.js";
import type { Site } from "./site.js";
import type { StreamModel } from "./stream.js";

/** What is unread, and how much of it is for the user. */
export interface Unread {
  readonly unread: number;
  readonly forMe: number;
}

/** What of a stream counts as unread: nothing where it is muted. */
export function countOf(muted: Muted, stream: StreamModel, counts = get(stream.counts)): Unread {
  return isQuiet(muted, stream) ? { unread: 0, forMe: 0 } : { unread: counts.unread, forMe: stream.forMe(counts) };
}

/** Adds up what is unread in those of some streams that are `wanted`, as it changes. */
function sumOf(all: readonly StreamModel[], wanted: (stream: StreamModel) => boolean): Readable<Unread> {
  return derived(all.map(({ counts }) => counts), (counts): Unread => {
    const sum = { unread: 0, forMe: 0 };
    counts.forEach((one, place) => {
      const stream = all[place] as StreamModel;
      if (one.unread + one.mentions === 0 || !wanted(stream)) return;
      sum.unread += one.unread;
      sum.forMe += stream.forMe(one);
    });
    return sum;
  });
}

type Listed = Pick<Site, "circles" | "conversations">;

/** All streams and conversations of the user. */
function streamsOf({ circles, conversations }: Listed): Readable<readonly StreamModel[]> {
  return nested(derived([circles, conversations], (both) => both), ([all, direct]) =>
    derived(all.map((circle) => circle.streams), (of) => [...of.flat(), ...direct]));
}

/** Those of them in which something is unread. */
export function unreadStreams(site: Listed): Readable<ReadonlySet<protocol.StreamId>> {
  return nested(streamsOf(site), (all) => derived(all.map(({ counts }) => counts), (counts) =>
    new Set(all.filter((_, place) => (counts[place]?.unread ?? 0) + (counts[place]?.mentions ?? 0) > 0).map(({ id }) => id))));
}

/** What is unread in streams, without those that are muted. */
export function unreadIn({ muted }: Pick<Site, "muted">, streams: Readable<readonly StreamModel[]>): Readable<Unread> {
  return nested(derived([streams, muted], (both) => both), ([all, quiet]) => sumOf(all, (stream) => !isQuiet(quiet, stream)));
}

/** What is unread on the whole site, without what the user wants to be told nothing of. */
export function unreadOf(site: Listed & Pick<Site, "preferences" | "muted">): Readable<Unread> {
  const { preferences, muted } = site;
  // What is chosen decides, so everything is counted anew when it changes, and when what is muted for a time is not any more.
  return nested(derived([streamsOf(site), preferences.values, muted], (all) => all), ([all, values]) =>
    sumOf(all, ({ id, circle }) => levelOf(values, id, circle?.id, Date.now()) !== "nothing"));
}
