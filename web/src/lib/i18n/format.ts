// Numbers, sizes, dates and times as a language writes them. Pure: now is an argument.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const kept = new Map<string, unknown>();

/** Formatters are slow to make and are kept, one for each language and purpose. */
export function keep<T>(name: string, make: () => T): T {
  const known = kept.get(name) as T | undefined;
  if (known !== undefined) return known;
  const made = make();
  kept.set(name, made);
  return made;
}

export function pluralRules(language: string): Intl.PluralRules {
  return keep(`plural ${language}`, () => new Intl.PluralRules(language));
}

export function number(language: string, value: number): string {
  return keep(`number ${language}`, () => new Intl.NumberFormat(language)).format(value);
}

/** A number that takes little room: `1.2K`. */
export function compact(language: string, value: number): string {
  return keep(`compact ${language}`, () => new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 })).format(value);
}

export function percent(language: string, share: number): string {
  return keep(`percent ${language}`, () => new Intl.NumberFormat(language, { style: "percent" })).format(share);
}

/** A size of something in bytes, in the unit that fits: `1.5 MB`. */
export function bytes(language: string, size: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
  const step = size < 1 ? 0 : Math.min(Math.floor(Math.log10(size) / 3), units.length - 1);
  const unit = units[step] ?? "byte";
  const format = keep(`${unit} ${language}`, () => {
    return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: step === 0 ? "long" : "short", maximumFractionDigits: 1 });
  });
  return format.format(size / 1000 ** step);
}

/** How a moment is told. */
export type When = "time" | "date" | "day" | "full";

const WHEN: Record<When, Intl.DateTimeFormatOptions> = {
  time: { hour: "numeric", minute: "2-digit" },
  date: { year: "numeric", month: "short", day: "numeric" },
  day: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  full: { dateStyle: "full", timeStyle: "short" },
};

export function moment(language: string, at_ms: number, when: When): string {
  return keep(`${when} ${language}`, () => new Intl.DateTimeFormat(language, WHEN[when])).format(at_ms);
}

/** The midnight before a moment, where the reader is. */
export function dayOf(at_ms: number): number {
  const day = new Date(at_ms);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
}

/** The day of a moment, for a line between days: “Today”, “Yesterday”, or its date. */
export function dayName(language: string, at_ms: number, now_ms: number): string {
  const days = Math.round((dayOf(at_ms) - dayOf(now_ms)) / DAY);
  if (days !== 0 && days !== -1) return moment(language, at_ms, "day");
  const name = relativeFormat(language, "auto").format(days, "day");
  return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
}

/** How long ago something was, or how soon it will be: “5 minutes ago”; a date after a month. */
export function relative(language: string, at_ms: number, now_ms: number): string {
  const away = at_ms - now_ms;
  const size = Math.abs(away);
  if (size >= 30 * DAY) return moment(language, at_ms, "date");
  const [unit, step] = size >= DAY ? (["day", DAY] as const)
    : size >= HOUR ? (["hour", HOUR] as const)
    : size >= MINUTE ? (["minute", MINUTE] as const)
    : (["second", size] as const);
  // Seconds would change while one looks.
  return unit === "second"
    ? relativeFormat(language, "auto").format(0, "second")
    : relativeFormat(language, "always").format(Math.trunc(away / step), unit);
}

function relativeFormat(language: string, numeric: "auto" | "always"): Intl.RelativeTimeFormat {
  return keep(`relative ${numeric} ${language}`, () => new Intl.RelativeTimeFormat(language, { numeric }));
}

/** A length of something that plays: `1:05`, `1:02:09`. */
export function duration(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0;
  const two = (part: number) => String(part).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Several as one enumeration: “ana, bob and cyd”. */
export function list(language: string, items: readonly string[]): string {
  return keep(`list ${language}`, () => new Intl.ListFormat(language, { type: "conjunction" })).format(items);
}

/** Compares texts as people of the language sort them, numbers in them by their value. */
export function collator(language: string): Intl.Collator {
  return keep(`collator ${language}`, () => new Intl.Collator(language, { numeric: true, sensitivity: "base" }));
}
