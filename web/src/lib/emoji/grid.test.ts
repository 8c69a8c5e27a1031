import { expect, test } from "vitest";
import type { Emoji } from "./data.js";
import { rows, step } from "./grid.js";

const some = (count: number): Emoji[] => Array.from({ length: count }, (_, at) => ({ emoji: `${at}`, name: "", codes: [], words: [], group: "food", skins: [] }));
const all = rows([{ group: "recent", emoji: some(3) }, { group: "food", emoji: some(20) }, { group: "flags", emoji: [] }]);

test("rows have a title for each group that has any", () => {
  expect(all.map((row) => (row.is === "title" ? row.group : row.from))).toEqual(["recent", 0, "food", 3, 12, 21]);
});

test("arrows go over the rows, and stop at the ends", () => {
  expect(step(all, 0, "ArrowRight", false)).toBe(1);
  expect(step(all, 0, "ArrowLeft", false)).toBeUndefined();
  expect(step(all, 1, "ArrowLeft", true)).toBe(2);
  expect(step(all, 2, "ArrowDown", false)).toBe(5);
  expect(step(all, 11, "ArrowUp", false)).toBe(2);
  expect(step(all, 20, "ArrowDown", false)).toBe(22);
  expect(step(all, 22, "ArrowDown", false)).toBeUndefined();
  expect(step(all, 22, "ArrowRight", false)).toBeUndefined();
  expect(step(all, 4, "End", false)).toBe(22);
  expect(step(all, 4, "Home", false)).toBe(0);
  expect(step(all, 0, "PageDown", false)).toBe(21);
  expect(step(all, 4, "x", false)).toBeUndefined();
});
