// The picker's rows, and where arrow keys lead in them. Pure.

import type { Emoji, Group } from "./data.js";

export const COLUMNS = 9;

export type Row =
  | { readonly is: "title"; readonly group: Group | "recent" | "results" }
  | { readonly is: "emoji"; readonly from: number; readonly emoji: readonly Emoji[] };

/** Rows of a title and then of emoji, for each group that has any; each emoji has a number. */
export function rows(groups: readonly { group: Group | "recent" | "results"; emoji: readonly Emoji[] }[]): Row[] {
  const made: Row[] = [];
  let count = 0;
  for (const { group, emoji } of groups) {
    if (emoji.length === 0) continue;
    made.push({ is: "title", group });
    for (let at = 0; at < emoji.length; at += COLUMNS) {
      const some = emoji.slice(at, at + COLUMNS);
      made.push({ is: "emoji", from: count, emoji: some });
      count += some.length;
    }
  }
  return made;
}

/** The number of the emoji that a key leads to; `undefined` for other keys and behind the ends. */
export function step(all: readonly Row[], at: number, key: string, rtl: boolean): number | undefined {
  const lines = all.filter((row) => row.is === "emoji");
  const line = lines.findIndex((row) => at >= row.from && at < row.from + row.emoji.length);
  const here = lines[line];
  if (here === undefined) return undefined;
  const last = lines[lines.length - 1];
  const end = last === undefined ? 0 : last.from + last.emoji.length - 1;
  const below = (other: typeof here | undefined) => (other === undefined ? undefined : other.from + Math.min(at - here.from, other.emoji.length - 1));
  switch (rtl ? ({ ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft" }[key] ?? key) : key) {
    case "ArrowRight": return at < end ? at + 1 : undefined;
    case "ArrowLeft": return at > 0 ? at - 1 : undefined;
    case "ArrowDown": return below(lines[line + 1]);
    case "ArrowUp": return below(lines[line - 1]);
    case "PageDown": return below(lines[Math.min(line + 5, lines.length - 1)]);
    case "PageUp": return below(lines[Math.max(line - 5, 0)]);
    case "Home": return 0;
    case "End": return end;
    default: return undefined;
  }
}
