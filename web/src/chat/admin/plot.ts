// Lines of a plot, as paths of SVG. Pure.

/** A value at a moment; a line has a gap where there is none. */
export interface Spot {
  readonly at_ms: number;
  readonly value: number | undefined;
}

/** What is drawn on. */
export interface Field {
  readonly width: number;
  readonly height: number;
  /** The moments at its left and right. */
  readonly from_ms: number;
  readonly to_ms: number;
  /** The value at its top; at the bottom is 0. */
  readonly most: number;
}

/** A round number that is at least this: 1, 2 or 5 with zeros. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const step = 10 ** Math.floor(Math.log10(value));
  const times = [1, 2, 5].find((times) => times * step >= value) ?? 10;
  return times * step;
}

/** A line through all spots. */
export function line(spots: readonly Spot[], field: Field): string {
  let path = "";
  let isOpen = false;
  for (const { at_ms, value } of spots) {
    if (value === undefined) {
      isOpen = false;
      continue;
    }
    path += `${isOpen ? "L" : "M"}${place(at_ms, value, field)}`;
    isOpen = true;
  }
  return path;
}

function place(at_ms: number, value: number, { width, height, from_ms, to_ms, most }: Field): string {
  const x = to_ms > from_ms ? ((at_ms - from_ms) / (to_ms - from_ms)) * width : width;
  const y = height - Math.min(value / most, 1) * height;
  return `${round(x)} ${round(y)}`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
