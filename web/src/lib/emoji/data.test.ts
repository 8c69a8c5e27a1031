import { expect, test } from "vitest";
import { lines } from "../../../scripts/emoji.mjs";
import { EmojiSet, GROUPS, toned, used } from "./data.js";

const set = new EmojiSet(lines("en"));
const names = (typed: string) => set.search(typed, 5).map((one) => one.emoji);

test("there are all of them, in their groups and in every language", () => {
  expect(set.all.length).toBeGreaterThan(1700);
  expect([...new Set(set.all.map((one) => one.group))]).toEqual([...GROUPS]);
  for (const one of set.all) expect([one.name, one.codes[0]], one.emoji).not.toContain(undefined), expect(one.name).not.toBe("");
  const german = new EmojiSet(lines("de"));
  expect(german.all.map((one) => one.emoji)).toEqual(set.all.map((one) => one.emoji));
  expect(german.search("hallo", 9).map((one) => one.emoji)).toContain("👋");
});

test("a shortcode is one emoji", () => {
  expect(set.ofCode("tada")?.emoji).toBe("🎉");
  expect(set.ofCode("+1")?.emoji).toBe("👍");
  expect(set.ofCode("hash")?.emoji).toBe("#️⃣");
  expect(set.ofCode("no_such")).toBeUndefined();
  const codes = set.all.flatMap((one) => one.codes);
  expect(new Set(codes).size / codes.length).toBeGreaterThan(0.99);
});

test("they are found by shortcode, name and words, the best first", () => {
  expect(names("tada")[0]).toBe("🎉");
  expect(names(":hear")[0]).toBeDefined();
  expect(names("thumbs up")[0]).toBe("👍");
  expect(names("party")).toContain("🎉");
  expect(names("xyzzy")).toEqual([]);
  expect(set.search("", 3)).toHaveLength(3);
});

test("a tone is that of the skin where there is one", () => {
  const wave = set.ofCode("wave");
  const party = set.ofCode("tada");
  if (wave === undefined || party === undefined) throw new Error("they are there");
  expect([0, 1, 5].map((tone) => toned(wave, tone))).toEqual(["👋", "👋🏻", "👋🏿"]);
  expect(toned(party, 3)).toBe("🎉");
  expect(set.of("👋🏿")).toBe(wave);
  expect(set.of("❤")).toBe(set.ofCode("heart"));
});

test("what was used is first, and once", () => {
  expect(used(["a", "b", "c"], "b", 3)).toEqual(["b", "a", "c"]);
  expect(used(["a", "b", "c"], "d", 3)).toEqual(["d", "a", "b"]);
});
