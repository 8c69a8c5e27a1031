import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isEmoji, plain, type Block, type Inline } from "./ast.js";
import { balanced, shown } from "./bidi.js";
import { mentioned } from "./mention.js";
import { address, parse, parseWhole } from "./parse.js";

/** A tree as text: `strong(…)`, `link<https://…>(…)`. */
function inline(nodes: readonly Inline[]): string {
  return nodes.map((node) => {
    switch (node.is) {
      case "text": return node.text;
      case "break": return "⏎";
      case "code": return `code(${node.text})`;
      case "link": return `link<${node.href}>(${inline(node.of)})`;
      case "mention":
      case "stream": return `${node.is}(${node.name})`;
      case "shortcode": return `shortcode(${node.code})`;
      default: return `${node.is}(${inline(node.of)})`;
    }
  }).join("");
}
function tree(blocks: readonly Block[]): string {
  return blocks.map((block) => {
    switch (block.is) {
      case "paragraph": return inline(block.of);
      case "heading": return `h${block.depth}(${inline(block.of)})`;
      case "quote": return `quote(${tree(block.of)})`;
      case "list": return `list${block.start ?? ""}(${block.items.map((item) => (item.done === undefined ? "" : item.done ? "[x]" : "[ ]") + tree(item.of)).join("; ")})`;
      case "code": return `code:${block.language}(${block.text})`;
      case "table": return `table${block.align.map((align) => align?.[0] ?? "-").join("")}(${[block.head, ...block.rows].map((row) => row.map(inline).join("|")).join("; ")})`;
      case "rule": return "---";
    }
  }).join(" / ");
}
const check = (text: string, wanted: string) => expect(tree(parse(text)), text).toBe(wanted);

test("what people write is what they get", () => {
  check("hi **bold** *it* ~~gone~~ `code`", "hi strong(bold) em(it) del(gone) code(code)");
  check("one\ntwo\n\nthree", "one⏎two / three");
  check("# Title\n### Small", "h1(Title) / h3(Small)");
  check("> quoted\n> **more**\n\nafter", "quote(quoted⏎strong(more)) / after");
  check("- one\n- two\n  - three", "list(one; two / list(three))");
  check("3. three\n4. four", "list3(three; four)");
  check("- [ ] open\n- [x] done", "list([ ]open; [x]done)");
  check("```rust\nlet a = 1;\n```", "code:rust(let a = 1;)");
  check("```\n<b>\n```", "code:(<b>)");
  check("|a|b|\n|:-|-:|\n|1|**2**|", "tablelr(a|b; 1|strong(2))");
  check("a\n\n---\n\nb", "a / --- / b");
  check("so ||it was *him*|| then", "so spoiler(it was em(him)) then");
  check("a || b", "a || b");
  check("||||", "||||");
});

test("what surprises in a chat is plain text", () => {
  check("title\n---", "title / ---");
  check("a\n\n    indented", "a /     indented");
  check("<b>x</b> &amp; <script>alert(1)</script>", "<b>x</b> &amp; <script>alert(1)</script>");
  check("<div>\n\nx\n</div>", "<div> / x⏎</div>");
  check("[a]: https://x.example\n\n[a]", "[a]: link<https://x.example/>(https://x.example) / [a]");
  check("~~~\n@x\n~~~", "~~~⏎mention(x)⏎~~~");
  check("snake_case_name 2*3*4", "snake_case_name 2em(3)4");
});

test("links go to the web or to mail, and nowhere else", () => {
  check("https://a.example/x?y=1. and www.b.example", "link<https://a.example/x?y=1>(https://a.example/x?y=1). and link<http://www.b.example/>(www.b.example)");
  check("<https://a.example> me@b.example", "link<https://a.example/>(https://a.example) link<mailto:me@b.example>(me@b.example)");
  check("[a *b*](https://a.example \"t\")", "link<https://a.example/>(a em(b))");
  check("![cat](https://a.example/cat.png)", "link<https://a.example/cat.png>(cat)");
  for (const bad of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "/relative", "//a.example", "blob:https://a.example/x", "java\tscript:alert(1)"]) {
    expect(address(bad), bad).toBeUndefined();
    expect(tree(parse(`[x](${bad})`)), bad).not.toContain("link<");
    expect(tree(parse(`[x](<${bad}>)`)), bad).not.toContain("link<");
  }
});

test("people, streams and shortcodes are marked where a word begins", () => {
  check("hi @Ana, see #tea: :tada:", "hi mention(Ana), see stream(tea): shortcode(tada)");
  check("a@b `@x` @", "a@b code(@x) @");
  check("**@ana** [@bob](https://x.example)", "strong(mention(ana)) link<https://x.example/>(@bob)");
  check("\\@ana", "mention(ana)");
  check("C# #1 a#b &#x", "C# stream(1) a#b &#x");
  check("10:30:45 at::b", "10:30:45 at::b");
  check("#Tee-Küche.", "stream(Tee-Küche).");
});

