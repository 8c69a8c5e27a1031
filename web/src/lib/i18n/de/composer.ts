// In German: see the file of the same name in English.

export const composer = {
  "composer.send": "Senden",
  "composer.formatting": "Formatierung",
  "composer.attach": "Dateien anhängen",
  "composer.emoji": "Emoji",
  "composer.over": { one: "{count} Zeichen zu viel", other: "{count} Zeichen zu viel" },
  "composer.drop": "Zum Anhängen loslassen",
  "composer.suggestions": "Vorschläge",
  "upload.attached": { one: "{count} Datei angehängt", other: "{count} Dateien angehängt" },
  "upload.too_many": "Eine Nachricht hat höchstens {count} Dateien. Die übrigen sind nicht dabei.",
  "upload.failed_first": "Eine Datei konnte nicht gesendet werden: versuche es noch einmal oder entferne sie.",
};
