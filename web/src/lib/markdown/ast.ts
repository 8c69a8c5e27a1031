// A message as a tree, which components show node by node: there is never any HTML.

export type Block =
  | { readonly is: "paragraph"; readonly of: readonly Inline[] }
  | { readonly is: "heading"; readonly depth: number; readonly of: readonly Inline[] }
  | { readonly is: "quote"; readonly of: readonly Block[] }
  | { readonly is: "list"; readonly start: number | undefined; readonly items: readonly Item[] }
  | { readonly is: "code"; readonly language: string; readonly text: string }
  | { readonly is: "table"; readonly align: readonly Align[]; readonly head: readonly Cell[]; readonly rows: readonly (readonly Cell[])[] }
  | { readonly is: "rule" };

export interface Item {
  /** For tasks: whether it is done. */
  readonly done: boolean | undefined;
  readonly of: readonly Block[];
}
export type Cell = readonly Inline[];
export type Align = "left" | "center" | "right" | null;

export type Inline =
  | { readonly is: "text"; readonly text: string }
  | { readonly is: "strong" | "em" | "del" | "spoiler"; readonly of: readonly Inline[] }
  | { readonly is: "code"; readonly text: string }
  | { readonly is: "link"; readonly href: string; readonly of: readonly Inline[] }
  /** Somebody, or some who have a role: the name as it was written. */
  | { readonly is: "mention"; readonly name: string }
  | { readonly is: "stream"; readonly name: string }
  /** A `:shortcode:`. */
  | { readonly is: "shortcode"; readonly code: string }
  | { readonly is: "break" };

/** What stands for the words of a spoiler. */
export const COVERED = "▒▒▒";

/** The words of a message on one line, for previews and notifications; spoilers stay hidden. */
export function plain(blocks: readonly Block[]): string {
  return blocks.map(plainBlock).join(" ").replace(/\s+/g, " ").trim();
}

function plainBlock(block: Block): string {
  switch (block.is) {
    case "paragraph":
    case "heading":
      return plainInline(block.of);
    case "quote":
      return plain(block.of);
    case "list":
      return block.items.map((item) => plain(item.of)).join(" ");
    case "code":
      return block.text;
    case "table":
      return [block.head, ...block.rows].flat().map(plainInline).join(" ");
    case "rule":
      return "";
  }
}

function plainInline(nodes: readonly Inline[]): string {
  return nodes.map((node) => {
    switch (node.is) {
      case "text":
      case "code":
        return node.text;
      case "spoiler":
        return COVERED;
      case "mention":
        return `@${node.name}`;
      case "stream":
        return `#${node.name}`;
      case "shortcode":
        return `:${node.code}:`;
      case "break":
        return " ";
      default:
        return plainInline(node.of);
    }
  }).join("");
}

/** Emoji have nothing else in them, and to look for that is much quicker. */
const MAYBE = /^[\s\d#*\u00a9\u00ae\u200d\u203c-\u3299\ufe0f\u{1f000}-\u{1faff}\u{e0020}-\u{e007f}]*$/u;
const EMOJI = new RegExp("^(?:\\p{RGI_Emoji}|\\s)+$", "v");
const EMOJI_MAX = 27;

/** Whether a message is nothing but a few emoji, which are shown larger. */
export function isEmoji(blocks: readonly Block[]): boolean {
  const [block] = blocks;
  if (blocks.length !== 1 || block?.is !== "paragraph") return false;
  const words = block.of.filter((node) => node.is !== "shortcode");
  const text = words.map((node) => (node.is === "text" ? node.text : "x")).join("");
  if (!MAYBE.test(text)) return false;
  const codes = block.of.length - words.length;
  if (codes + [...new Intl.Segmenter().segment(text)].length > EMOJI_MAX) return false;
  return text.trim() === "" ? codes > 0 : EMOJI.test(text);
}
