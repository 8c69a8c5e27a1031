// What the pages say, in the language that was chosen. Components call `t("area.key", { … })` and are
// drawn anew when the language changes.

import * as format from "./format.js";
import { CODES, LANGUAGES, addEnglish, english, localeOf, pick, type English, type FirstKey, type FirstMessages, type LanguageCode, type Messages } from "./languages.js";
import { fill, form, parts, type Message, type Part, type Value, type Values } from "./message.js";

export { CODES, LANGUAGES, addEnglish, type FirstKey as Key, type FirstMessages, type LanguageCode, type Part };

const KEPT = "kith.language";

let now = $state.raw<{ code: LanguageCode; messages: Messages; locale: string }>({ code: "en", messages: english, locale: "en" });
/** The language that was asked for last, while it loads. */
let asked: LanguageCode = "en";
/** Loads all that the page says at once. */
let load = (code: LanguageCode): Promise<FirstMessages> => LANGUAGES[code].load();
/** Whether something says more than that. */
let isLate = false;

/** What is said under a key, with its values. */
export function t<K extends FirstKey>(key: K, ...values: Values<English[K]>): string {
  const given: Readonly<Record<string, Value>> = values[0] ?? {};
  return fill(form(now.messages[key], format.pluralRules(now.code), given), given, number);
}

/** What is said under a key as words and places, for values that are more than text. */
export function tParts(key: FirstKey, count?: number): Part[] {
  return parts(form(now.messages[key], format.pluralRules(now.code), count === undefined ? {} : { count }));
}

/** What is said under a key that only the server may know; nothing where there are no words for it, or not yet. */
export function wordsOf(key: string): string | undefined {
  const words: unknown = Object.hasOwn(now.messages, key) ? now.messages[key as FirstKey] : undefined;
  return typeof words === "string" ? words : undefined;
}

/** The language that is shown. */
export function language(): LanguageCode {
  return now.code;
}

/** How the language is written where the reader is. */
export function locale(): string {
  return now.locale;
}

/** Where lines of the language begin. */
export function direction(): "ltr" | "rtl" {
  return LANGUAGES[now.code].dir;
}

/**
 * Shows the page in the language that was chosen, or that the browser asks for. To be awaited before
 * anything is shown; where the language cannot be loaded, it is shown in English. A page with words that
 * no other has says how all are loaded.
 */
export async function startLanguage(loads = load): Promise<void> {
  load = loads;
  const kept = CODES.find((code) => code === localStorage.getItem(KEPT));
  await show(kept ?? pick(navigator.languages)).catch(() => apply("en", english));
  addEventListener("storage", ({ key, newValue }) => {
    const code = CODES.find((one) => one === newValue);
    if (key === KEPT && code !== undefined) void show(code).catch(() => {});
  });
}

/** Chooses a language, for every page of this browser. Rejects where it cannot be loaded. */
export async function setLanguage(code: LanguageCode): Promise<void> {
  await show(code);
  localStorage.setItem(KEPT, code);
}

async function show(code: LanguageCode): Promise<void> {
  asked = code;
  const [first, late] = await Promise.all([load(code), isLate ? LANGUAGES[code].late() : {}]);
  // Another was asked for meanwhile.
  if (asked === code) apply(code, code === "en" ? english : { ...english, ...first, ...late });
}

/**
 * Adds what is said by something that is loaded now, in English and in the language that is shown. To be
 * awaited before any of it is shown; what cannot be loaded is said in English.
 */
export async function addLate(messages: Readonly<Record<string, Message>>): Promise<void> {
  addEnglish(messages);
  isLate = true;
  const { code, messages: shown } = now;
  if (code !== "en") Object.assign(shown, messages, await LANGUAGES[code].late().catch(() => ({})));
}

function apply(code: LanguageCode, messages: Messages): void {
  now = { code, messages, locale: localeOf(code, navigator.languages) };
  document.documentElement.lang = code;
  document.documentElement.dir = LANGUAGES[code].dir;
}

export const number = (value: number): string => format.number(now.locale, value);
export const compact = (value: number): string => format.compact(now.locale, value);
export const percent = (share: number): string => format.percent(now.locale, share);
export const bytes = (size: number): string => format.bytes(now.locale, size);
export const moment = (at_ms: number, when: format.When): string => format.moment(now.locale, at_ms, when);
export const dayName = (at_ms: number, now_ms: number): string => format.dayName(now.locale, at_ms, now_ms);
export const relative = (at_ms: number, now_ms: number): string => format.relative(now.locale, at_ms, now_ms);
export const list = (items: readonly string[]): string => format.list(now.locale, items);
export const compare = (one: string, two: string): number => format.collator(now.locale).compare(one, two);
export { dayOf, duration } from "./format.js";
