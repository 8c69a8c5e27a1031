// Whether somebody chose to be shown as away, on every device. Pure.

import type { Value, Values } from "./preferences.js";

/** The name under which it follows the user. */
export const PRESENCE = "page:presence";

/** How one is shown oneself. */
export type Own = "online" | "idle" | "away";

/** As it follows the user. */
export function keptPresence(away: boolean): Value {
  return away ? "away" : null;
}

/** Whether it is chosen. */
export function isAway(values: Values): boolean {
  return values[PRESENCE] === "away";
}
