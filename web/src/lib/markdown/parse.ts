// From the text of a message to its tree, within bounds of size, of depth and of nodes. Pure.

import type { Token, Tokens } from "marked";
import type { Block, Cell, Inline, Item } from "./ast.js";
import { tokens } from "./dialect.js";
import { isInWord, mentioned, nameAt } from "./mention.js";

/** Longer texts, which no message is, are shown as they are. */
const CHARS_MAX = 16_000;
/** What is beyond so many nodes is plain text. */
const NODES_MAX = 3000;
const PROTOCOLS = ["https:", "http:", "mailto:"];

/** One line with nothing in it, nor at its beginning, that could mean anything. */
const PLAIN = /^(?![\s+=-]|\d+[.)])[^\\`*_~[\]<>#@|&/\u0000-\u001f\u007f-\u00a0\u2028\u2029]+(?<!\s)$/;

/** The tree of a text. Never fails: what cannot be read is a paragraph as it was written. */
export function parse(text: string): Block[] {
  return isPlain(text) ? [{ is: "paragraph", of: [{ is: "text", text }] }] : parseWhole(text);
}

/** Whether a text is surely nothing but words, as most messages are. */
function isPlain(text: string): boolean {
  return text.length <= CHARS_MAX && PLAIN.test(text) && text.indexOf(":") === text.lastIndexOf(":") && !/www\./i.test(text);
}

/** The same, whatever the text is. */
export function parseWhole(text: string): Block[] {
  if (text.length > CHARS_MAX) return [{ is: "paragraph", of: [{ is: "text", text }] }];
  try {
    return new Reader(text).blocks(tokens(text));
  } catch {
    return [{ is: "paragraph", of: [{ is: "text", text }] }];
  }
}

/** An address that may be a link: absolute, and of the web or of mail. */
export function address(href: string): string | undefined {
  const url = URL.canParse(href) ? new URL(href) : undefined;
  return url !== undefined && PROTOCOLS.includes(url.protocol) ? url.href : undefined;
}

class Reader {
  #nodes = 0;
  readonly #meant: ReadonlySet<string>;

  constructor(text: string) {
    this.#meant = new Set(mentioned(text));
  }

  blocks(all: readonly Token[]): Block[] {
    return all.flatMap((token) => this.#block(token) ?? []);
  }

  #block(token: Token): Block | undefined {
    this.#nodes += 1;
    if (this.#nodes > NODES_MAX) return { is: "paragraph", of: [{ is: "text", text: token.raw }] };
    switch (token.type) {
      case "space":
      case "checkbox":
        return undefined;
      case "heading":
        return { is: "heading", depth: (token as Tokens.Heading).depth, of: this.#inlines(token.tokens) };
      case "blockquote":
        return { is: "quote", of: this.blocks(token.tokens ?? []) };
      case "list":
        return this.#list(token as Tokens.List);
      case "code": {
        const { lang, text } = token as Tokens.Code;
        return { is: "code", language: /^[\w+#.-]{1,24}/.exec(lang ?? "")?.[0].toLowerCase() ?? "", text };
      }
      case "table":
        return this.#table(token as Tokens.Table);
      case "hr":
        return { is: "rule" };
      default:
        return { is: "paragraph", of: "tokens" in token && token.tokens !== undefined ? this.#inlines(token.tokens) : this.#words(token.raw) };
    }
  }

  #list({ ordered, start, items }: Tokens.List): Block {
    const read = (item: Tokens.ListItem): Item => ({ done: item.task ? item.checked === true : undefined, of: this.blocks(item.tokens) });
    return { is: "list", start: ordered ? Number(start) : undefined, items: items.map(read) };
  }

  #table({ align, header, rows }: Tokens.Table): Block {
    const cell = (one: Tokens.TableCell): Cell => ((this.#nodes += 1), this.#inlines(one.tokens));
    return { is: "table", align, head: header.map(cell), rows: rows.map((row) => row.map(cell)) };
  }

  #inlines(all: readonly Token[] = [], inLink = false): Inline[] {
    const found: Inline[] = [];
    const add = (node: Inline) => {
      const last = found[found.length - 1];
      if (node.is === "text" && last?.is === "text") found[found.length - 1] = { is: "text", text: last.text + node.text };
      else found.push(node);
    };
    let words = "";
    const flush = () => {
      for (const node of inLink ? [{ is: "text", text: words } as const] : this.#words(words)) add(node);
      words = "";
    };
    for (const token of all) {
      this.#nodes += 1;
      const over = this.#nodes > NODES_MAX;
      if (over || (token.type === "text" && token.tokens === undefined)) {
        words += over ? token.raw : (token as Tokens.Text).text;
        continue;
      }
      // An `@` behind a backslash begins a word of its own, as the server has it.
      flush();
      if (token.type === "escape") words = (token as Tokens.Escape).text;
      else for (const node of this.#inline(token, inLink)) add(node);
    }
    flush();
    return found.filter((node) => node.is !== "text" || node.text !== "");
  }

  #inline(token: Token, inLink: boolean): Inline[] {
    const within = () => this.#inlines("tokens" in token ? token.tokens : [], inLink);
    switch (token.type) {
      case "strong":
      case "em":
      case "del":
      case "spoiler":
        return [{ is: token.type, of: within() }];
      case "codespan":
        return [{ is: "code", text: (token as Tokens.Codespan).text }];
      case "br":
        return [{ is: "break" }];
      case "text":
        return within();
      case "link":
      case "image": {
        const { href, text } = token as Tokens.Link;
        const safe = inLink ? undefined : address(href);
        if (safe === undefined) return [{ is: "text", text: token.raw }];
        const of = token.type === "image" ? [] : this.#inlines(token.tokens, true);
        return [{ is: "link", href: safe, of: of.length > 0 ? of : [{ is: "text", text: text === "" ? safe : text }] }];
      }
      default:
        return [{ is: "text", text: token.raw }];
    }
  }

  /** Words, with those who are meant, streams and shortcodes. */
  #words(text: string): Inline[] {
    const found: Inline[] = [];
    let done = 0;
    const mark = (at: number, end: number, node: Inline) => {
      if (at > done) found.push({ is: "text", text: text.slice(done, at) });
      found.push(node);
      done = end;
      this.#nodes += 1;
    };
    const SIGN = /@|#([\p{L}\p{N}][\p{L}\p{N}._-]{0,79})|:([a-z0-9_+-]{1,40}):/giu;
    for (const { 0: all, 1: stream, 2: code, index: at } of text.matchAll(SIGN)) {
      if (at < done || isInWord(text, at)) continue;
      if (all === "@") {
        const name = nameAt(text, at + 1);
        if (this.#meant.has(name.toLowerCase())) mark(at, at + 1 + name.length, { is: "mention", name });
      } else if (stream !== undefined) {
        const name = stream.replace(/[._-]+$/, "");
        if (text[at - 1] !== "&") mark(at, at + 1 + name.length, { is: "stream", name });
      } else if (code !== undefined) {
        mark(at, at + all.length, { is: "shortcode", code: code.toLowerCase() });
      }
    }
    if (done < text.length) found.push({ is: "text", text: text.slice(done) });
    return found;
  }
}

/** Trees of the texts that were shown last: rows come and go, and their trees are made once. */
const KEPT_MAX = 500;
const kept = new Map<string, readonly Block[]>();

/** The tree of a text, made once for as long as it is among the last that were asked for. */
export function parseOnce(text: string): readonly Block[] {
  const known = kept.get(text);
  if (known !== undefined) kept.delete(text);
  const tree = known ?? parse(text);
  kept.set(text, tree);
  if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value ?? "");
  return tree;
}
