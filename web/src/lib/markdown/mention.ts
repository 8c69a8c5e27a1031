// Who is meant in a message, found as the server finds it (`kith_core::mention`): what is marked as a
// mention is one. Both have the cases in `tests/cases/mentions`.

/** The most mentions that one message holds; further ones are plain text. */
const MENTIONS_MAX = 50;

const WORD = /[\p{Alphabetic}\p{N}]$/u;
const NAME = /[A-Za-z0-9._-]*/y;

/** The names after each `@`, in lower case, each once, in order of appearance. */
export function mentioned(text: string): string[] {
  const found: string[] = [];
  let fenced = false;
  for (const line of text.split("\n")) {
    if (line.trimStart().startsWith("```")) fenced = !fenced;
    else if (!fenced) inLine(line, found);
  }
  return found;
}

function inLine(line: string, found: string[]): void {
  let code = false;
  for (let at = 0; at < line.length; at += 1) {
    // A lone backtick opens nothing.
    if (line[at] === "`") code = !code && line.indexOf("`", at + 1) !== -1;
    if (line[at] !== "@" || code || found.length >= MENTIONS_MAX || WORD.test(line.slice(Math.max(0, at - 2), at))) continue;
    const name = nameAt(line, at + 1).toLowerCase();
    if (name !== "" && !found.includes(name)) found.push(name);
  }
}

/** The name that begins at a place; dots and dashes at its end belong to the sentence. */
export function nameAt(text: string, at: number): string {
  NAME.lastIndex = at;
  return (NAME.exec(text)?.[0] ?? "").replace(/[._-]+$/, "");
}

/** Whether a word ends right before a place. */
export function isInWord(text: string, at: number): boolean {
  return WORD.test(text.slice(Math.max(0, at - 2), at));
}
