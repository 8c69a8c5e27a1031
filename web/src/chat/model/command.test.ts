import { expect, test } from "vitest";
import { answerIn, commandIn } from "./command.js";

test("a slash at the beginning makes a command, with all that stands behind its name", () => {
  expect(commandIn("/poll tea or coffee")).toEqual({ name: "poll", text: "tea or coffee" });
  expect(commandIn("/poll")).toEqual({ name: "poll", text: "" });
  expect(commandIn(" /games/dice  2\n3 ")).toEqual({ name: "games/dice", text: "2\n3" });
  for (const no of ["poll", "//poll", "/ poll", "/", "a /poll", ""]) expect(commandIn(no), no).toBeUndefined();
});

test("a result says something to its caller where it has a text", () => {
  expect(answerIn({ text: "asked" })).toBe("asked");
  for (const no of [null, "asked", { text: 3 }, { text: " " }, ["text"], {}]) expect(answerIn(no)).toBeUndefined();
});
