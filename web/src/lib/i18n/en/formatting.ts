// What the formats are called that are given to what one writes.

export const formatting = {
  "composer.bold": "Bold",
  "composer.italic": "Italic",
  "composer.strike": "Strikethrough",
  "composer.code": "Code",
  "composer.link": "Link",
  "composer.quote": "Quote",
  "composer.list": "List",
  "composer.spoiler": "Spoiler",
  "composer.preview": "Preview",
  "composer.write": "Write",
} as const;
