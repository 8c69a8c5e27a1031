// The emoji with their names and search words in one language, and their shortcodes, as a module that
// is made while the pages are built: `virtual:emoji/en`. Each is a line of fields, short enough that
// the browser loads all of them at once when they are first needed.

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const ASKED = /^virtual:emoji\/(\w+)$/;
/** What fonts have; later ones would be shown as boxes. */
const VERSION_MAX = 15.1;
/** Groups by their numbers in emojibase, without that of the skin tones themselves. */
const GROUPS = { 0: "smileys", 1: "people", 3: "nature", 4: "food", 5: "travel", 6: "activities", 7: "objects", 8: "symbols", 9: "flags" };

/** As keyboards write it: without a selector where it is an emoji anyway. */
const RGI = new RegExp("^\\p{RGI_Emoji}$", "v");
const written = (emoji) => (RGI.test(emoji.replaceAll("\ufe0f", "")) ? emoji.replaceAll("\ufe0f", "") : emoji);
const listed = (codes) => (codes === undefined ? [] : [codes].flat());

/** `emoji  name  shortcodes  words  skins` with tabs between, after a line `#group` for each group. */
export function lines(language) {
  const own = require(`emojibase-data/${language}/data.json`);
  const [github, more] = ["github", "emojibase"].map((name) => require(`emojibase-data/en/shortcodes/${name}.json`));
  const made = [];
  for (const [number, group] of Object.entries(GROUPS)) {
    made.push(`#${group}`);
    for (const one of own.filter((one) => one.group === Number(number) && one.version <= VERSION_MAX)) {
      const codes = [...new Set([...listed(github[one.hexcode]), ...listed(more[one.hexcode])])];
      // Of people who are several, those of the same tone.
      const skins = (one.skins ?? []).filter(({ tone }) => typeof tone === "number").map(({ emoji }) => written(emoji));
      const fields = [written(one.emoji), one.label, codes.join(" "), (one.tags ?? []).join("|"), skins.length === 5 ? skins.join(" ") : ""];
      made.push(fields.join("\t").trimEnd());
    }
  }
  return made.join("\n");
}

/** @returns {import("vite").Plugin} */
export function emoji() {
  return {
    name: "emoji",
    resolveId: (id) => (ASKED.test(id) ? `\0${id}` : undefined),
    load(id) {
      const language = ASKED.exec(id.slice(1))?.[1];
      return id.startsWith("\0virtual:emoji/") ? `export default ${JSON.stringify(lines(language))};` : undefined;
    },
  };
}
