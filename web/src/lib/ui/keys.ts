// What keys are called, on this keyboard and in this language.

import { t } from "../i18n/index.svelte.js";

/** On keyboards of Apple Cmd is what Ctrl is elsewhere; its own keys are known by their signs. */
const APPLE: Readonly<Record<string, string>> = { Ctrl: "⌘", Shift: "⇧", Alt: "⌥" };
const ARROWS: Readonly<Record<string, string>> = { ArrowUp: "↑", ArrowDown: "↓", Arrows: "↑ ↓" };
const NAMED = { Ctrl: "key.ctrl", Shift: "key.shift", Enter: "key.enter", Escape: "key.escape", Delete: "key.delete", Home: "key.home", End: "key.end" } as const;

/** Whether the keyboard is one of Apple. */
export function isApple(): boolean {
  return /^(?:Mac|iP)/.test(navigator.platform);
}

/** Keys that are pressed together, as `Ctrl+Shift+F`, each by its name. */
export function namesOf(keys: string, apple = isApple()): readonly string[] {
  const all = keys.length === 1 ? [keys] : keys.split("+");
  return all.map((key) => (apple ? APPLE[key] : undefined) ?? ARROWS[key] ?? (key in NAMED ? t(NAMED[key as keyof typeof NAMED]) : key));
}

/** The same in one word: `Ctrl+K`, or `⌘K`. */
export function keysText(keys: string, apple = isApple()): string {
  return namesOf(keys, apple).join(apple ? "" : "+");
}
