import { expect, test } from "vitest";
import { step, typed, type MenuItem } from "./menu.js";

const item = (label: string, disabled = false): MenuItem => ({ label, disabled, run: () => {} });
const items = [item("Edit"), item("Copy link"), "line" as const, item("Copy text", true), item("Delete"), item("Clear")];

test("arrows go over what can be chosen, round and round", () => {
  expect(step(items, -1, "ArrowDown")).toBe(0);
  expect(step(items, 1, "ArrowDown")).toBe(4);
  expect(step(items, 5, "ArrowDown")).toBe(0);
  expect(step(items, 0, "ArrowUp")).toBe(5);
  expect(step(items, 4, "ArrowUp")).toBe(1);
  expect(step(items, 3, "Home")).toBe(0);
  expect(step(items, 3, "End")).toBe(5);
  expect(step(items, 3, "x")).toBeUndefined();
  expect(step(["line", item("a", true)], -1, "ArrowDown")).toBeUndefined();
});

test("letters go to what begins with them", () => {
  expect(typed(items, 0, "c")).toBe(1);
  expect(typed(items, 1, "c")).toBe(5);
  expect(typed(items, 5, "c")).toBe(1);
  expect(typed(items, 1, "co")).toBe(1);
  expect(typed(items, 0, "CL")).toBe(5);
  expect(typed(items, 0, "z")).toBeUndefined();
});
