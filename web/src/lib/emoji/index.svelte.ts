// The emoji once they are loaded: in the language of the page, when they are first needed. What was
// used last and which tone of skin is kept by the browser.

import { language, type LanguageCode } from "../i18n/index.svelte.js";
import { EmojiSet, used } from "./data.js";

export { GROUPS, toned, type Emoji, type Group } from "./data.js";

const LOAD: Readonly<Record<LanguageCode, () => Promise<{ default: string }>>> = {
  en: () => import("virtual:emoji/en"),
  de: () => import("virtual:emoji/de"),
};
const RECENT = "kith.emoji.recent";
const TONE = "kith.emoji.tone";
const RECENT_MAX = 27;
/** What is offered before anything was used. */
const FIRST = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀"];

let loaded = $state.raw<{ set: EmojiSet; code: LanguageCode } | undefined>(undefined);
let loading: { code: LanguageCode; done: Promise<EmojiSet> } | undefined;
let recent = $state.raw(stored());
let tone = $state(Math.max(0, Math.min(5, Number(localStorage.getItem(TONE) ?? 0) || 0)));

/** All emoji in the language of the page. Rejects where they cannot be loaded; they can be asked for again. */
export function loadEmoji(): Promise<EmojiSet> {
  const code = language();
  if (loading?.code === code) return loading.done;
  const done = LOAD[code]().then(({ default: lines }) => {
    const set = new EmojiSet(lines);
    loaded = { set, code };
    return set;
  });
  loading = { code, done };
  done.catch(() => (loading = undefined));
  return done;
}

/** The emoji if they are there; otherwise they begin to load, and whoever asked in an effect is told. */
export function emojiNow(): EmojiSet | undefined {
  const now = loaded;
  // While they load in another language, those of the last one do.
  if (now?.code !== language()) void loadEmoji().catch(() => {});
  return now?.set;
}

/** What was used last, the newest first. */
export function recentEmoji(): readonly string[] {
  return recent;
}

/** Remembers that one was used. */
export function useEmoji(emoji: string): void {
  recent = used(stored(), emoji, RECENT_MAX);
  localStorage.setItem(RECENT, JSON.stringify(recent));
}

function stored(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(RECENT) ?? "null");
    if (Array.isArray(kept)) return kept.filter((one): one is string => typeof one === "string").slice(0, RECENT_MAX);
  } catch {
    // What somebody else wrote there.
  }
  return FIRST;
}

/** The chosen tone of skin, 0 to 5. */
export function skinTone(): number {
  return tone;
}

export function setSkinTone(chosen: number): void {
  tone = chosen;
  localStorage.setItem(TONE, String(chosen));
}
