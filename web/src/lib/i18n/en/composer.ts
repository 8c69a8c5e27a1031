// What the place says where one writes.

export const composer = {
  "composer.label": "Message",
  "composer.send": "Send",
  "composer.preview": "Preview",
  "composer.write": "Write",
  "composer.attach": "Attach files",
  "composer.emoji": "Emoji",
  "composer.nothing": "Nothing to preview.",
  "composer.left": { one: "{count} character left", other: "{count} characters left" },
  "composer.over": { one: "{count} character too many", other: "{count} characters too many" },
  "composer.drop": "Drop to attach",
  "composer.suggestions": "Suggestions",
  "composer.bold": "Bold",
  "composer.italic": "Italic",
  "composer.strike": "Strikethrough",
  "composer.code": "Code",
  "composer.link": "Link",
  "composer.quote": "Quote",
  "composer.list": "List",
  "composer.spoiler": "Spoiler",
  "composer.formatting": "Formatting",
} as const;
