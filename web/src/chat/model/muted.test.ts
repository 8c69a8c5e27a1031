import { writable } from "svelte/store";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isQuiet, mutedBy, type Muted } from "./muted.js";
import type { Values } from "./preferences.js";

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

function watch(values: Values) {
  const chosen = writable(values);
  const told: string[][] = [];
  const stop = mutedBy(chosen).subscribe((muted: Muted) => told.push([...muted]));
  return { chosen, told, stop };
}

test("what is muted is told, and what has only a level is not", () => {
  const { told, chosen } = watch({ "notify:s_tea": { muted: true }, "notify:s_ops": { level: "nothing" }, look: { muted: true } });
  chosen.set({});
  expect(told).toEqual([["s_tea"], []]);
});

test("what is muted for a time is not any more when that is over, however long it is", () => {
  const DAY = 24 * 3600 * 1000;
  const { told, stop } = watch({ "notify:s_tea": { muted_until: 1000 }, "notify:s_ops": { muted_until: 30 * DAY }, "notify:c_tea": { muted: true } });
  vi.advanceTimersByTime(999);
  expect(told).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(told.at(-1)).toEqual(["s_ops", "c_tea"]);
  vi.advanceTimersByTime(30 * DAY);
  expect(told.at(-1)).toEqual(["c_tea"]);
  stop();
  expect(vi.getTimerCount()).toBe(0);
});

test("a stream is quiet with its circle", () => {
  const check = (...ids: string[]) => isQuiet(new Set(ids), { id: "s_ops", circle: { id: "c_tea" } });
  expect([check(), check("s_tea"), check("s_ops"), check("c_tea")]).toEqual([false, false, true, true]);
  expect(isQuiet(new Set(["c_tea"]), { id: "s_ops", circle: undefined })).toBe(false);
});
