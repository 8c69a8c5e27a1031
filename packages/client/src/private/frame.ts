// What both halves of a session read frames with.

export type Fields = Record<string, unknown>;

/** The other side said what it may not say. */
export class Broken extends Error {}

export const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

export function need(holds: boolean): asserts holds {
  if (!holds) throw new Broken();
}
