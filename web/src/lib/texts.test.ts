import fc from "fast-check";
import { expect, test } from "vitest";
import { edit, merged, moved } from "./texts.js";

test("an edit is the part that differs, between whole characters", () => {
  expect(edit("same", "same")).toBeUndefined();
  for (const [from, to, told] of [
    ["the tea", "the green tea", { at: 4, delete: 0, insert: "green " }],
    ["aaa", "aa", { at: 2, delete: 1, insert: "" }],
    ["", "new", { at: 0, delete: 0, insert: "new" }],
    ["a😀b", "a😁b", { at: 1, delete: 2, insert: "😁" }],
    ["x😀", "x", { at: 1, delete: 2, insert: "" }],
  ] as const) {
    const found = edit(from, to);
    expect(found).toEqual(told);
    if (found !== undefined) expect(from.slice(0, found.at) + found.insert + from.slice(found.at + found.delete)).toBe(to);
  }
});

test.each([
  ["tea", "tea", "green tea", "green tea"],
  ["tea", "teas", "tea", "teas"],
  ["tea and milk", "black tea and milk", "tea and cold milk", "black tea and cold milk"],
  ["tea and milk", "tea and milk!", "teas and milk", "teas and milk!"],
  ["tea", "coffee", "cocoa", "cococoffeea"],
])("of %j one makes %j, another %j, together %j", (base, mine, theirs, both) => {
  expect(merged(base, mine, theirs)).toBe(both);
});

test("whoever changes nothing has what the other made", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (base, other) => {
    expect([merged(base, base, other), merged(base, other, base)]).toEqual([other, other]);
  }));
});

test("a caret stays with the letters that it was behind", () => {
  expect([moved(3, "tea", "green tea"), moved(0, "tea", "teas"), moved(3, "tea", "t"), moved(2, "tea", "coffee")]).toEqual([9, 0, 1, 6]);
});
