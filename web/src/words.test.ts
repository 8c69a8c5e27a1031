// No component has words of its own: what the pages say is in the files of messages, in every language.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse, type AST } from "svelte/compiler";
import { expect, test } from "vitest";

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** What shows the parts to developers, with texts to try them on. The server does not have it. */
const GALLERY = "gallery/";
/** What is in these is for programs and keyboards, and the same in every language. */
const VERBATIM = new Set(["code", "kbd", "pre"]);
/** What is read out, or shown beside what it is of. */
const SAID = new Set(["alt", "aria-description", "aria-label", "aria-placeholder", "aria-roledescription", "aria-valuetext", "label", "placeholder", "title"]);
/** What is called with selectors and queries, which look like words. */
const SELECTS = new Set(["closest", "matches", "matchMedia", "querySelector", "querySelectorAll"]);

/** The names that are the same everywhere: of keys, of what is dragged, of the program, and one of a service as an example. */
const NAMES = /\b(?:Kith|JSON|rules\/stock|Ctrl\+.*|Esc|Escape|Tab|Enter|Backspace|Home|End|Page(?:Up|Down)|Arrow(?:Up|Down|Left|Right)|ContextMenu|Files)(?!\w)/g;
/** Keys of messages. */
const KEY = /^[a-z]+\.[a-z_]+$/;
const LETTER = /\p{L}/u;
/** What looks like words, and not like a name for something in code. */
const LIKE_WORDS = /^\p{Lu}\p{Ll}|^[^[]*\p{L}[,;:.]?\s+\p{L}{2}/u;

type Expression = AST.ExpressionTag["expression"];

/** The texts that an expression may come to, as far as they are written in it. */
function outcomes(expression: Expression): string[] {
  switch (expression.type) {
    case "Literal":
      return typeof expression.value === "string" ? [expression.value] : [];
    case "TemplateLiteral":
      return expression.quasis.map(({ value }) => value.raw);
    case "ConditionalExpression":
      return [expression.consequent, expression.alternate].flatMap(outcomes);
    case "LogicalExpression":
      return [expression.left, expression.right].flatMap(outcomes);
    case "BinaryExpression":
      return expression.operator === "+" ? [expression.left as Expression, expression.right].flatMap(outcomes) : [];
    default:
      return [];
  }
}

/** The texts that an attribute may have, as far as they are written in it. */
function ofAttribute({ value }: AST.Attribute): string[] {
  if (value === true) return [];
  return [value].flat().flatMap((part) => (part.type === "Text" ? [part.data] : outcomes(part.expression)));
}

/** The texts of what is shown, and of what is read out of it. */
function ofMarkup(fragment: AST.Fragment): string[] {
  return fragment.nodes.flatMap((node) => {
    if (node.type === "Text") return [node.data];
    if (node.type === "ExpressionTag") return outcomes(node.expression);
    const attributes = "attributes" in node ? node.attributes.filter((one) => one.type === "Attribute") : [];
    const said = attributes.flatMap((one) => {
      if (SAID.has(one.name)) return ofAttribute(one);
      return node.type === "Component" ? ofAttribute(one).filter((text) => LIKE_WORDS.test(text)) : [];
    });
    if (node.type === "RegularElement" && VERBATIM.has(node.name)) return said;
    const inner = Object.values(node).filter((one): one is AST.Fragment => (one as { type?: string } | null)?.type === "Fragment");
    return [...said, ...inner.flatMap(ofMarkup)];
  });
}

/** The texts in a script that look like words. */
function ofScript(tree: unknown): string[] {
  if (typeof tree !== "object" || tree === null) return [];
  const node = tree as { type?: string; value?: unknown; callee?: { name?: string; property?: { name?: string } } };
  if (node.type === "ImportDeclaration") return [];
  if (node.type === "CallExpression" && SELECTS.has(node.callee?.property?.name ?? node.callee?.name ?? "")) return [];
  const text = node.type === "TemplateElement" ? (node.value as { raw: string }).raw : node.type === "Literal" ? node.value : undefined;
  if (typeof text === "string") return LIKE_WORDS.test(text) ? [text] : [];
  return Object.values(node).flatMap(ofScript);
}

/** The words that a component has of its own. */
function words(source: string): string[] {
  const { fragment, instance, module } = parse(source, { modern: true });
  const texts = [...ofMarkup(fragment), ...ofScript(instance?.content), ...ofScript(module?.content)];
  return texts.map((text) => text.trim()).filter((text) => LETTER.test(text.replace(NAMES, "")) && !KEY.test(text));
}

test("no component has words of its own", () => {
  const components = readdirSync(HERE, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".svelte") && !file.startsWith(GALLERY));
  expect(components.length).toBeGreaterThan(100);
  const found = components.flatMap((file) => words(readFileSync(HERE + file, "utf8")).map((text) => `${file}: ${text}`));
  expect(found).toEqual([]);
});

test("words are found wherever they are, and what only looks like them is not", () => {
  const bad = [
    "<p>Loading …</p>", "<p>{busy ? 'saving' : ''}</p>", "{#if x}{:else}no{/if}", "{#snippet s()}no{/snippet}", "<p>{`${n} items`}</p>", "<p>{x || 'nothing'}</p>",
    "<b title='no'></b>", "<input placeholder={a ? b : 'no'}>", "<b aria-label='{n} of {m}'></b>", "<A action='Set'/>", "<A label='no'/>", "<A>{#snippet s()}no{/snippet}</A>",
    "<script lang='ts'>const TABS = { one: 'Topics' };</script>", "<script>why = `it is ${x} no`</script>",
  ];
  for (const source of bad) expect(words(source), source).toHaveLength(1);
  const good = [
    "<p>{t('a.b')} · 1</p>", "<code>kith circle</code>", "<p class='two words'>{x === 'Some words' ? 1 : 2}</p>", "<A key='a.b' side='bottom' title='a.b'/>", "<title>{x} – Kith</title>",
    "<script lang='ts'>import A from './A B.js'; if (key === 'Enter') x.closest('li button');</script>", "<style>a { color: red }</style>", "<!-- Some words -->",
  ];
  for (const source of good) expect(words(source), source).toEqual([]);
});
