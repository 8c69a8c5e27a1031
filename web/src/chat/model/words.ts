// What became of a text: which words went, and which came. Pure.

/** A piece of both texts, or of one of them. */
export interface Piece {
  readonly is: "same" | "gone" | "come";
  readonly text: string;
}

/** Beyond so many words that may differ, all of them are said to differ. */
const WORDS_MAX = 600;

/** How one text became another, word by word. */
export function compareWords(before: string, after: string): readonly Piece[] {
  const [one, two] = [wordsOf(before), wordsOf(after)];
  let start = 0;
  while (start < one.length && start < two.length && one[start] === two[start]) start += 1;
  let end = 0;
  while (end < one.length - start && end < two.length - start && one[one.length - 1 - end] === two[two.length - 1 - end]) end += 1;
  const pieces: Piece[] = [];
  const add = (is: Piece["is"], words: readonly string[]) => {
    const text = words.join("");
    const last = pieces.at(-1);
    if (text === "") return;
    if (last?.is === is) pieces[pieces.length - 1] = { is, text: last.text + text };
    else pieces.push({ is, text });
  };
  add("same", one.slice(0, start));
  between(one.slice(start, one.length - end), two.slice(start, two.length - end), add);
  add("same", one.slice(one.length - end));
  return pieces;
}

/** Words, the spaces between them, and every other sign by itself. */
const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}\p{M}_]+|\s+|[^\p{L}\p{N}\p{M}_\s]/gu) ?? [];

function between(one: readonly string[], two: readonly string[], add: (is: Piece["is"], words: readonly string[]) => void): void {
  if (one.length > WORDS_MAX || two.length > WORDS_MAX) {
    add("gone", one);
    add("come", two);
    return;
  }
  // common[i][j]: how many words are in both from i and j on, in their order.
  const width = two.length + 1;
  const common = new Uint16Array((one.length + 1) * width);
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = two.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = one[i] === two[j]
        ? (common[(i + 1) * width + j + 1] as number) + 1
        : Math.max(common[(i + 1) * width + j] as number, common[i * width + j + 1] as number);
    }
  }
  for (let i = 0, j = 0; i < one.length || j < two.length; ) {
    const [left, right] = [one[i], two[j]];
    if (left !== undefined && left === right) {
      add("same", [left]);
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || (common[(i + 1) * width + j] as number) >= (common[i * width + j + 1] as number))) {
      add("gone", [left]);
      i += 1;
    } else {
      add("come", [right as string]);
      j += 1;
    }
  }
}
