import type { protocol } from "@kith/client";
import { expect, test, vi } from "vitest";
import { read, readPath } from "./json.js";
import { line, Rates, SAMPLES_MAX } from "./rates.js";
import { soon } from "./soon.js";
import { edit } from "../lib/texts.js";

test("an edit is the part that differs, between whole characters", () => {
  expect(edit("same", "same")).toBeUndefined();
  for (const [from, to, told] of [
    ["the tea", "the green tea", { at: 4, delete: 0, insert: "green " }],
    ["aaa", "aa", { at: 2, delete: 1, insert: "" }],
    ["", "new", { at: 0, delete: 0, insert: "new" }],
    ["a😀b", "a😁b", { at: 1, delete: 2, insert: "😁" }],
    ["x😀", "x", { at: 1, delete: 2, insert: "" }],
  ] as const) {
    const found = edit(from, to);
    expect(found).toEqual(told);
    if (found !== undefined) expect(from.slice(0, found.at) + found.insert + from.slice(found.at + found.delete)).toBe(to);
  }
});

test("JSON that a person writes is read, or it is said why not", () => {
  expect(read("9223372036854775807")).toEqual({ value: 9223372036854775807n });
  expect(read("  ", null)).toEqual({ value: null });
  expect(read("")).toHaveProperty("why");
  expect(read("{a}")).toHaveProperty("why");
});

test("a path is an array, or one key", () => {
  expect(readPath("title")).toEqual({ path: ["title"] });
  expect(readPath('["rows", 0]')).toEqual({ path: ["rows", 0] });
  for (const bad of ["[", "[-1]", "[1.5]", "[{}]", "[null]"]) expect(readPath(bad)).toHaveProperty("why");
});

test("rates are between two looks, and begin anew with another life", () => {
  const rates = new Rates();
  const look = (seq: number, at_ms: number) => rates.heard([{ feed: "t_1", followers: 2, seq } as protocol.Traffic], at_ms);
  look(10, 0);
  look(30, 2000);
  look(5, 4000);
  look(6, 4000);
  expect(rates.of("t_1").map(({ rate }) => rate)).toEqual([0, 10, 0, 0]);
  for (let at = 5; at < 200; at += 1) look(at, at * 1000);
  expect(rates.of("t_1")).toHaveLength(SAMPLES_MAX);
  expect(rates.of("t_2")).toEqual([]);
});

test("a line ends at the right", () => {
  expect(line([0, 4], 59, 10)).toBe("58.0,9.0 59.0,1.0");
});

test("what changes often is asked for at once, and then now and then", () => {
  vi.useFakeTimers();
  let asked = 0;
  const asking = soon(async () => void (asked += 1), 100);
  for (let at = 0; at < 5; at += 1) asking.run();
  expect(asked).toBe(1);
  vi.advanceTimersByTime(100);
  expect(asked).toBe(2);
  vi.advanceTimersByTime(1000);
  expect(asked).toBe(2);
  asking.run();
  asking.run();
  asking.stop();
  vi.advanceTimersByTime(1000);
  expect(asked).toBe(3);
  vi.useRealTimers();
});
