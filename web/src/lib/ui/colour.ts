// A colour for a name, always the same, and what stands in the place of a picture.

/** How many colours there are: `--own-0` and so on. */
export const COLOURS = 10;

/** Which colour belongs to somebody, by what does not change of them. */
export function colourOf(id: string): number {
  let hash = 2166136261;
  for (let place = 0; place < id.length; place += 1) hash = Math.imul(hash ^ id.charCodeAt(place), 16777619);
  return (hash >>> 0) % COLOURS;
}

/** The first of these is a letter by itself, for which no segmenter has to be made. */
const SIMPLE = /^(?:[ -~](?:[ -~]|$)|…?$)/;

/** The first letters of the first and the last word of a name, at most two. */
export function initials(name: string): string {
  const words = name.split(/[\s._-]+/u).filter((word) => word !== "");
  const first = (word = "") => (SIMPLE.test(word) ? word.charAt(0) : [...new Intl.Segmenter().segment(word)][0]?.segment ?? "");
  const last = words.length > 1 ? words[words.length - 1] : undefined;
  return (first(words[0]) + first(last)).toLocaleUpperCase();
}
