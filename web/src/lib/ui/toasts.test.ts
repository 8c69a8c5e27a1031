import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { dismiss, hold, toast, toasts } from "./toasts.svelte.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  for (const { id } of toasts()) dismiss(id);
  vi.useRealTimers();
});

const shown = () => toasts().map(({ text }) => text);

test("a notice goes away by itself, later where it can be acted on, and never where something would be lost", () => {
  toast("said");
  toast("bad", { kind: "bad" });
  toast("written", { closed: () => {}, action: { label: "Copy", run: () => {} } });
  vi.advanceTimersByTime(6000);
  expect(shown()).toEqual(["bad", "written"]);
  hold(true);
  vi.advanceTimersByTime(60_000);
  expect(shown()).toEqual(["bad", "written"]);
  hold(false);
  vi.advanceTimersByTime(60_000);
  expect(shown()).toEqual(["written"]);
});

test("of too many the oldest go, those that stay last, and nobody put them away", () => {
  const closed = vi.fn();
  for (const n of [1, 2]) toast(`written ${n}`, { closed });
  for (const n of [1, 2, 3]) toast(`said ${n}`);
  expect(shown()).toEqual(["written 1", "written 2", "said 2", "said 3"]);
  for (const n of [3, 4, 5]) toast(`written ${n}`, { closed });
  expect(shown()).toEqual(["written 2", "written 3", "written 4", "written 5"]);
  expect(closed).not.toHaveBeenCalled();
});
