// The languages there are. English is always at hand, so that nothing is ever without words; each
// other is loaded when it is chosen.

import { en } from "./en/index.js";
import type { Plural } from "./message.js";

export type English = typeof en;
export type Key = keyof English;
/** All messages in another language: the same keys, and forms where English has forms. */
export type Messages = { readonly [key in Key]: English[key] extends string ? string : Plural };

interface Language {
  /** What those who speak it call it. */
  readonly name: string;
  readonly dir: "ltr" | "rtl";
  readonly load: () => Promise<Messages>;
}

export const LANGUAGES = {
  en: { name: "English", dir: "ltr", load: () => Promise.resolve(en) },
  de: { name: "Deutsch", dir: "ltr", load: () => import("./de/index.js").then(({ de }) => de) },
} as const satisfies Record<string, Language>;

export type LanguageCode = keyof typeof LANGUAGES;
export const CODES = Object.keys(LANGUAGES) as LanguageCode[];
export { en };

/** The first of the wished languages (`de-AT`, `en` …) that there is; English where there is none. */
export function pick(wished: readonly string[]): LanguageCode {
  for (const wish of wished) {
    const code = CODES.find((one) => wish.toLowerCase().split("-")[0] === one);
    if (code !== undefined) return code;
  }
  return "en";
}
