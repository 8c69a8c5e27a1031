// What is in a menu, and which of its lines the keyboard means. Pure.

import type { IconNode } from "./icons.js";

/** Something to do. */
export interface Action {
  readonly label: string;
  readonly icon?: IconNode;
  /** Keys that do the same. */
  readonly keys?: string;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  /** For what is on or off. */
  readonly checked?: boolean;
  readonly run: () => void;
}
/** A line between groups is `"line"`. */
export type MenuItem = Action | "line";

/** Another line, by arrow keys, Home and End, over those that can be chosen; round and round. */
export function step(items: readonly MenuItem[], from: number, key: string): number | undefined {
  const all = items.flatMap((item, place) => (item === "line" || item.disabled === true ? [] : [place]));
  const last = all[all.length - 1];
  const before = all.filter((place) => place < from);
  switch (key) {
    case "ArrowDown": return all.find((place) => place > from) ?? all[0];
    case "ArrowUp": return before[before.length - 1] ?? last;
    case "Home": return all[0];
    case "End": return last;
    default: return undefined;
  }
}

/** The next line that begins with what was typed. */
export function typed(items: readonly MenuItem[], from: number, text: string): number | undefined {
  const wanted = text.toLocaleLowerCase();
  // More letters of one word stay where they fit; one letter goes on to the next.
  const begin = text.length > 1 ? from : from + 1;
  for (let step = 0; step < items.length; step += 1) {
    const place = (Math.max(begin, 0) + step) % items.length;
    const item = items[place];
    if (item === undefined || item === "line" || item.disabled === true) continue;
    if (item.label.toLocaleLowerCase().startsWith(wanted)) return place;
  }
  return undefined;
}
