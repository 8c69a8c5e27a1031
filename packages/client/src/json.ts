// JSON as Kith reads, writes and compares it: whole numbers of 64 bits keep all their digits.

/** A number of a topic: a `bigint` where it is whole and beyond what a `number` holds exactly. */
export type Numeric = number | bigint;

/**
 * Any JSON. Whole numbers beyond ±(2^53 − 1) are `bigint`s; everything else is as `JSON.parse`
 * has it.
 */
export type Json = null | boolean | Numeric | string | readonly Json[] | JsonObject;

/** An object of JSON. */
export type JsonObject = { readonly [key: string]: Json };

/** A text in which an integer may be too long for a `number`. */
const LONG = /(?:^|[[:,\s])-?\d{16}/;
/** The deepest nesting that is read, as on the server. */
const DEPTH_MAX = 127;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y;
const SPACE = /[ \t\n\r]*/y;
const INT_MIN = -(2n ** 63n);
const UINT_MAX = 2n ** 64n - 1n;

/**
 * Reads JSON.
 *
 * Throws a `SyntaxError` when it is none, or nested deeper than 127 levels.
 */
export function parse(text: string): Json {
  return LONG.test(text) ? new Reader(text).whole() : (JSON.parse(text) as Json);
}

/** Reads JSON with its long integers, which `JSON.parse` would round. */
class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  whole(): Json {
    const value = this.value(0);
    this.take(SPACE);
    if (this.at < this.text.length) this.fail();
    return value;
  }

  private fail(): never {
    throw new SyntaxError(`this is no JSON at ${this.at}`);
  }

  private take(what: RegExp): string | undefined {
    what.lastIndex = this.at;
    const found = what.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private next(char: string): boolean {
    this.take(SPACE);
    const there = this.text[this.at] === char;
    if (there) this.at += 1;
    return there;
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.fail();
    this.at += word.length;
    return value;
  }

  private value(depth: number): Json {
    if (depth > DEPTH_MAX) this.fail();
    this.take(SPACE);
    switch (this.text[this.at]) {
      case "{":
        return this.object(depth);
      case "[":
        return this.array(depth);
      case '"':
        return this.string();
      case "t":
        return this.word("true", true);
      case "f":
        return this.word("false", false);
      case "n":
        return this.word("null", null);
      default:
        return this.number();
    }
  }

  private string(): string {
    const found = this.take(STRING);
    return found === undefined ? this.fail() : (JSON.parse(found) as string);
  }

  private number(): Numeric {
    const found = this.take(NUMBER);
    if (found === undefined) this.fail();
    const number = Number(found);
    if (Number.isSafeInteger(number) || /[.eE]/.test(found)) return number;
    const whole = BigInt(found);
    return whole < INT_MIN || whole > UINT_MAX ? number : whole;
  }

  private array(depth: number): Json {
    const items: Json[] = [];
    this.at += 1;
    if (this.next("]")) return items;
    do items.push(this.value(depth + 1));
    while (this.next(","));
    return this.next("]") ? items : this.fail();
  }

  private object(depth: number): Json {
    const entries: [string, Json][] = [];
    this.at += 1;
    if (this.next("}")) return {};
    do {
      this.take(SPACE);
      const key = this.string();
      if (!this.next(":")) this.fail();
      entries.push([key, this.value(depth + 1)]);
    } while (this.next(","));
    // Not by assignment: "__proto__" is a key like others.
    return this.next("}") ? Object.fromEntries(entries) : this.fail();
  }
}

/**
 * Writes JSON. What is `undefined` in an object is left out. A `number` that is whole and not safe
 * is written as the float that it is.
 *
 * Throws a `TypeError` for what JSON cannot say: functions, symbols, numbers that are not finite,
 * texts with half characters in them.
 */
export function stringify(value: unknown): string {
  switch (typeof value) {
    case "string":
      return writeString(value);
    case "boolean":
      return String(value);
    case "bigint":
      return String(value);
    case "number":
      return writeNumber(value);
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${value.map(stringify).join(",")}]`;
      return writeObject(value);
    default:
      throw new TypeError(`JSON has no ${typeof value}`);
  }
}

/** A part of a character, which no text may begin or end with. */
const LONE = /\p{Surrogate}/u;

function writeString(text: string): string {
  if (LONE.test(text)) throw new TypeError("JSON has no half characters");
  return JSON.stringify(text);
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`JSON has no ${value}`);
  const text = Object.is(value, -0) ? "-0.0" : String(value);
  const isWritten = Number.isSafeInteger(value) || /[.e]/.test(text);
  return isWritten ? text : `${text}.0`;
}

function writeObject(value: object): string {
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return `{${entries.map(([key, inner]) => `${writeString(key)}:${stringify(inner)}`).join(",")}}`;
}

/** Whether a value is a number of JSON. */
export function isNumber(value: Json): value is Numeric {
  return typeof value === "number" || typeof value === "bigint";
}

/** Whether a value is an array of JSON. */
export function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Whether a value is an object of JSON. */
export function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether two values are the same: numbers by what they count, objects whatever the order of their
 * keys.
 */
export function same(one: Json, two: Json): boolean {
  if (one === two) return true;
  if (isNumber(one)) return isNumber(two) && Number(one) === Number(two);
  if (isArray(one)) {
    return isArray(two) && one.length === two.length
      && one.every((item, at) => same(item, two[at] as Json));
  }
  if (!isObject(one) || !isObject(two)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(two).length
    && keys.every((key) => Object.hasOwn(two, key) && same(one[key] as Json, two[key] as Json));
}

/** The whole number of 64 bits that a number is: a `bigint` where it is not safe. */
export function int(number: Numeric): Numeric | undefined {
  if (typeof number === "number") {
    // 2^53 itself is exact, and beyond it neighbours are the same number.
    if (!Number.isInteger(number) || Math.abs(number) > 2 ** 53) return undefined;
    return Number.isSafeInteger(number) ? number + 0 : BigInt(number);
  }
  return number < INT_MIN || number >= -INT_MIN ? undefined : narrow(number);
}

/** A whole number as it is held: a `number` where it is safe. */
function narrow(whole: bigint): Numeric {
  const number = Number(whole);
  return Number.isSafeInteger(number) ? number : whole;
}

/** The sum of two whole numbers; `undefined` when it has more than 64 bits. */
export function sum(one: Numeric, two: Numeric): Numeric | undefined {
  return int(narrow(BigInt(one) + BigInt(two)));
}

/** The finite number that a number is. */
export function float(number: Numeric): number | undefined {
  const float = Number(number);
  return Number.isFinite(float) ? float : undefined;
}

/**
 * A copy of a value that an application handed over, as JSON: later changes of the original do not
 * reach it.
 *
 * Throws a `TypeError` for what JSON cannot say.
 */
export function copy(value: unknown): Json {
  return parse(stringify(value));
}
