import type { protocol } from "@kith/client";
import { expect, test } from "vitest";
import { read, readPath } from "./json.js";
import { line, Rates, SAMPLES_MAX } from "./rates.js";

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
