// The names of the words in the language of the page. The emoji are the same for everybody.

import type { Word } from "@kith/client/private";
import type { LanguageCode } from "../../lib/i18n/index.svelte.js";

const GERMAN = `Hund Katze Löwe Pferd Einhorn Schwein Elefant Hase Panda Hahn Pinguin Schildkröte Fisch Oktopus Schmetterling
Blume Baum Kaktus Pilz Globus Mond Wolke Feuer Banane Apfel Erdbeere Mais Pizza Kuchen Herz Smiley Roboter Hut Brille
Schraubenschlüssel Weihnachtsmann Daumen_hoch Regenschirm Sanduhr Wecker Geschenk Glühbirne Buch Bleistift Büroklammer
Schere Schloss Schlüssel Hammer Telefon Flagge Zug Fahrrad Flugzeug Rakete Pokal Ball Gitarre Trompete Glocke Anker
Kopfhörer Ordner Stecknadel`.split(/\s+/).map((word) => word.replace("_", " "));

/** What a word is called; `words` is the list that it is in. */
export function wordName([emoji, name]: Word, words: readonly Word[], code: LanguageCode): string {
  const place = words.findIndex(([one]) => one === emoji);
  return (code === "de" ? GERMAN[place] : undefined) ?? name;
}
