// What is muted: it is neither told of nor counted, wherever what is unread is shown.

import type { protocol } from "@kith/client";
import { derived, type Readable } from "svelte/store";
import { choiceOf, isMuted, levelKey } from "./levels.js";
import type { Values } from "./preferences.js";

/** Circles, streams and conversations that are muted now. */
export type Muted = ReadonlySet<string>;

/** The longest that browsers wait. */
const WAIT_MAX_MS = 2 ** 31 - 1;
const KEY = levelKey("" as protocol.StreamId);

/** What is muted by what was chosen; what is so for a time is not any more when that is over. */
export function mutedBy(values: Readable<Values>, now: () => number = Date.now): Readable<Muted> {
  return derived(values, (chosen, set: (muted: Muted) => void) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = () => {
      const now_ms = now();
      const muted = new Set<string>();
      let next_ms = Infinity;
      for (const key of Object.keys(chosen)) {
        if (!key.startsWith(KEY)) continue;
        const id = key.slice(KEY.length) as protocol.StreamId;
        const choice = choiceOf(chosen, id);
        if (!isMuted(choice, now_ms)) continue;
        muted.add(id);
        if (choice.muted !== true) next_ms = Math.min(next_ms, choice.muted_until ?? Infinity);
      }
      set(muted);
      if (next_ms < Infinity) timer = setTimeout(tell, Math.min(next_ms - now_ms, WAIT_MAX_MS));
    };
    tell();
    return () => clearTimeout(timer);
  }, new Set<string>() as Muted);
}

/** Whether a stream is muted, by itself or with its circle. */
export function isQuiet(muted: Muted, { id, circle }: { readonly id: protocol.StreamId; readonly circle: { readonly id: protocol.CircleId } | undefined }): boolean {
  return muted.has(id) || (circle !== undefined && muted.has(circle.id));
}
