import fc from "fast-check";
import { expect, test } from "vitest";
import { compareWords } from "./words.js";

const SIGNS = { same: "", gone: "-", come: "+" } as const;

function check(before: string, after: string, wanted: string): void {
  const said = compareWords(before, after).map(({ is, text }) => (is === "same" ? text : `[${SIGNS[is]}${text}]`)).join("");
  expect(said).toBe(wanted);
}

test("words that went and came are told, with what stays between them", () => {
  check("In a minut", "In a minute", "In a [-minut][+minute]");
  check("green tea", "green tea, please", "green tea[+, please]");
  check("one two three", "one three", "one [-two ]three");
  check("a b c", "c b a", "[-a][+c] b [-c][+a]");
  check("", "tea", "[+tea]");
  check("tea", "", "[-tea]");
  check("tea", "tea", "tea");
  check("ça va", "ça va?", "ça va[+?]");
});

test("what came and what stays is the new text, what went and what stays the old one", () => {
  const text = fc.array(fc.constantFrom("a", "b", " ", "\n", "-", "tea", "🍵"), { maxLength: 40 }).map((all) => all.join(""));
  fc.assert(fc.property(text, text, (before, after) => {
    const pieces = compareWords(before, after);
    const without = (is: string) => pieces.filter((piece) => piece.is !== is).map((piece) => piece.text).join("");
    expect(without("come")).toBe(before);
    expect(without("gone")).toBe(after);
  }));
});

test("very long texts that have nothing in common are told as a whole", () => {
  const [before, after] = ["a ".repeat(4000), "b ".repeat(4000)];
  expect(compareWords(before, after).map(({ is }) => is)).toEqual(["gone", "come", "same"]);
});
