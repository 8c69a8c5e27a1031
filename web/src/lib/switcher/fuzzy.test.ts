import fc from "fast-check";
import { expect, test } from "vitest";
import { best, match, pieces } from "./fuzzy.js";

const order = (query: string, ...items: string[]) => best(query, items, (item) => item, 10).map(({ item }) => item);

test("letters fit in their order, together and at beginnings best", () => {
  expect(match("tea", "tea")?.at).toEqual([0, 1, 2]);
  expect(match("tm", "tea master")?.at).toEqual([0, 4]);
  expect(match("km", "KithMaker")?.at).toEqual([0, 4]);
  expect(match("ops", "dev-ops and opinions")?.at).toEqual([4, 5, 6]);
  expect(match("aet", "tea")).toBeUndefined();
  expect(match("lucja", "Ana Łucja")?.at).toBeUndefined();
  expect(match("kuche", "Tee-Küche")?.at).toEqual([4, 5, 6, 7, 8]);
  expect(match("", "anything")).toEqual({ score: 0, at: [] });
  expect(order("te", "later", "tea", "team tent", "the end")).toEqual(["tea", "team tent", "the end", "later"]);
  expect(order("tea", "steam", "tea", "tea and cake")).toEqual(["tea", "tea and cake", "steam"]);
});

test("what is used more comes first where it fits", () => {
  const items = [{ name: "tea", used: 0 }, { name: "team", used: 9 }];
  expect(best("te", items, (one) => one.name, 10, (one) => one.used)[0]?.item.name).toBe("team");
  expect(best("tea", items, (one) => one.name, 1)).toHaveLength(1);
});

test("a text is taken apart into what fits and what does not", () => {
  expect(pieces("tea master", [0, 4])).toEqual([{ text: "t", fits: true }, { text: "ea ", fits: false }, { text: "m", fits: true }, { text: "aster", fits: false }]);
});

test("whatever is typed, what fits is what was typed", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 30 }), fc.string({ unit: "grapheme", maxLength: 100 }), (query, text) => {
    const found = match(query, text);
    for (const place of found?.at ?? []) expect(place).toBeLessThan([...text].length);
    expect(found === undefined || found.at.every((place, index) => index === 0 || place > (found.at[index - 1] ?? -1))).toBe(true);
    expect(match(text, text) !== undefined || [...text].length > 40).toBe(true);
  }));
}, 60_000);
