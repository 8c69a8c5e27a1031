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

/** A text with an edit made in it. */
export const made = (text: string, { at, delete: taken, insert }: Edit) => text.slice(0, at) + insert + text.slice(at + taken);

/**
 * What two made of one text at the same time: both edits, where they do not touch. Where they do, what
 * was taken out there is theirs to say, and nothing is lost of what either put in.
 */
export function merged(base: string, mine: string, theirs: string): string {
  const [own, other] = [edit(base, mine), edit(base, theirs)];
  if (own === undefined) return theirs;
  if (other === undefined) return mine;
  if (own.at + own.delete <= other.at) return made(theirs, own);
  const grown = other.insert.length - other.delete;
  if (other.at + other.delete <= own.at) return made(theirs, { ...own, at: own.at + grown });
  return made(theirs, { at: other.at + other.insert.length, delete: 0, insert: own.insert });
}

/** Where a place in a text is after it became another. */
export function moved(place: number, from: string, to: string): number {
  const change = edit(from, to);
  if (change === undefined || place <= change.at) return place;
  const behind = place - change.at - change.delete;
  return change.at + change.insert.length + Math.max(behind, 0);
}
