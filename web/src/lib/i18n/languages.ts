// The languages there are. English is always at hand, so that nothing is ever without words: at once
// what is said at once, the rest with what says it. Each other is loaded when it is chosen, in the same two
// parts.

import { en } from "./en/index.js";
import type { late } from "./en/late.js";
import type { Message, Plural } from "./message.js";

export type English = typeof en & typeof late;
export type Key = keyof English;
/** What may be said by what is loaded at once. */
export type FirstKey = keyof typeof en;
/** Messages in another language: the same keys, and forms where English has forms. */
export type Translated<Words> = { readonly [key in keyof Words]: Words[key] extends string ? string : Plural };
/** All messages that are not of one page alone. */
export type Messages = Translated<English>;
/** Those that are said at once. */
export type FirstMessages = Translated<typeof en>;
/** Those that are said by what is loaded later. */
export type LateMessages = Translated<typeof late>;

interface Language {
  /** What those who speak it call it. */
  readonly name: string;
  readonly dir: "ltr" | "rtl";
  readonly load: () => Promise<FirstMessages>;
  readonly late: () => Promise<LateMessages>;
}

/** English as far as it was loaded. */
const english: Messages = { ...en } as unknown as Messages;

/** Adds what is said in English by something that is loaded now. */
export function addEnglish(messages: Readonly<Record<string, Message>>): void {
  Object.assign(english, messages);
}

export const LANGUAGES = {
  en: { name: "English", dir: "ltr", load: () => Promise.resolve(english), late: () => Promise.resolve(english) },
  de: { name: "Deutsch", dir: "ltr", load: () => import("./de/index.js").then(({ de }) => de), late: () => import("./de/late.js").then(({ late }) => late) },
} as const satisfies Record<string, Language>;

export type LanguageCode = keyof typeof LANGUAGES;
export const CODES = Object.keys(LANGUAGES) as LanguageCode[];
export { english };

/** The first of the wished languages (`de-AT`, `en` …) that there is; English where there is none. */
export function pick(wished: readonly string[]): LanguageCode {
  for (const wish of wished) {
    const code = CODES.find((one) => wish.toLowerCase().split("-")[0] === one);
    if (code !== undefined) return code;
  }
  return "en";
}

/** How a language is written where the reader is (`en-GB` where they wish for that): dates, times and numbers. */
export function localeOf(code: LanguageCode, wished: readonly string[]): string {
  // Some systems wish for what is no language to a formatter: `en-US@posix`.
  return wished.find((wish) => /^\w+(-\w+)*$/.test(wish) && wish.toLowerCase().split("-")[0] === code) ?? code;
}
