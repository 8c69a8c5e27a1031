// Looks whether somebody uses the page, tells how they are there, and learns how those are with whom they
// talk; loaded once the page is shown.

import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { isAway } from "./model/away.js";
import { OwnPresence } from "./model/presence.js";
import type { Site } from "./model/site.js";
import type { StreamModel } from "./model/stream.js";

/**
 * What people do. That something scrolled is none of it: what comes scrolls by itself, and wheels, fingers
 * and keys are told of.
 */
const USES = ["pointerdown", "keydown", "wheel", "touchmove", "input", "click", "focus"] as const;

/** The pause in which reasons are gathered to ask who is there. */
const GATHER_MS = 300;
/** Because of one who says something and is not there it is asked so often at most. */
const AGAIN_MS = 60_000;

/** Both, until what comes back is called. */
export function followPresence(site: Site): () => void {
  const stops = [tellPresence(site), learnPresence(site)];
  return () => stops.forEach((stop) => stop());
}

/** Learns how others are there: with every connection, and where somebody is talked with anew. */
export function learnPresence(site: Site): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const followed = new Map<StreamModel, () => void>();
  /** When it was asked because of somebody. */
  const heard_ms = new Map<protocol.UserId, number>();
  const isOnline = () => get(site.connection).state === "online";
  const ask = () => {
    if (!isOnline()) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      // Who is not known to be there is not shown so.
      site.learnPresent().catch(() => {});
    }, GATHER_MS);
  };
  /**
   * Somebody said something: from their first word on it may be told that they are there. Something was
   * deleted: with their last word it may be told no longer.
   */
  const heard = (stream: StreamModel, { by, body }: protocol.Event) => {
    if (body.kind === "deleted" && stream.others(site.me).some((user) => site.isThere(user))) return ask();
    if (body.kind !== "posted" || by === undefined || by === site.me || site.isThere(by)) return;
    const now = Date.now();
    if (now - (heard_ms.get(by) ?? 0) < AGAIN_MS) return;
    heard_ms.set(by, now);
    ask();
  };
  const stops = [
    site.connection.subscribe(() => {
      if (isOnline()) return ask();
      clearTimeout(timer);
      timer = undefined;
      site.forgetPresent();
    }),
    site.conversations.subscribe((all) => {
      for (const stream of all) {
        if (followed.has(stream)) continue;
        followed.set(stream, stream.feed.onEvent((event) => heard(stream, event)));
        ask();
      }
      const now = new Set(all);
      for (const [stream, stop] of followed) {
        if (now.has(stream)) continue;
        stop();
        followed.delete(stream);
      }
    }),
    // Of whoever is blocked no longer something may be told.
    site.blocked.subscribe(ask),
  ];
  return () => {
    clearTimeout(timer);
    [...stops, ...followed.values()].forEach((stop) => stop());
  };
}

/** Tells how the user is there, until what comes back is called. */
function tellPresence(site: Site): () => void {
  const own = new OwnPresence({
    storage: localStorage,
    key: `kith.used.${site.me}`,
    show: (status) => site.show(status),
    now: Date.now,
  }, performance.timeOrigin, get(site.status));
  const used = () => own.used();
  // Browsers tell of a pointer that rests where the page moved below it.
  const moved = ({ movementX, movementY }: PointerEvent) => {
    if (movementX !== 0 || movementY !== 0) own.used();
  };
  const kept = ({ key }: StorageEvent) => own.kept(key);
  const how = { capture: true, passive: true };
  for (const use of USES) addEventListener(use, used, how);
  addEventListener("pointermove", moved, how);
  addEventListener("storage", kept);
  const stop = site.preferences.values.subscribe((values) => own.choose(isAway(values)));
  return () => {
    stop();
    for (const use of USES) removeEventListener(use, used, how);
    removeEventListener("pointermove", moved, how);
    removeEventListener("storage", kept);
    own.end();
  };
}
