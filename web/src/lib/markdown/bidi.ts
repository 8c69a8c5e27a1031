// Characters that turn the direction of text around. What one part of a message opens is closed at
// its end, so that nothing beside it is turned; in code they are shown. Pure.

const CONTROL = /[\u202a-\u202e\u2066-\u2069]/;
const ALL = /([\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069])/u;
const PDF = "\u202c";
const PDI = "\u2069";

/** The text with everything closed that it opens, and without what closes something before it. */
export function balanced(text: string): string {
  if (!CONTROL.test(text)) return text;
  const open: string[] = [];
  let safe = "";
  for (const c of text) {
    if (c === PDF || c === PDI) {
      if (open[open.length - 1] !== c) continue;
      open.pop();
    } else if (CONTROL.test(c)) {
      open.push(c >= "\u2066" ? PDI : PDF);
    }
    safe += c;
  }
  return safe + open.reverse().join("");
}

/** Text in parts: each that turns the direction apart, with its number. */
export function shown(text: string): { text: string; control: boolean }[] {
  return text.split(ALL).filter((part) => part !== "").map((part) => {
    const control = ALL.test(part) && part.length === 1;
    return { control, text: control ? `U+${(part.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}` : part };
  });
}
