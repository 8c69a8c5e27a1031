import type { protocol } from "@kith/client";
import { expect, test } from "vitest";
import { found, rows } from "./tree.js";

const topic = (name: string, holds: protocol.Kind = "int"): protocol.Topic =>
  ({ id: `t_${name}`, circle: "c_1", created_at: 1, holds, name }) as protocol.Topic;

function check(names: string[], closed: string[], expected: string[]): void {
  const lines = rows(names.map((name) => topic(name)), new Set(closed));
  const shown = lines.map((line) => "  ".repeat(line.depth) + line.name + (line.is === "folder" ? `/ ${line.count}` : ""));
  expect(shown).toEqual(expected);
}

test("names make a tree, folders before what is beside them", () => {
  check(["b", "a/y", "a/x/1", "a"], [], ["a/ 2", "  x/ 1", "    1", "  y", "a", "b"]);
});

test("numbers in names are in the order of numbers", () => {
  check(["row 10", "row 9"], [], ["row 9", "row 10"]);
});

test("what is below a closed folder is not shown", () => {
  check(["a/x", "a/b/y", "c"], ["a/"], ["a/ 2", "c"]);
  check(["a/x", "a/b/y", "c"], ["a/b/"], ["a/ 2", "  b/ 1", "  x", "c"]);
});

test("a topic is found by all words, of its name or its kind", () => {
  const all = [topic("board/Todo", "list"), topic("board/done", "set"), topic("motto", "string")];
  const names = (search: string) => found(all, search).map(({ name }) => name);
  expect(names("")).toHaveLength(3);
  expect(names("todo BOARD")).toEqual(["board/Todo"]);
  expect(names("set")).toEqual(["board/done"]);
  expect(names("board nothing")).toEqual([]);
});

test("ten thousand topics are rows at once", () => {
  const all = Array.from({ length: 10_000 }, (_, at) => topic(`area ${at % 100}/sensor ${at}`));
  expect(rows(all, new Set())).toHaveLength(10_100);
});
