// The Markdown that people expect of a chat, on the lexer of `marked`: GFM with spoilers, and without
// what surprises where one only writes: HTML, indented code, underlined headings, definitions of
// links. Code is what the server takes for code, so that mentions agree. How deep anything goes is
// bounded.

import { Lexer, Marked, Tokenizer, type Token, type TokenizerExtension, type Tokens } from "marked";

/** How deep quotes, lists and emphasis go; what is deeper is plain text. */
const DEPTH_MAX = 10;
/**
 * How many characters are looked through for the ends of emphasis, links and spoilers, beginnings
 * without an end included; behind them everything is plain text.
 */
const WORK_MAX = 300_000;

const SPOILER: TokenizerExtension = {
  name: "spoiler",
  level: "inline",
  start(text) {
    if (!spoilers || work > WORK_MAX) return undefined;
    const at = text.indexOf("||");
    // To look for two letters is quicker than what the others do.
    work += (at === -1 ? text.length : at) / 8;
    return at === -1 ? undefined : at;
  },
  tokenizer(text) {
    const found = /^\|\|(?!\s*\|\|)([\s\S]+?)\|\|/.exec(text);
    if (found === null) return undefined;
    return deeper(() => ({ type: "spoiler", raw: found[0], tokens: this.lexer.inlineTokens(found[1] ?? "") }), text);
  },
};

let depth = 0;
let work = 0;
let spoilers = false;

/** What ends is looked for up to the end of the text: `text` is what may be looked through. */
function deeper<T>(read: () => T, text = ""): T | undefined {
  work += text.length;
  if (depth >= DEPTH_MAX || work > WORK_MAX) return undefined;
  depth += 1;
  try {
    return read();
  } finally {
    depth -= 1;
  }
}

class Dialect extends Tokenizer {
  override blockquote(text: string): Tokens.Blockquote | undefined {
    return deeper(() => super.blockquote(text));
  }
  override list(text: string): Tokens.List | undefined {
    return deeper(() => super.list(text));
  }
  override emStrong(text: string, masked: string, before?: string): Tokens.Em | Tokens.Strong | undefined {
    return /^[*_]/.test(text) ? deeper(() => super.emStrong(text, masked, before), text) : undefined;
  }
  override del(text: string, masked: string, before?: string): Tokens.Del | undefined {
    return text.startsWith("~") ? deeper(() => super.del(text, masked, before), text) : undefined;
  }
  override link(text: string): Tokens.Link | Tokens.Image | undefined {
    return /^!?\[/.test(text) ? deeper(() => super.link(text), text) : undefined;
  }
  override fences(text: string): Tokens.Code | undefined {
    return text.trimStart().startsWith("`") ? super.fences(text) : undefined;
  }
  override code(): undefined {}
  override html(): undefined {}
  override tag(): undefined {}
  override def(): undefined {}
  override reflink(): undefined {}
  override lheading(): undefined {}
}

const marked = new Marked({ gfm: true, breaks: true, tokenizer: new Dialect(), extensions: null }).use({ extensions: [SPOILER] });

/** The tokens of a text, as `marked` has them. */
export function tokens(text: string): Token[] {
  depth = 0;
  work = 0;
  spoilers = text.includes("||");
  return new Lexer({ ...marked.defaults, tokenizer: new Dialect() }).lex(text);
}
