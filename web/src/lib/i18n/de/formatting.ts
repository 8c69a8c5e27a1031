// In German: see the file of the same name in English.

export const formatting = {
  "composer.bold": "Fett",
  "composer.italic": "Kursiv",
  "composer.strike": "Durchgestrichen",
  "composer.code": "Code",
  "composer.link": "Link",
  "composer.quote": "Zitat",
  "composer.list": "Liste",
  "composer.spoiler": "Spoiler",
  "composer.preview": "Vorschau",
  "composer.write": "Schreiben",
};
