import { words } from "@kith/client/private";
import { expect, test } from "vitest";
import { wordName } from "./words.js";

test("every word has a name of its own in German", () => {
  const names = words.map((word) => wordName(word, words, "de"));
  expect(new Set(names).size).toBe(64);
  expect([names[0], names[36], names[63]]).toEqual(["Hund", "Daumen hoch", "Stecknadel"]);
  expect(wordName(words[63] ?? ["", ""], words, "en")).toBe("pin");
});
