// What the inspector says: it takes `t` from here, which knows its words beside those that all pages have at
// once. The chat does not load them, in no language.

import { facts } from "./en/facts.js";
import { inspector } from "./en/inspector.js";
import { LANGUAGES, addEnglish, locale, startLanguage as start, t as atOnce, tParts as partsAtOnce, type Key as FirstKey, type FirstMessages, type LanguageCode, type Part } from "./index.svelte.js";
import type { English, Translated } from "./languages.js";
import * as measured from "./measured.js";
import type { Values } from "./message.js";

export * from "./index.svelte.js";

const own = { ...inspector, ...facts };
addEnglish(own);

/** What the inspector alone says, in another language. */
export type Words = Translated<typeof own>;
type Known = Pick<English, FirstKey> & typeof own;
export type Key = keyof Known;
export const t = atOnce as <K extends Key>(key: K, ...values: Values<Known[K]>) => string;
export const tParts = partsAtOnce as (key: Key, count?: number) => Part[];

const OWN = {
  de: () => import("./de/inspector.js").then(({ all }) => all),
} as const satisfies { readonly [Code in Exclude<LanguageCode, "en">]: () => Promise<Words> };

/** Loads everything that the inspector says, and why something was refused, which is told in English as the server says it. */
export async function load(code: LanguageCode): Promise<FirstMessages & Words> {
  const loading: Promise<FirstMessages> = LANGUAGES[code].load();
  // English has been added to what is at hand.
  if (code === "en") return (await loading) as FirstMessages & Words;
  const [messages, late, words] = await Promise.all([loading, LANGUAGES[code].late(), OWN[code]()]);
  return { ...messages, ...late, ...words };
}

/** Shows the page in the language that was chosen, in any page, or that the browser asks for. */
export const startLanguage = (): Promise<void> => start(load);

export const decimal = (value: number): string => measured.decimal(locale(), value);
export const instant = (at_ms: number, as: measured.Measured): string => measured.instant(locale(), at_ms, as);
