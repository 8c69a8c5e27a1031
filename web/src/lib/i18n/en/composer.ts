// What the place says where one writes.

export const composer = {
  "composer.send": "Send",
  "composer.preview": "Preview",
  "composer.write": "Write",
  "composer.attach": "Attach files",
  "composer.emoji": "Emoji",
  "composer.over": { one: "{count} character too many", other: "{count} characters too many" },
  "composer.drop": "Drop to attach",
  "composer.suggestions": "Suggestions",
} as const;
