import type { protocol } from "@kith/client";
import { expect, test } from "vitest";
import { concerns, glance, pretty, sayFact, short, span } from "./words.js";

const SAID: [protocol.Fact, string][] = [
  [{ set: { value: 2, was: 1 } }, "set to 2, was 1"],
  [{ add: { by: -3 } }, "subtracted 3"],
  [{ add: { by: 2n ** 60n } }, "added 1152921504606846976"],
  [{ append: { item: "a" } }, 'put "a" in'],
  [{ exclude: { at: 0, item: "a" } }, 'took "a" out'],
  [{ insert: { at: 1, element: "e", value: "a" } }, 'inserted "a" at 1'],
  [{ remove: { at: 1, element: "e", was: "a" } }, 'removed "a" from 1'],
  [{ move: { element: "e", from: 1, to: 0 } }, "moved an element from 1 to 0"],
  [{ replace: { at: 0, element: "e", value: 2, was: 1 } }, "replaced 1 by 2 at 0"],
  [{ put: { path: ["a", 0], value: 2 } }, "put 2 at a › [0]"],
  [{ drop: { path: ["a"], was: 2 } }, "took a out, was 2"],
  [{ rename: { path: ["a"], key: "b" } }, "renamed a to b"],
  [{ splice: { at: 0, delete: "a", insert: "b" } }, 'replaced "a" by "b" at 0'],
  [{ splice: { at: 3, delete: "", insert: "b" } }, 'wrote "b" at 3'],
  [{ splice: { at: 3, delete: "b", insert: "" } }, 'deleted "b" at 3'],
  [{ update: { updates: ["AAA="] } }, "1 update of Yjs"],
  [{ emit: { args: { who: "ana" } } }, 'emitted {"who":"ana"}'],
];

test("every fact has its words", () => {
  for (const [fact, words] of SAID) expect(sayFact(fact)).toBe(words);
});

test("a part of a value is known by its name, its key or its place", () => {
  const moved: protocol.Fact = { move: { element: "e", from: 1, to: 0 } };
  expect([concerns(moved, "e"), concerns(moved, "f")]).toEqual([true, false]);
  expect(concerns({ put: { path: ["ana", "role"], value: 1 } }, "ana")).toBe(true);
  expect(concerns({ rename: { path: ["ana"], key: "bob" } }, "bob")).toBe(true);
  expect(concerns({ set: { value: {}, was: {} } }, "anything")).toBe(true);
});

test("long values are cut, and long numbers keep their digits", () => {
  expect(short("a".repeat(100))).toHaveLength(60);
  expect(pretty({ a: 2n ** 63n - 1n })).toContain("9223372036854775807");
  expect(pretty({ a: [1] })).toBe('{\n  "a": [\n    1\n  ]\n}');
  expect(glance("list", [{ element: "e", value: 1 }])).toBe("[1]");
});

test("a span of time is told briefly", () => {
  expect([span(12.4), span(1500), span(61_000)]).toEqual(["12 ms", "1.5 s", "1 min 1 s"]);
});
