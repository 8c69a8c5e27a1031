// In German: see the file of the same name in English.

export const markdown = {
  "markdown.copy": "Code kopieren",
  "markdown.spoiler": "Spoiler, verdeckt: zeigen",
  "markdown.done": "Erledigt",
  "markdown.open": "Offen",
  "markdown.table": "Tabelle",
  "markdown.code": "Code",
};
