// What is compared and measured, as a language writes it: moments as logs have them, and numbers that change
// while one looks. Pure.

import { keep } from "./format.js";

const SECOND = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;

/** A moment: with its day and to the second, or that day's time to the millisecond. */
export type Measured = "second" | "exact";

const MEASURED: Record<Measured, Intl.DateTimeFormatOptions> = {
  second: { year: "numeric", month: "short", day: "numeric", ...SECOND },
  exact: { ...SECOND, fractionalSecondDigits: 3 },
};

export function instant(language: string, at_ms: number, as: Measured): string {
  return keep(`${as} ${language}`, () => new Intl.DateTimeFormat(language, MEASURED[as])).format(at_ms);
}

/** A number with always one digit behind the point. */
export function decimal(language: string, value: number): string {
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return keep(`decimal ${language}`, () => new Intl.NumberFormat(language, digits)).format(value);
}