test("the server and the page agree on who is meant", () => {
  const cases = JSON.parse(readFileSync(new URL("../../../../tests/cases/mentions/names.json", import.meta.url), "utf8")) as { text: string; names: string[] }[];
  for (const { text, names } of cases) expect(mentioned(text), text).toEqual(names);
  expect(cases.length).toBeGreaterThan(10);
  const many = Array.from({ length: 60 }, (_, at) => `@p${at}`).join(" ");
  expect(mentioned(many)).toHaveLength(50);
  expect(tree(parse(many))).toContain("mention(p49) @p50");
});

test("a message on one line tells no spoilers", () => {
  expect(plain(parse("# Hi\n\n- **a** @bob\n- ||b||\n\n```\nx\n```"))).toBe("Hi a @bob ▒▒▒ x");
});

test("a few emoji alone are shown larger", () => {
  for (const yes of ["🎉", "🎉 🫖", "👩🏽‍🚀", ":tada:", ":tada: 🎉"]) expect(isEmoji(parse(yes)), yes).toBe(true);
  for (const no of ["hi 🎉", "1", "", "🎉".repeat(40), "**🎉**", ":a: b"]) expect(isEmoji(parse(no)), no).toBe(false);
});

test("what turns the direction of text ends where it began", () => {
  expect(balanced("a\u202eb")).toBe("a\u202eb\u202c");
  expect(balanced("\u2067a\u202bb")).toBe("\u2067a\u202bb\u202c\u2069");
  expect(balanced("\u202ca\u2069")).toBe("a");
  expect(balanced("plain \u05d0")).toBe("plain \u05d0");
  expect(shown("a\u202eb")).toEqual([{ text: "a", control: false }, { text: "U+202E", control: true }, { text: "b", control: false }]);
});

describe("hostile inputs", () => {
  const words = ["a", " ", "\n", "*", "**", "_", "~~", "`", "```", "||", "|", "[", "](", ")", "<", ">", "> ", "- ", "1. ", "# ", "|-|", "@a", "#b", ":c:", "https://a.b", "\\", "&", "\u202e", "🎉", "]("];

  test("no text makes it fail, and nothing of it is lost but marks", () => {
    fc.assert(fc.property(fc.array(fc.constantFrom(...words), { maxLength: 300 }), (parts) => {
      const text = parts.join("");
      const blocks = parse(text);
      const links = JSON.stringify(blocks).match(/"href":"[^"]*"/g) ?? [];
      for (const link of links) expect(link).toMatch(/^"href":"(https?:|mailto:)/);
      expect(depthOf(blocks)).toBeLessThan(40);
      const letters = (of: string) => of.replace(/[^a-z]/g, "").length;
      if (!text.includes("```")) expect(letters(tree(blocks))).toBeGreaterThanOrEqual(Math.min(1, letters(text.replace(/https:\/\/a\.b/g, ""))));
    }), { numRuns: 300 });
  }, 60_000);

  test("plain words are read without a lexer as they are with it", () => {
    const parts = ["a", "tea", "Tür", "茶", "🍵", " ", "  ", "\n", "\t", "\u00a0", "1", "12", ".", ",", "!", "?", "'", '"', "(", ")", "{", "}", "-", "+", "=", "%", "$", ";", ":", ":a", "^", "1. ", "2) ", "- ", "---", "===", "www.", "WWW.a.b", "http:", "mailto:", "kettle.example", ...words];
    for (const make of [fc.array(fc.constantFrom(...parts), { maxLength: 12 }).map((all) => all.join("")), fc.string({ unit: "grapheme", maxLength: 40 })]) {
      fc.assert(fc.property(make, (text) => void expect(parse(text)).toEqual(parseWhole(text))), { numRuns: 2000 });
    }
  });

  test("200 texts that are made to be slow are read", () => {
    const pairs = words.flatMap((one, at) => [one, one + (words[(at + 7) % words.length] ?? ""), one + (words[(at * 3 + 11) % words.length] ?? "") + "a", `${one} `]);
    const nested = ["> ", "- ", "  - ", "**a ", "*a **b ", "[a](", "![", "||a ", "~~", "1. > ", "`a``", "<a ", "a@b.", "www.", "https://a.b/(", "|a", "\\", "&#", "*_", "_*a"];
    const deep = nested.flatMap((one) => ["", "\n", "x", "]\n"].map((end) => one.repeat(Math.floor(7900 / one.length)) + end));
    const texts = [...pairs.map((one) => one.repeat(Math.floor(8000 / one.length))), ...deep];
    expect(texts.length).toBeGreaterThanOrEqual(200);
    const times: [number, string][] = [];
    for (const text of texts) {
      const begun = performance.now();
      const blocks = parse(text);
      const ms = performance.now() - begun;
      expect(depthOf(blocks)).toBeLessThan(40);
      times.push([ms, JSON.stringify(text.slice(0, 12))]);
    }
    const slowest = times.sort(([one], [two]) => two - one).slice(0, 8).map(([ms, text]) => `${text} ${ms.toFixed(0)} ms`);
    console.log(`${texts.length} hostile texts, the slowest: ${slowest.join(", ")}`);
  }, 60_000);
});

function depthOf(value: unknown): number {
  if (Array.isArray(value)) return Math.max(0, ...value.map(depthOf));
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
