import { expect, test } from "vitest";
import { choiceOf, isMuted, keptChoice, levelOf, type Choice } from "./levels.js";
import type { Values } from "./preferences.js";

const NOW = 1000;
const check = (values: Values, circle: "c_tea" | undefined = "c_tea") => levelOf(values, "s_ops", circle, NOW);

test("without a choice one is told of mentions in circles, and of everything in conversations", () => {
  expect(check({})).toBe("mentions");
  expect(levelOf({}, "s_ops", undefined, NOW)).toBe("all");
});

test("what was chosen for the stream goes before what was chosen for its circle", () => {
  expect(check({ "notify:c_tea": { level: "all" } })).toBe("all");
  expect(check({ "notify:c_tea": { level: "all" }, "notify:s_ops": { level: "nothing" } })).toBe("nothing");
});

test("what is muted tells nothing, for ever or until its time", () => {
  expect(check({ "notify:s_ops": { level: "all", muted: true } })).toBe("nothing");
  expect(check({ "notify:c_tea": { muted_until: NOW + 1 }, "notify:s_ops": { level: "all" } })).toBe("nothing");
  expect(check({ "notify:c_tea": { muted_until: NOW }, "notify:s_ops": { level: "all" } })).toBe("all");
});

test("what is no choice is none", () => {
  for (const value of [null, 7, "all", [], { level: "loud", muted: 1, muted_until: "later" }]) {
    expect(choiceOf({ "notify:s_ops": value }, "s_ops")).toEqual({});
  }
});

test("a choice is kept as it is read, and none is forgotten", () => {
  for (const choice of [{ level: "all" }, { muted: true }, { level: "nothing", muted_until: 5 }] satisfies Choice[]) {
    expect(choiceOf({ "notify:s_ops": keptChoice(choice) }, "s_ops")).toEqual(choice);
  }
  expect(keptChoice({})).toBeNull();
  expect(keptChoice({ muted: false })).toBeNull();
  expect(isMuted({}, NOW)).toBe(false);
});
