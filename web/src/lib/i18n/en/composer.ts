// What the place says where one writes.

export const composer = {
  "composer.send": "Send",
  "composer.formatting": "Formatting",
  "composer.attach": "Attach files",
  "composer.emoji": "Emoji",
  "composer.over": { one: "{count} character too many", other: "{count} characters too many" },
  "composer.drop": "Drop to attach",
  "composer.suggestions": "Suggestions",
  "upload.attached": { one: "{count} file attached", other: "{count} files attached" },
  "upload.too_many": "A message has at most {count} files. The others are left out.",
  "upload.failed_first": "A file could not be sent: try it again, or remove it.",
} as const;
