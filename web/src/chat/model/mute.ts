// For how long something can be muted. Pure.

import type { Choice } from "./levels.js";

const HOUR = 3_600_000;

/** What can be chosen: not, for a time, or until it is chosen otherwise. */
export const MUTES = ["not", "hour", "work", "day", "week", "ever"] as const;
export type Mute = (typeof MUTES)[number];

const LASTS_MS: Readonly<Record<Mute, number | undefined>> = { not: undefined, hour: HOUR, work: 8 * HOUR, day: 24 * HOUR, week: 7 * 24 * HOUR, ever: undefined };

/** What is chosen now: `until` a moment, where it is muted for a time. */
export function muteOf({ muted = false, muted_until: until = 0 }: Choice, now_ms: number): Mute | "until" {
  if (muted) return "ever";
  return until > now_ms ? "until" : "not";
}

/** A choice that is muted like this from now on. */
export function withMute({ level }: Choice, mute: Mute, now_ms: number): Choice {
  const lasts = LASTS_MS[mute];
  return {
    ...(level === undefined ? {} : { level }),
    ...(mute === "ever" ? { muted: true } : {}),
    ...(lasts === undefined ? {} : { muted_until: now_ms + lasts }),
  };
}
