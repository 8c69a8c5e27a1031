// What is being typed that can be completed: `@name`, `#stream`, `:emoji`, and `/command` at the
// beginning. Pure.

import { isInFence } from "./edit.js";

export type Sign = "@" | "#" | ":" | "/";

/** What was typed of something, and where: from its sign up to the caret. */
export interface Asked {
  readonly sign: Sign;
  readonly typed: string;
  readonly from: number;
  readonly to: number;
}

/** Something to put there. */
export interface Completion {
  readonly label: string;
  readonly detail?: string;
  /** What takes the place of what was typed, its sign included. */
  readonly put: string;
  readonly emoji?: string;
  readonly avatar?: { readonly name: string; readonly id?: string; readonly src?: string | undefined };
}

/** Where completions of a sign come from; those that take long may come later. */
export type Source = (typed: string) => readonly Completion[] | Promise<readonly Completion[]>;

const TYPED = /(^|[^\p{L}\p{N}@#:/])([@#:])([\p{L}\p{N}_+.-]{0,40})$/u;
const COMMAND = /^\/([\p{L}\p{N}_/.-]{0,40})$/u;
/** Of an emoji, this much must be typed, for a colon is mostly a colon. */
const EMOJI_MIN = 2;

/** What can be completed at the caret. */
export function asked(text: string, caret: number): Asked | undefined {
  const before = text.slice(0, caret);
  const command = COMMAND.exec(before);
  if (command !== null) return { sign: "/", typed: command[1] ?? "", from: 0, to: caret };
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const found = TYPED.exec(line);
  if (found === null) return undefined;
  const [, , sign = "", typed = ""] = found;
  if (sign === ":" && typed.length < EMOJI_MIN) return undefined;
  // In code, a sign is only a sign.
  const ticks = line.slice(0, line.length - typed.length - 1).split("`").length - 1;
  if (ticks % 2 === 1 || isInFence(before)) return undefined;
  return { sign: sign as Sign, typed, from: caret - typed.length - 1, to: caret };
}
