// In German: see the file of the same name in English.

export const composer = {
  "composer.send": "Senden",
  "composer.preview": "Vorschau",
  "composer.write": "Schreiben",
  "composer.attach": "Dateien anhängen",
  "composer.emoji": "Emoji",
  "composer.over": { one: "{count} Zeichen zu viel", other: "{count} Zeichen zu viel" },
  "composer.drop": "Zum Anhängen loslassen",
  "composer.suggestions": "Vorschläge",
};
