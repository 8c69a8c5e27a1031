// What the page looks like, between how the browser keeps it and how it follows the user. Pure.

import type { Choices } from "../../lib/theme.js";
import type { Value } from "./preferences.js";

/** The name under which it follows the user. */
export const LOOK = "appearance";

/** What is chosen of each. */
export type Look = { readonly [Name in keyof Choices]: Choices[Name][number] };

const DENSITIES = { compact: "compact", comfortable: "normal", roomy: "roomy" } as const satisfies Record<Look["density"], string>;
/** The size of text, in per cent. */
const SIZES = { small: 93, medium: 100, large: 114, huge: 136 } as const satisfies Record<Look["size"], number>;

/** As it follows the user. */
export function keptLook({ theme, density, size, motion }: Look): Value {
  return { theme, density: DENSITIES[density], font_percent: SIZES[size], reduced_motion: motion === "reduced" };
}

/** What follows the user, as far as it says; of sizes the nearest. */
export function lookOf(value: Value): Partial<Look> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const { theme, density, font_percent: percent, reduced_motion: reduced } = value as Readonly<Record<string, Value>>;
  const known = (["system", "light", "dark"] as const).find((one) => one === theme);
  const spacing = keysOf(DENSITIES).find((one) => DENSITIES[one] === density);
  return {
    ...(known === undefined ? {} : { theme: known }),
    ...(spacing === undefined ? {} : { density: spacing }),
    ...(typeof percent === "number" ? { size: keysOf(SIZES).reduce((one, two) => (Math.abs(SIZES[two] - percent) < Math.abs(SIZES[one] - percent) ? two : one)) } : {}),
    ...(typeof reduced === "boolean" ? { motion: reduced ? "reduced" : "system" } : {}),
  };
}

function keysOf<Names extends string>(of: Readonly<Record<Names, unknown>>): Names[] {
  return Object.keys(of) as Names[];
}
