// What is being typed of a search: which filter, and what of its value. Pure. What a search is made of
// is in docs/search.md.

/** Filters, in the order in which they are offered. */
export const FILTERS = ["from", "in", "has", "is", "before", "after", "on"] as const;
export type Filter = (typeof FILTERS)[number];

/** What the values of filters can be that have few. */
export const HAS = ["link", "file", "image", "code", "reaction", "pin", "topic"] as const;
export const IS = ["thread", "pinned"] as const;
/** Days that can be said in words. */
export const DAYS = ["today", "yesterday", "7d", "30d"] as const;

/** The word at the caret: from where to where, and what it can become. */
export interface Typed {
  readonly from: number;
  readonly to: number;
  /** The filter that it begins with; without one it may become one. */
  readonly filter: Filter | undefined;
  /** What is typed of the value, or of the filter; without quotes. */
  readonly value: string;
  /** What stands before it: `-` where it excludes. */
  readonly sign: "" | "-";
}

const FILTER = /^(-?)([a-z]+):([\s\S]*)$/i;

/** What is typed at a caret; `undefined` inside of a phrase, where nothing can be completed. */
export function typedAt(text: string, caret: number): Typed | undefined {
  let from = 0;
  let quoted = false;
  for (let at = 0; at < caret; at += 1) {
    const sign = text[at] as string;
    if (sign === '"') quoted = !quoted;
    else if (!quoted && /\s/.test(sign)) from = at + 1;
  }
  const word = text.slice(from, caret);
  const found = FILTER.exec(word);
  const filter = FILTERS.find((one) => one === found?.[2]?.toLowerCase());
  if (found !== null && filter !== undefined) {
    return { from, to: caret, filter, value: (found[3] ?? "").replaceAll('"', ""), sign: found[1] === "-" ? "-" : "" };
  }
  if (quoted || word.includes('"') || found !== null) return undefined;
  const sign = word.startsWith("-") ? "-" : "";
  return { from, to: caret, filter: undefined, value: word.slice(sign.length), sign };
}

/** A value as it is written: in quotes where it has spaces. */
export function quoted(value: string): string {
  return /[\s"]/.test(value) ? `"${value.replaceAll('"', "")}"` : value;
}

/** A text with something in the place of what was typed, a space behind it where it is whole; and the caret. */
export function completed(text: string, { from, to }: Pick<Typed, "from" | "to">, put: string): { text: string; caret: number } {
  const isWhole = !put.endsWith(":");
  const behind = text.slice(to);
  const space = isWhole && !behind.startsWith(" ") ? " " : "";
  const caret = from + put.length + (isWhole ? 1 : 0);
  return { text: text.slice(0, from) + put + space + behind, caret };
}

/** Whether a filter at the caret has no value yet: not to be asked for. */
export function isUnfinished(text: string, caret: number): boolean {
  const typed = typedAt(text, caret);
  return typed?.filter !== undefined && typed.value === "" && typed.to === caret;
}

/** Searches that are remembered. */
export const REMEMBERED_MAX = 8;

/** Remembered searches with one more before all others. */
export function remembered(before: readonly string[], text: string): readonly string[] {
  const said = text.trim();
  return said === "" ? before : [said, ...before.filter((one) => one !== said)].slice(0, REMEMBERED_MAX);
}
