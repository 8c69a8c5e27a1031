// How much the user wants to be told of: for a circle, for one of its streams, for a conversation. Pure.

import type { protocol } from "@kith/client";
import type { Value, Values } from "./preferences.js";

/** Of what one is told. */
export type Level = "all" | "mentions" | "nothing";
export const LEVELS: readonly Level[] = ["all", "mentions", "nothing"];

/** What was chosen for a circle or a stream. */
export interface Choice {
  /** Without one, as what is around it. */
  readonly level?: Level;
  readonly muted?: boolean;
  /** Muted until then. */
  readonly muted_until?: protocol.Timestamp;
}

/** Under which name the choice for something is kept. */
export const levelKey = (of: protocol.CircleId | protocol.StreamId): string => `notify:${of}`;

/** What was chosen for something; what is no choice is none. */
export function choiceOf(values: Values, of: protocol.CircleId | protocol.StreamId): Choice {
  const value: Value = values[levelKey(of)] ?? null;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const { level, muted, muted_until: until } = value as Readonly<Record<string, Value>>;
  const known = LEVELS.find((one) => one === level);
  return {
    ...(known === undefined ? {} : { level: known }),
    ...(muted === true ? { muted } : {}),
    ...(typeof until === "number" ? { muted_until: until } : {}),
  };
}

/** A choice as it is kept: `null` where everything is as it is without one. */
export function keptChoice({ level, muted = false, muted_until }: Choice): Value {
  const kept = {
    ...(level === undefined ? {} : { level }),
    ...(muted ? { muted } : {}),
    ...(muted_until === undefined ? {} : { muted_until }),
  };
  return Object.keys(kept).length === 0 ? null : kept;
}

/** Whether a choice mutes now. */
export function isMuted({ muted = false, muted_until = 0 }: Choice, now_ms: number): boolean {
  return muted || muted_until > now_ms;
}

/**
 * Of what one is told in a stream: what was chosen for it, else for its circle, else mentions in circles
 * and everything in conversations. Nothing while it, or its circle, is muted.
 */
export function levelOf(values: Values, stream: protocol.StreamId, circle: protocol.CircleId | undefined, now_ms: number): Level {
  const own = choiceOf(values, stream);
  const around = circle === undefined ? {} : choiceOf(values, circle);
  if (isMuted(own, now_ms) || isMuted(around, now_ms)) return "nothing";
  return own.level ?? around.level ?? usualLevel(circle !== undefined);
}

/** Of what one is told where nothing was chosen. */
export const usualLevel = (isInCircle: boolean): Level => (isInCircle ? "mentions" : "all");
