// Messages with places for values, and with forms for numbers. Pure.

/** Forms by number, as `Intl.PluralRules` names them; the number is the value `count`. */
export type Plural = { readonly other: string } & { readonly [rule in Intl.LDMLPluralRule]?: string };
/** What is said: with `{name}` where a value goes. */
export type Message = string | Plural;
export type Value = string | number;

type Places<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Places<Rest> : never;
type Names<Said> = Said extends string ? Places<Said> : "count" | Places<Said[keyof Said]>;
/** The values that a message takes: none, or one for each of its places. */
export type Values<Said> = [Names<Said>] extends [never]
  ? []
  : [values: { readonly [name in Names<Said>]: name extends "count" ? number : Value }];

/** A part of a message: words, or the name of the value that goes there. */
export type Part = { readonly text: string } | { readonly name: string };

const PLACE = /\{(\w+)\}/g;

/** The form of a message for its number. */
export function form(message: Message, rules: Intl.PluralRules, values: Readonly<Record<string, Value>>): string {
  if (typeof message === "string") return message;
  const { count } = values;
  return message[rules.select(typeof count === "number" ? count : 0)] ?? message.other;
}

/** A message with its values in their places; numbers are written by `number`. */
export function fill(text: string, values: Readonly<Record<string, Value>>, number: (value: number) => string): string {
  return text.replace(PLACE, (place, name: string) => {
    const value = values[name];
    if (value === undefined) return place;
    return typeof value === "number" ? number(value) : value;
  });
}

/** The words of a message and the places between them, in order. */
export function parts(text: string): Part[] {
  const found: Part[] = [];
  let done = 0;
  for (const { 0: place, 1: name = "", index } of text.matchAll(PLACE)) {
    if (index > done) found.push({ text: text.slice(done, index) });
    found.push({ name });
    done = index + place.length;
  }
  if (done < text.length) found.push({ text: text.slice(done) });
  return found;
}

/** The names of all places of a message, each once and sorted. */
export function placesOf(message: Message): string[] {
  const texts = typeof message === "string" ? [message] : Object.values(message);
  const names = texts.flatMap((text) => [...text.matchAll(PLACE)].map(([, name]) => name ?? ""));
  return [...new Set(names)].sort();
}
