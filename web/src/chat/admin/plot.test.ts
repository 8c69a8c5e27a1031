import { expect, test } from "vitest";
import { line, roundUp } from "./plot.js";

const FIELD = { width: 100, height: 50, from_ms: 0, to_ms: 10, most: 5 };

test("a line goes from moment to moment, with gaps where nothing is known", () => {
  const spots = [{ at_ms: 0, value: 0 }, { at_ms: 5, value: 5 }, { at_ms: 6, value: undefined }, { at_ms: 10, value: 2.5 }];
  expect(line(spots, FIELD)).toBe("M0 50L50 0M100 25");
  expect(line([], FIELD)).toBe("");
});

test("what is above the top stays at it", () => {
  expect(line([{ at_ms: 5, value: 9 }], FIELD)).toBe("M50 0");
  expect(line([{ at_ms: 5, value: 1 }], { ...FIELD, to_ms: 0 })).toBe("M100 40");
});

test("the top is a round number", () => {
  expect([0, 0.3, 1, 1.2, 4, 7, 99].map(roundUp)).toEqual([1, 0.5, 1, 2, 5, 10, 100]);
});
