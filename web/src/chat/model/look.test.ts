import { expect, test } from "vitest";
import { choices } from "../../lib/theme.js";
import { keptLook, lookOf, type Look } from "./look.js";

test("every look is read back as it was kept", () => {
  for (const theme of choices("theme")) for (const density of choices("density")) for (const size of choices("size")) for (const motion of choices("motion")) {
    const look: Look = { theme, density, size, motion };
    expect(lookOf(keptLook(look))).toEqual(look);
  }
});

test("of what other clients keep, what is known is taken, and the nearest size", () => {
  expect(lookOf({ theme: "dark", font_percent: 300, density: "airy" })).toEqual({ theme: "dark", size: "huge" });
  expect(lookOf({ font_percent: 50 })).toEqual({ size: "small" });
  expect(lookOf({ font_percent: 106, reduced_motion: false })).toEqual({ size: "medium", motion: "system" });
  for (const value of [null, 1, "dark", [], {}]) expect(lookOf(value)).toEqual({});
});
