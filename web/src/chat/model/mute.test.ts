import { expect, test } from "vitest";
import { muteOf, withMute, type Mute } from "./mute.js";

const NOW = 1_000_000;
const check = (mute: Mute) => withMute({ level: "all", muted: true, muted_until: 7 }, mute, NOW);

test("what is muted is so for its time, or for ever, and keeps its level", () => {
  expect(check("hour")).toEqual({ level: "all", muted_until: NOW + 3_600_000 });
  expect(check("ever")).toEqual({ level: "all", muted: true });
  expect(check("not")).toEqual({ level: "all" });
  expect(withMute({}, "not", NOW)).toEqual({});
});

test("what is chosen now is told, and what is over is not", () => {
  expect(muteOf(check("ever"), NOW)).toBe("ever");
  expect(muteOf(check("day"), NOW)).toBe("until");
  expect(muteOf(check("day"), NOW + 25 * 3_600_000)).toBe("not");
  expect(muteOf({}, NOW)).toBe("not");
});
