// What rendered messages say of themselves.

export const markdown = {
  "markdown.copy": "Copy code",
  "markdown.spoiler": "Spoiler, hidden: show",
  "markdown.done": "Done",
  "markdown.open": "Not done",
  "markdown.table": "Table",
  "markdown.code": "Code",
} as const;
