import { expect, test } from "vitest";
import { questionBeside, questionOf, tally } from "./poll.js";

test("votes have their question beside them", () => {
  expect(questionBeside("polls/7/votes")).toBe("polls/7/question");
  expect(questionBeside("votes")).toBe("question");
  expect(questionBeside("polls/7/devotes")).toBeUndefined();
  expect(questionBeside("polls/7")).toBeUndefined();
});

test("a question has options, each once, and whatever else is there is none", () => {
  expect(questionOf({ question: "Tea?", options: ["yes", "no", "yes", 7] })).toEqual({ question: "Tea?", options: ["yes", "no"] });
  for (const no of [{}, { question: "Tea?" }, { question: 1, options: ["a"] }, { question: "Tea?", options: [] }, { question: "Tea?", options: "yes" }]) {
    expect(questionOf(no)).toBeUndefined();
  }
});

test("votes are counted by option, and those for nothing are not", () => {
  const asked = { question: "Tea?", options: ["yes", "no"] };
  expect(tally(asked, { u_ana: "yes", u_bob: "no", u_cyd: "yes", u_dia: "maybe", u_eli: 3 })).toEqual([
    { option: "yes", voters: ["u_ana", "u_cyd"], share: 2 / 3 },
    { option: "no", voters: ["u_bob"], share: 1 / 3 },
  ]);
  expect(tally(asked, {})[0]?.share).toBe(0);
});
