// What keys do to a text in Markdown. Pure: each tells what to put where, so that the browser's own
// undo takes it back.

/** To replace what is from `from` to `to` by `put`, and to select from `start` to `end` then. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly put: string;
  readonly start: number;
  readonly end: number;
}

export type Format = "bold" | "italic" | "strike" | "code" | "spoiler" | "link" | "quote" | "list";

const AROUND: Readonly<Partial<Record<Format, string>>> = { bold: "**", italic: "*", strike: "~~", spoiler: "||" };
const BEFORE: Readonly<Partial<Record<Format, string>>> = { quote: "> ", list: "- " };

/** Gives what is selected a format, or takes it away where it has it. */
export function format(text: string, start: number, end: number, how: Format): Edit {
  const before = BEFORE[how];
  if (before !== undefined) return lines(text, start, end, before);
  if (how === "link") return link(text, start, end);
  const chosen = text.slice(start, end);
  if (how === "code" && chosen.includes("\n")) return fence(text, start, end);
  return around(text, start, end, AROUND[how] ?? "`");
}

function around(text: string, start: number, end: number, mark: string): Edit {
  const size = mark.length;
  const chosen = text.slice(start, end);
  // Of `***both***`, one star more is not the mark of two, and two are not that of one.
  const runs = (part: string) => (mark[0] === "*" ? (/^\**/.exec(part)?.[0].length ?? 0) : 0);
  const isMark = (outer: string) => mark[0] !== "*" || runs(outer) === size || runs(outer) === 3;
  if (chosen.length >= 2 * size && chosen.startsWith(mark) && chosen.endsWith(mark) && isMark(chosen)) {
    const put = chosen.slice(size, -size);
    return { from: start, to: end, put, start, end: start + put.length };
  }
  const reversed = [...text.slice(0, start)].reverse().join("");
  if (text.slice(start - size, start) === mark && text.slice(end, end + size) === mark && isMark(reversed) && isMark(text.slice(end))) {
    return { from: start - size, to: end + size, put: chosen, start: start - size, end: end - size };
  }
  // Spaces at the ends stay outside, or it would not be a mark.
  const [, lead = "", core = "", trail = ""] = /^(\s*)([\s\S]*?)(\s*)$/.exec(chosen) ?? [];
  const from = start + lead.length;
  return { from: start, to: end, put: lead + mark + core + mark + trail, start: from + size, end: from + size + core.length };
}

function fence(text: string, start: number, end: number): Edit {
  const lead = start > 0 && text[start - 1] !== "\n" ? "\n" : "";
  const put = `${lead}\`\`\`\n${text.slice(start, end)}\n\`\`\`\n`;
  const inside = start + lead.length + 4;
  return { from: start, to: end, put, start: inside, end: inside + end - start };
}

function link(text: string, start: number, end: number): Edit {
  const chosen = text.slice(start, end);
  if (/^https?:\/\/\S+$/.test(chosen)) return { from: start, to: end, put: `[](${chosen})`, start: start + 1, end: start + 1 };
  const put = `[${chosen}](https://)`;
  const address = start + chosen.length + 3;
  return { from: start, to: end, put, start: address, end: address + 8 };
}

function lines(text: string, start: number, end: number, mark: string): Edit {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const next = text.indexOf("\n", end);
  const to = next === -1 ? text.length : next;
  const all = text.slice(from, to).split("\n");
  const has = all.every((line) => line.startsWith(mark));
  const put = all.map((line) => (has ? line.slice(mark.length) : mark + line)).join("\n");
  const caret = from + put.length;
  return { from, to, put, start: start === end ? caret : from, end: caret };
}

const ITEM = /^(\s*)(?:([-*+])|(\d{1,9})([.)])|(>))(\s+)(\[[ xX]\]\s+)?/;

/** What a new line begins with: lists and quotes go on, and end where nothing was written. */
export function newline(text: string, at: number): Edit | undefined {
  const from = text.lastIndexOf("\n", at - 1) + 1;
  const line = text.slice(from, at);
  const found = ITEM.exec(line);
  if (found === null || isInFence(text.slice(0, from))) return undefined;
  const [all, indent = "", bullet, number, dot = ".", quote = "", space = " ", task] = found;
  if (all.length === line.length) return { from, to: at, put: "", start: from, end: from };
  const sign = bullet ?? (number === undefined ? quote : `${Number(number) + 1}${dot}`);
  const put = `\n${indent}${sign}${space}${task === undefined ? "" : "[ ] "}`;
  return { from: at, to: at, put, start: at + put.length, end: at + put.length };
}

/** Whether code between fences is open at the end of a text: there a line is only a line. */
export function isInFence(text: string): boolean {
  return text.split("\n").filter((line) => line.trimStart().startsWith("```")).length % 2 === 1;
}

/** What pasting an address onto selected words makes of them. */
export function pasted(text: string, start: number, end: number, paste: string): Edit | undefined {
  const chosen = text.slice(start, end);
  if (start === end || !/^https?:\/\/\S+$/.test(paste.trim()) || /^https?:\/\//.test(chosen) || /[\n[\]]/.test(chosen)) return undefined;
  const put = `[${chosen}](${paste.trim()})`;
  return { from: start, to: end, put, start: start + put.length, end: start + put.length };
}
