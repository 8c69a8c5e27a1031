// What is unread in several streams together.

import { derived, type Readable } from "svelte/store";
import type { StreamModel } from "./stream.js";

/** What is unread, and how much of it is for the user. */
export interface Unread {
  readonly unread: number;
  readonly forMe: number;
}

/** Adds up what is unread in streams, as they change. */
export function unreadIn(streams: Readable<readonly StreamModel[]>): Readable<Unread> {
  return {
    subscribe(run, invalidate) {
      let stop = () => {};
      const stopAll = streams.subscribe((all) => {
        stop();
        const sum = derived(all.map(({ counts }) => counts), (counts): Unread => ({
          unread: counts.reduce((sum, { unread }) => sum + unread, 0),
          forMe: counts.reduce((sum, one, place) => sum + (all[place] as StreamModel).forMe(one), 0),
        }));
        stop = sum.subscribe(run, invalidate);
      });
      return () => {
        stopAll();
        stop();
      };
    },
  };
}
