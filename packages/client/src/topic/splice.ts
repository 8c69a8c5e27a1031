// Edits of a string in places, and how one is reckoned over those that came before it.
//
// Places are counted in UTF-16 code units, which is how JavaScript counts. The rules are those of the
// server's `kith_core::topic::Splice`.

/** A part of a string and what came in its place. */
export interface Splice {
  readonly at: number;
  readonly delete: string;
  readonly insert: string;
}

/** Whether a place is between two characters of a text. */
export function isPlace(text: string, at: number): boolean {
  if (at <= 0 || at >= text.length) return at === 0 || at === text.length;
  return !(isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at)));
}

const isHigh = (unit: number) => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number) => unit >= 0xdc00 && unit < 0xe000;

/** The text after an edit; `undefined` where the edit does not fit it. */
export function edit(text: string, splice: Splice): string | undefined {
  const until = splice.at + splice.delete.length;
  if (!isPlace(text, splice.at) || !isPlace(text, until)) return undefined;
  return text.slice(0, splice.at) + splice.insert + text.slice(until);
}

/** What takes an edit back, right after it. */
export function inverse(splice: Splice): Splice {
  return { at: splice.at, delete: splice.insert, insert: splice.delete };
}

/** What an edit is after `earlier` happened, which it did not know of. */
export function over(splice: Splice, earlier: Splice): Splice {
  return overInsertion(overDeletion(splice, earlier), earlier);
}

/** What an edit is after the whole text was replaced. */
export function overSet(splice: Splice): Splice {
  return { at: 0, delete: "", insert: splice.insert };
}

function overDeletion(splice: Splice, earlier: Splice): Splice {
  const [start, end] = [splice.at, splice.at + splice.delete.length];
  const [from, until] = [earlier.at, earlier.at + earlier.delete.length];
  const [first, last] = [Math.max(start, from), Math.min(end, until)];
  if (first < last) {
    return { ...splice, at: Math.min(start, from), delete: without(splice.delete, first - start, last - start) };
  }
  if (until <= start) return { ...splice, at: start - earlier.delete.length };
  return from < start ? { ...splice, at: from } : splice;
}

function overInsertion(splice: Splice, { at, insert }: Splice): Splice {
  const end = splice.at + splice.delete.length;
  if (at < splice.at || (at === splice.at && end > splice.at)) {
    return { ...splice, at: splice.at + insert.length };
  }
  const place = at - splice.at;
  if (at >= end || !isPlace(splice.delete, place)) return splice;
  return { ...splice, delete: splice.delete.slice(0, place) + insert + splice.delete.slice(place) };
}

function without(text: string, from: number, until: number): string {
  if (!isPlace(text, from) || !isPlace(text, until)) return text;
  return text.slice(0, from) + text.slice(until);
}

/** The code units from `from` up to `until`; nothing where there are none. */
function part(text: string, from: number, until: number): string {
  return from < until && isPlace(text, from) && isPlace(text, until) ? text.slice(from, until) : "";
}

/**
 * What an edit still does after `later` was done, which did not know of it: with it the text is the
 * same as after the edit and then `later` over it. At most two edits, to be made one after the other.
 */
export function past(splice: Splice, later: Splice): Splice[] {
  const [from, until] = [splice.at, splice.at + splice.delete.length];
  const [start, end] = [later.at, later.at + later.delete.length];
  // What the later one leaves to be taken out, on both sides of it.
  const before = part(splice.delete, 0, Math.min(until, start) - from);
  const rest = Math.min(Math.max(from, end), Math.max(until, end));
  const after = part(splice.delete, rest - from, until - from);
  const after_at = rest - (end - start) + later.insert.length - before.length;
  const left = overDeletion(later, splice);
  const left_end = left.at + left.delete.length;
  const leads = from < left.at || (from === left.at && left_end > left.at);
  const first = leads ? splice.insert : "";
  // Where neither holds the later one takes it out again.
  const second = !leads && from >= left_end ? splice.insert : "";
  const both = [
    { at: from, delete: before, insert: first },
    { at: after_at + first.length, delete: after, insert: second },
  ];
  return both.filter((edit) => !isNothing(edit));
}

