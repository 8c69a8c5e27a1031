import { expect, test } from "vitest";
import { asked } from "./complete.js";
import { format, newline, pasted, type Edit, type Format } from "./edit.js";

/** A text with its selection between `[` and `]`, or its caret at `|`. */
function place(marked: string): { text: string; start: number; end: number } {
  const text = marked.replace(/[⟦⟧¦]/g, "");
  const caret = marked.indexOf("¦");
  const start = caret === -1 ? marked.indexOf("⟦") : caret;
  return { text, start, end: caret === -1 ? marked.indexOf("⟧") - 1 : caret };
}
function after(text: string, edit: Edit | undefined): string {
  if (edit === undefined) return "nothing";
  const now = text.slice(0, edit.from) + edit.put + text.slice(edit.to);
  if (edit.start === edit.end) return `${now.slice(0, edit.start)}¦${now.slice(edit.start)}`;
  return `${now.slice(0, edit.start)}⟦${now.slice(edit.start, edit.end)}⟧${now.slice(edit.end)}`;
}
function check(how: Format, marked: string, wanted: string): void {
  const { text, start, end } = place(marked);
  expect(after(text, format(text, start, end, how)), marked).toBe(wanted);
}

test("what is selected gets a format, and loses it again", () => {
  check("bold", "a ⟦b⟧ c", "a **⟦b⟧** c");
  check("bold", "a **⟦b⟧** c", "a ⟦b⟧ c");
  check("bold", "a ⟦**b**⟧ c", "a ⟦b⟧ c");
  check("italic", "a ⟦b⟧", "a *⟦b⟧*");
  check("italic", "a **⟦b⟧**", "a ***⟦b⟧***");
  check("italic", "a ***⟦b⟧***", "a **⟦b⟧**");
  check("bold", "a ⟦ b ⟧c", "a  **⟦b⟧** c");
  check("bold", "a ¦", "a **¦**");
  check("strike", "⟦b⟧", "~~⟦b⟧~~");
  check("spoiler", "⟦b⟧", "||⟦b⟧||");
  check("code", "⟦b⟧", "`⟦b⟧`");
  check("code", "x⟦a\nb⟧", "x\n```\n⟦a\nb⟧\n```\n");
  check("link", "see ⟦this⟧", "see [this](⟦https://⟧)");
  check("link", "⟦https://a.example⟧", "[¦](https://a.example)");
  check("quote", "one\n⟦two\nthree⟧", "one\n⟦> two\n> three⟧");
  check("quote", "> t¦wo", "two¦");
  check("list", "¦", "- ¦");
});

function enter(marked: string, wanted: string): void {
  const { text, start } = place(marked);
  expect(after(text, newline(text, start)), marked).toBe(wanted);
}

test("lists and quotes go on, and end where nothing is in them", () => {
  enter("- one¦", "- one\n- ¦");
  enter("  * one¦", "  * one\n  * ¦");
  enter("9. nine¦", "9. nine\n10. ¦");
  enter("1) a¦ b", "1) a\n2) ¦ b");
  enter("- [x] done¦", "- [x] done\n- [ ] ¦");
  enter("> so¦", "> so\n> ¦");
  enter("- one\n- ¦", "- one\n¦");
  enter("plain¦", "nothing");
  enter("-x¦", "nothing");
  enter("```\n- one¦", "nothing");
});

test("an address that is pasted onto words makes a link of them", () => {
  const paste = (marked: string, what: string) => {
    const { text, start, end } = place(marked);
    return after(text, pasted(text, start, end, what));
  };
  expect(paste("see ⟦this⟧", "https://a.example ")).toBe("see [this](https://a.example)¦");
  for (const [marked, what] of [["a¦", "https://a.example"], ["⟦a⟧", "word"], ["⟦https://b⟧", "https://a.example"], ["⟦a\nb⟧", "https://a.example"]] as const) {
    expect(paste(marked, what), marked).toBe("nothing");
  }
});

test("what is typed behind a sign can be completed", () => {
  const at = (marked: string) => {
    const { text, start } = place(marked);
    const found = asked(text, start);
    return found === undefined ? "nothing" : `${found.sign}${found.typed} ${found.from}`;
  };
  expect(at("hi @an¦ there")).toBe("@an 3");
  expect(at("@¦")).toBe("@ 0");
  expect(at("(#te-a¦")).toBe("#te-a 1");
  expect(at("so :tad¦")).toBe(":tad 3");
  expect(at("/poll¦")).toBe("/poll 0");
  for (const no of ["a@b¦", "so :t¦", "10:30¦", "at 10:¦", "x /poll¦", "`@an¦", "```\n@an¦", "@an ¦", "::tad¦", "https://¦", "/poll now¦"]) expect(at(no), no).toBe("nothing");
  expect(at("`a` @an¦")).toBe("@an 4");
});
