// Looks whether somebody uses the page, and tells how they are there; loaded once the page is shown.

import { get } from "svelte/store";
import { isAway } from "./model/away.js";
import { OwnPresence } from "./model/presence.js";
import type { Site } from "./model/site.js";

/**
 * What people do. That something scrolled is none of it: what comes scrolls by itself, and wheels, fingers
 * and keys are told of.
 */
const USES = ["pointerdown", "keydown", "wheel", "touchmove", "input", "click", "focus"] as const;

/** Tells how the user is there, until what comes back is called. */
export function followPresence(site: Site): () => void {
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
