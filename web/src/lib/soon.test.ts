import { expect, test, vi } from "vitest";
import { soon } from "./soon.js";

test("what changes often is asked for at once, and then now and then", () => {
  vi.useFakeTimers();
  let asked = 0;
  const asking = soon(async () => void (asked += 1), 100);
  for (let at = 0; at < 5; at += 1) asking.run();
  expect(asked).toBe(1);
  vi.advanceTimersByTime(100);
  expect(asked).toBe(2);
  vi.advanceTimersByTime(1000);
  expect(asked).toBe(2);
  asking.run();
  asking.run();
  asking.stop();
  vi.advanceTimersByTime(1000);
  // What is still being asked may wish to ask again.
  asking.run();
  expect(asked).toBe(3);
  vi.useRealTimers();
});
