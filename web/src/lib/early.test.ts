import { readFileSync } from "node:fs";
import { beforeEach, expect, test, vi } from "vitest";
import { BegunSocket } from "./early.js";

const URL_OF_IT = "wss://kith.example/api/v1/ws";
const SCRIPT = readFileSync(new URL("../../scripts/early.js", import.meta.url), "utf8");
const early = () => void new Function("location", SCRIPT)({ origin: "https://kith.example" });

let made: Fake[] = [];

class Fake {
  static readonly OPEN = 1;
  readyState = 0;
  onopen: (() => void) | null = null;
  constructor(readonly url: string) {
    made.push(this);
  }
}

const taken = () => new BegunSocket(URL_OF_IT, []) as unknown as Fake;

beforeEach(() => {
  made = [];
  vi.stubGlobal("WebSocket", Fake);
  vi.stubGlobal("kithSocket", undefined);
});

test("what was begun is taken once, and whoever takes it hears that it is open", async () => {
  early();
  const [begun] = made;
  if (begun !== undefined) begun.readyState = Fake.OPEN;
  const first = taken();
  first.onopen = vi.fn();
  await Promise.resolve();
  expect(first).toBe(begun);
  expect(first.onopen).toHaveBeenCalledOnce();
  expect(taken()).not.toBe(begun);
});

test("a script that comes too late begins nothing, so that nobody who signs in later takes it", () => {
  const first = taken();
  early();
  expect(made).toEqual([first]);
  expect(taken()).not.toBe(first);
  expect(made).toHaveLength(2);
});

test("what is closed by then, or leads elsewhere, is left", () => {
  early();
  const [begun] = made;
  if (begun !== undefined) begun.readyState = 3;
  expect(taken()).not.toBe(begun);
});