/** Whether an edit changes no text. */
export function isNothing(splice: Splice): boolean {
  return splice.delete === "" && splice.insert === "";
}

/** What edits that were made one after another still do after `later`, which did not know of them. */
export function allPast(splices: readonly Splice[], later: Splice): Splice[] {
  const all: Splice[] = [];
  let one = later;
  for (const splice of splices) {
    all.push(...past(splice, one));
    one = over(one, splice);
  }
  return all;
}

/**
 * The same as edits that were made one after another, but all counted on the text before the first:
 * what a transaction asks for, whose parts do not know of each other. They are in the order of their
 * places, and no two touch.
 */
export function compose(splices: readonly Splice[]): Splice[] {
  const edits: Splice[] = [];
  for (const next of splices) add(edits, next);
  return edits.filter((edit) => !isNothing(edit));
}

/** Adds an edit that was made after all the others; those that it touches become one with it. */
function add(edits: Splice[], next: Splice): void {
  const [begin, end] = [next.at, next.at + next.delete.length];
  // How far places have moved that lie after the edits that were passed.
  let moved = 0;
  let first = 0;
  for (const edit of edits) {
    if (edit.at + moved + edit.insert.length >= begin) break;
    moved += edit.insert.length - edit.delete.length;
    first += 1;
  }
  let [at, taken, head, tail, told, last] = [begin - moved, "", "", "", begin, first];
  for (const edit of edits.slice(first)) {
    const start = edit.at + moved;
    if (start > end) break;
    if (start < begin) {
      at = edit.at;
      head = edit.insert.slice(0, begin - start);
    }
    taken += next.delete.slice(told - begin, Math.max(start, told) - begin) + edit.delete;
    told = Math.max(told, start + edit.insert.length);
    tail = edit.insert.slice(Math.max(end - start, 0));
    moved += edit.insert.length - edit.delete.length;
    last += 1;
  }
  taken += next.delete.slice(told - begin);
  edits.splice(first, last - first, { at, delete: taken, insert: head + next.insert + tail });
}

/** The edits that `compose` made, to be made one after another. */
export function inTurn(edits: readonly Splice[]): Splice[] {
  let moved = 0;
  return edits.map((edit) => {
    const turned = { ...edit, at: edit.at + moved };
    moved += edit.insert.length - edit.delete.length;
    return turned;
  });
}

/**
 * Edits that `compose` made, counted on the text after others were made one after another, which
 * they did not know of.
 */
export function allOver(edits: readonly Splice[], earlier: readonly Splice[]): Splice[] {
  const moved = edits.map((edit) => earlier.reduce(over, edit));
  return compose(inTurn(moved.sort((one, two) => one.at - two.at)));
}

/** The text after edits that are made one after another; `undefined` where one does not fit. */
export function editAll(text: string, edits: readonly Splice[]): string | undefined {
  let now: string | undefined = text;
  for (const one of edits) now = now === undefined ? undefined : edit(now, one);
  return now;
}

/** The least edit that makes one text of another: what is the same at both ends stays. */
export function difference(from: string, to: string): Splice {
  const most = Math.min(from.length, to.length);
  let begin = 0;
  while (begin < most && from[begin] === to[begin]) begin += 1;
  if (!isPlace(from, begin) || !isPlace(to, begin)) begin -= 1;
  let end = 0;
  const left = most - begin;
  while (end < left && from[from.length - 1 - end] === to[to.length - 1 - end]) end += 1;
  if (!isPlace(from, from.length - end) || !isPlace(to, to.length - end)) end -= 1;
  return { at: begin, delete: from.slice(begin, from.length - end), insert: to.slice(begin, to.length - end) };
}
