// In German: see the file of the same name in English.

export const composer = {
  "composer.label": "Nachricht",
  "composer.send": "Senden",
  "composer.preview": "Vorschau",
  "composer.write": "Schreiben",
  "composer.attach": "Dateien anhängen",
  "composer.emoji": "Emoji",
  "composer.nothing": "Noch nichts zu sehen.",
  "composer.left": { one: "noch {count} Zeichen", other: "noch {count} Zeichen" },
  "composer.over": { one: "{count} Zeichen zu viel", other: "{count} Zeichen zu viel" },
  "composer.drop": "Zum Anhängen loslassen",
  "composer.suggestions": "Vorschläge",
  "composer.bold": "Fett",
  "composer.italic": "Kursiv",
  "composer.strike": "Durchgestrichen",
  "composer.code": "Code",
  "composer.link": "Link",
  "composer.quote": "Zitat",
  "composer.list": "Liste",
  "composer.spoiler": "Spoiler",
  "composer.formatting": "Formatierung",
};
