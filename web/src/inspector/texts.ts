// What an editor did to a text, as one edit.

/** The part that differs: at a place, so much taken out, and that put in. */
export interface Edit {
  at: number;
  delete: number;
  insert: string;
}

/** The one edit that makes `to` of `from`; `undefined` where they are the same. */
export function edit(from: string, to: string): Edit | undefined {
  if (from === to) return undefined;
  const most = Math.min(from.length, to.length);
  let at = 0;
  while (at < most && from[at] === to[at]) at += 1;
  let end = 0;
  while (end < most - at && from[from.length - 1 - end] === to[to.length - 1 - end]) end += 1;
  // Not through the middle of a character of two code units.
  if (at > 0 && isHigh(from, at - 1)) at -= 1;
  if (end > 0 && isHigh(from, from.length - end - 1)) end -= 1;
  return { at, delete: from.length - end - at, insert: to.slice(at, to.length - end) };
}

const isHigh = (text: string, at: number) => /[\ud800-\udbff]/.test(text[at] ?? "");
