// Finds what was meant by a few letters: they are there in this order, best together and where words
// begin. Letters with marks are as those without. Bounded and pure.

/** What is behind so many characters is not looked at. */
const TEXT_MAX = 160;
const QUERY_MAX = 48;

export interface Match {
  /** The higher the better. */
  readonly score: number;
  /** Which characters of the text fit, in order. */
  readonly at: readonly number[];
}

/** A letter as it is compared: small, and without its marks. */
const fold = (c: string) => (c < "\u0080" ? c.toLowerCase() : ([...c.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()][0] ?? c));
const isWord = (c: string | undefined) => c !== undefined && /[\p{L}\p{N}]/u.test(c);

/** How the letters of `query` are in `text`, if they are; an empty query is in everything. */
export function match(query: string, text: string): Match | undefined {
  const letters = [...query].slice(0, QUERY_MAX).filter((c) => c !== " ").map(fold);
  const own = [...text].slice(0, TEXT_MAX);
  const plain = own.map(fold);
  if (!isThere(letters, plain)) return undefined;
  if (letters.length === 0) return { score: 0, at: [] };
  // best[i][j]: the most for the first i letters, of which the last is at j.
  const none = -Infinity;
  const best = letters.map(() => new Array<number>(plain.length).fill(none));
  const from = letters.map(() => new Array<number>(plain.length).fill(-1));
  letters.forEach((letter, i) => {
    let before = { score: none, at: -1 };
    plain.forEach((c, j) => {
      const last = best[i - 1];
      const near = last?.[j - 2] ?? none;
      if (near > before.score) before = { score: near, at: j - 2 };
      if (c !== letter) return;
      const starts = !isWord(own[j - 1]) || (isUpper(own[j]) && !isUpper(own[j - 1]));
      const value = 1 + (starts ? 6 : 0) + (j === 0 ? 4 : 0);
      if (i === 0) {
        // Letters that come late are a little worse.
        (best[i] as number[])[j] = value - Math.min(j, 20) * 0.05;
        return;
      }
      const together = (last?.[j - 1] ?? none) + value + 7;
      const apart = before.score + value - 1;
      (best[i] as number[])[j] = Math.max(together, apart);
      (from[i] as number[])[j] = together >= apart ? j - 1 : before.at;
    });
  });
  const ends = best[letters.length - 1] ?? [];
  const score = Math.max(...ends);
  const at: number[] = [];
  for (let i = letters.length - 1, j = ends.indexOf(score); i >= 0; j = from[i]?.[j] ?? -1, i -= 1) at.unshift(j);
  // Of two that fit alike, the shorter is meant.
  return { score: score - plain.length * 0.02 + (plain.length === letters.length ? 4 : 0), at };
}

function isThere(letters: readonly string[], text: readonly string[]): boolean {
  let next = 0;
  for (const c of text) if (c === letters[next]) next += 1;
  return next === letters.length;
}

function isUpper(c: string | undefined): boolean {
  return c !== undefined && c !== c.toLowerCase();
}

/** A text in pieces, of which every other fits what was typed. */
export function pieces(text: string, at: readonly number[]): { text: string; fits: boolean }[] {
  const fits = new Set(at);
  const found: { text: string; fits: boolean }[] = [];
  [...text].forEach((c, place) => {
    const last = found[found.length - 1];
    if (last !== undefined && last.fits === fits.has(place)) last.text += c;
    else found.push({ text: c, fits: fits.has(place) });
  });
  return found;
}

/** The best of some things for what was typed. `boost` is added to what fits at all. */
export function best<T>(query: string, items: readonly T[], text: (item: T) => string, max: number, boost: (item: T) => number = () => 0): { item: T; at: readonly number[] }[] {
  const found = items.flatMap((item, place) => {
    const how = match(query, text(item));
    return how === undefined ? [] : [{ item, at: how.at, score: how.score + boost(item), place }];
  });
  found.sort((one, two) => two.score - one.score || one.place - two.place);
  return found.slice(0, max).map(({ item, at }) => ({ item, at }));
}
