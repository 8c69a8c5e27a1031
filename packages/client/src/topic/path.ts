// Places inside JSON.

import { isArray, isObject, type Json } from "../json.js";
import type { Path, Step } from "../protocol.js";

/** The most steps of a path. */
export const STEPS_MAX = 64;

/** What is at a place after one step; `undefined` where there is nothing. */
function after(json: Json, step: Step): Json | undefined {
  if (typeof step === "string") {
    return isObject(json) && Object.hasOwn(json, step) ? json[step] : undefined;
  }
  return isArray(json) ? json[step] : undefined;
}

/** What is there after `steps`; `undefined` where there is nothing. */
export function get(json: Json, steps: readonly Step[]): Json | undefined {
  let at: Json | undefined = json;
  for (const step of steps) {
    at = after(at, step);
    if (at === undefined) return undefined;
  }
  return at;
}

/**
 * The same JSON with what `change` makes of the value after `steps`; all that is not on the way is
 * shared with the original. `undefined` where there is nothing, or where `change` says so.
 */
export function changed(
  json: Json,
  steps: Path,
  change: (inner: Json) => Json | undefined,
): Json | undefined {
  const [step, ...rest] = steps;
  if (step === undefined) return change(json);
  const there = after(json, step);
  if (there === undefined) return undefined;
  const to = changed(there, rest, change);
  return to === undefined ? undefined : put(json, step, to);
}

/** The same JSON with another value after one step, where an entry or item is. */
export function put(json: Json, step: Step, value: Json): Json | undefined {
  if (typeof step === "string") return isObject(json) ? { ...json, [step]: value } : undefined;
  if (!isArray(json) || step >= json.length) return undefined;
  return json.map((item, at) => (at === step ? value : item));
}

/** An object without one of its entries. */
export function withoutKey(json: { readonly [key: string]: Json }, key: string): { [key: string]: Json } {
  return Object.fromEntries(Object.entries(json).filter(([name]) => name !== key));
}
