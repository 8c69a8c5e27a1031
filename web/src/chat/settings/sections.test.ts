import { expect, test } from "vitest";
import { find, type Section } from "./sections.js";

const SECTIONS: readonly Section[] = [
  { part: "account", title: "settings.account", icon: [], about: ["account.shown_as", "account.name"] },
  { part: "language", title: "language.label", icon: [], about: [] },
];
const SAID: Readonly<Record<string, string>> = { "settings.account": "Account", "language.label": "Language", "account.shown_as": "Your name", "account.name": "User name" };
const check = (word: string) => find(SECTIONS, word, (key) => SAID[key] ?? key).map(({ section, what }) => [section.part, ...what]);

test("all sections are there without a word", () => {
  expect(check("  ")).toEqual([["account"], ["language"]]);
});

test("a word is found in titles and in what is in them, in any case", () => {
  expect(check("USER")).toEqual([["account", "User name"]]);
  expect(check("name ")).toEqual([["account", "Your name", "User name"]]);
  expect(check("gua")).toEqual([["language"]]);
  expect(check("nothing of it")).toEqual([]);
});
