// The look and the language of the page as they follow the user over devices; the browser's own copy is
// what a page begins with.

import { CODES, language, setLanguage, type LanguageCode } from "../lib/i18n/index.svelte.js";
import { choose, chosen, type Choice } from "../lib/theme.js";
import { keptLook, lookOf, LOOK, type Look } from "./model/look.js";
import type { Site } from "./model/site.js";

/** The name under which the language follows the user. */
const LANGUAGE = "language";

/** What is chosen in this browser. */
export function lookHere(): Look {
  return { theme: chosen("theme"), density: chosen("density"), size: chosen("size"), motion: chosen("motion") };
}

/** Shows the page as the user chose it on any device, until what comes back is called. */
export function followLook(site: Site): () => void {
  return site.preferences.values.subscribe((values) => {
    const look = lookOf(values[LOOK] ?? null);
    for (const name of Object.keys(look) as Choice[]) take(name, look[name]);
    const code = CODES.find((one) => one === String(values[LANGUAGE] ?? "").toLowerCase().split("-")[0]);
    // Where it cannot be loaded now, it is with the next page.
    if (code !== undefined && code !== language()) setLanguage(code).catch(() => {});
  });
}

/** Chooses how the page looks, on every device. */
export function chooseLook<Name extends Choice>(site: Site, name: Name, choice: Look[Name]): void {
  choose(name, choice);
  void site.prefer(LOOK, keptLook(lookHere()));
}

/** Chooses a language, on every device. */
export async function chooseLanguage(site: Site, code: LanguageCode): Promise<void> {
  await setLanguage(code);
  await site.prefer(LANGUAGE, code);
}

function take<Name extends Choice>(name: Name, choice: Look[Name] | undefined): void {
  if (choice !== undefined && choice !== chosen(name)) choose(name, choice);
}
