// What emoji there are, how they are called and found. Pure.

export const GROUPS = ["smileys", "people", "nature", "food", "travel", "activities", "objects", "symbols", "flags"] as const;
export type Group = (typeof GROUPS)[number];

export interface Emoji {
  readonly emoji: string;
  readonly name: string;
  /** Its shortcodes; the first is the one that is written. */
  readonly codes: readonly string[];
  readonly words: readonly string[];
  readonly group: Group;
  /** The same in each of the five tones of skin, from light to dark; empty where it has none. */
  readonly skins: readonly string[];
}

/** All emoji, by what they are and by what they are called. */
export class EmojiSet {
  readonly all: readonly Emoji[];
  readonly #byCode: ReadonlyMap<string, Emoji>;
  readonly #byEmoji: ReadonlyMap<string, Emoji>;

  /** From the lines that `scripts/emoji.mjs` makes. */
  constructor(lines: string) {
    this.all = read(lines);
    this.#byCode = new Map(this.all.flatMap((one) => one.codes.map((code) => [code, one])));
    this.#byEmoji = new Map(this.all.flatMap((one) => [one.emoji, ...one.skins].map((emoji) => [bare(emoji), one])));
  }

  /** The one with a shortcode. */
  ofCode(code: string): Emoji | undefined {
    return this.#byCode.get(code);
  }

  /** What is known of an emoji, in any tone. */
  of(emoji: string): Emoji | undefined {
    return this.#byEmoji.get(bare(emoji));
  }

  /** Those that fit what was typed, the best first: by shortcode, by name, by any word. */
  search(typed: string, max: number): Emoji[] {
    const wanted = typed.trim().toLowerCase().replace(/^:|:$/g, "").split(/[\s_]+/).filter((word) => word !== "");
    if (wanted.length === 0) return this.all.slice(0, max);
    const whole = wanted.join("_");
    const found = this.all.flatMap((one, place) => {
      const rank = ranked(one, wanted, whole);
      return rank === undefined ? [] : [{ one, rank, place }];
    });
    found.sort((a, b) => a.rank - b.rank || a.place - b.place);
    return found.slice(0, max).map(({ one }) => one);
  }
}

/** Without what only says that it is shown as an emoji. */
function bare(emoji: string): string {
  return emoji.replaceAll("\ufe0f", "");
}

function ranked(one: Emoji, wanted: readonly string[], whole: string): number | undefined {
  if (one.codes.includes(whole) || one.emoji === whole) return 0;
  if (one.codes.some((code) => code.startsWith(whole))) return 1;
  const names = one.name.toLowerCase().split(/[\s:,.-]+/);
  const words = [...one.codes.flatMap((code) => code.split("_")), ...names, ...one.words];
  if (wanted.every((word) => words.includes(word))) return 2;
  if (wanted.every((word) => words.some((own) => own.startsWith(word)))) return 3;
  return one.codes.some((code) => code.includes(whole)) ? 4 : undefined;
}

function read(lines: string): Emoji[] {
  const all: Emoji[] = [];
  let group: Group = "smileys";
  const listed = (field: string | undefined, by: string) => (field === undefined || field === "" ? [] : field.split(by));
  for (const line of lines.split("\n")) {
    const named = line.startsWith("#") && !line.includes("\t") ? GROUPS.find((one) => line === `#${one}`) : undefined;
    if (named !== undefined) {
      group = named;
      continue;
    }
    const [emoji = "", name = "", codes, words, skins] = line.split("\t");
    all.push({ emoji, name, codes: listed(codes, " "), words: listed(words, "|"), group, skins: listed(skins, " ") });
  }
  return all;
}

/** An emoji in a tone of skin: 0 is none, 1 to 5 are from light to dark. */
export function toned(one: Emoji, tone: number): string {
  return one.skins[tone - 1] ?? one.emoji;
}

/** The list of what was used last, with one more. */
export function used(recent: readonly string[], emoji: string, max: number): string[] {
  return [emoji, ...recent.filter((one) => one !== emoji)].slice(0, max);
}
