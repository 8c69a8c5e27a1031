import fc from "fast-check";
import { expect, test } from "vitest";
import { Heights, type Key } from "./heights.js";
import { FeedModel } from "./model.js";

const keys = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

test("heights are measured or guessed", () => {
  const heights = new Heights(50);
  heights.setKeys(["a", "b", "c"]);
  expect([heights.total, heights.top(1)]).toEqual([150, 50]);
  expect(heights.measure("b", 100)).toBe(true);
  expect(heights.measure("b", 100)).toBe(false);
  expect(heights.measure("z", 9)).toBe(false);
  expect([heights.total, heights.top(2)]).toEqual([200, 150]);
  expect([-5, 0, 49, 50, 149, 150, 999].map((at) => heights.placeAt(at))).toEqual([0, 0, 0, 1, 1, 2, 2]);
  // New rows are guessed as those that are known.
  heights.setKeys(["z", "a", "b", "c"]);
  expect([heights.height(0), heights.height(2)]).toEqual([100, 100]);
  expect(new Heights(50).placeAt(10)).toBe(0);
});

test("what was measured is not kept without end", () => {
  const heights = new Heights(10);
  for (let round = 0; round < 50; round += 1) {
    heights.setKeys(keys(round * 100, round * 100 + 100));
    for (const key of keys(round * 100, round * 100 + 100)) heights.measure(key, 20);
  }
  expect(heights.total).toBe(2000);
});

function list(): FeedModel {
  const model = new FeedModel(50, "end");
  model.room = 400;
  model.setKeys(keys(0, 100));
  model.settle();
  return model;
}

test("it begins at the end and stays there", () => {
  const model = list();
  expect(model.top).toBe(4600);
  model.setKeys(keys(0, 101));
  expect(model.settle()).toBe(4650);
  model.heights.measure(100, 250);
  expect(model.settle()).toBe(4850);
  model.room = 300;
  expect(model.settle()).toBe(4950);
});

test("what comes before does not move what is read, and what comes behind neither", () => {
  const model = list();
  model.scrolled(1020, true);
  model.setKeys(keys(-50, 130));
  expect(model.settle()).toBe(1020 + 2500);
  model.heights.measure(-3, 90);
  expect(model.settle()).toBe(1020 + 2540);
  model.before = 30;
  expect(model.settle()).toBe(1020 + 2570);
});

test("a row that is gone leaves its neighbour where it is", () => {
  const model = list();
  model.scrolled(1020, true);
  model.setKeys(keys(0, 100).filter((key) => key !== 20));
  // The row 21 began 30 below the top.
  expect(model.settle()).toBe(1000 - 30);
  model.setKeys([]);
  expect(model.settle()).toBe(0);
  model.setKeys([1]);
  expect(model.settle()).toBe(0);
});

test("a row that begins above the window grows upwards", () => {
  const model = list();
  model.scrolled(1020, true);
  model.heights.measure(20, 230);
  expect(model.settle()).toBe(1200);
});

test("where something newer is to come, the last row is not the end", () => {
  const model = list();
  model.scrolled(4600, false);
  expect(model.isAtEnd).toBe(false);
  model.setKeys(keys(0, 150));
  expect(model.settle()).toBe(4600);
  model.scrolled(7100, true);
  expect(model.isAtEnd).toBe(true);
  model.letGo();
  model.setKeys(keys(0, 200));
  expect(model.settle()).toBe(7100);
});

test("a row is brought into the window and held there while others are measured", () => {
  const model = list();
  expect(model.reveal("nobody", "center")).toBe(false);
  expect(model.reveal(40, "center")).toBe(true);
  expect(model.settle()).toBe(2000 - 175);
  model.heights.measure(39, 500);
  expect(model.settle()).toBe(2450 - 175);
  expect(model.reveal(40, "nearest")).toBe(true);
  expect(model.settle()).toBe(2450 - 175);
  model.reveal(60, "nearest");
  expect(model.settle()).toBe(3450 + 50 - 400);
  model.reveal(0, "nearest");
  expect(model.settle()).toBe(0);
  model.reveal(99, "start");
  expect(model.settle()).toBe(model.end);
});

test("seen is what can be read", () => {
  const model = list();
  model.scrolled(1020, true);
  expect(model.seen()).toEqual({ from: 21, to: 28 });
  model.heights.measure(21, 2000);
  model.scrolled(1500, true);
  expect(model.place).toEqual({ key: 21, below: -450 });
  expect(model.seen()).toEqual({ from: 21, to: 22 });
});

test("nobody who reads is moved, and whoever is at the end stays there, whatever happens", () => {
  type Step = ["older" | "newer" | "remove" | "measure" | "scroll" | "resize" | "reveal", number, number];
  const kind = fc.constantFrom<Step[0]>("older", "newer", "remove", "measure", "scroll", "resize", "reveal");
  const step = fc.tuple(kind, fc.nat(1000), fc.nat(400)) as fc.Arbitrary<Step>;
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const model = list();
    let [first, last] = [0, 100];
    const removed = new Set<Key>();
    const now = () => keys(first, last).filter((key) => !removed.has(key));
    for (const [what, one, two] of steps) {
      const held = model.place;
      const any = now()[one % Math.max(1, now().length)];
      if (what === "older") model.setKeys(((first -= one % 70), now()));
      if (what === "newer") model.setKeys(((last += one % 70), now()));
      if (what === "remove" && any !== undefined && now().length > 5) model.setKeys((removed.add(any), now()));
      if (what === "measure" && any !== undefined) model.heights.measure(any, two);
      if (what === "scroll") model.scrolled(Math.min(one * 5, model.end), true);
      if (what === "resize") model.room = 200 + two;
      if (what === "reveal" && any !== undefined) model.reveal(any, "center");
      model.settle();
      expect(model.top).toBeGreaterThanOrEqual(0);
      expect(model.top).toBeLessThanOrEqual(model.end);
      if (model.isAtEnd) expect(model.top).toBe(model.end);
      const place = held === "end" ? undefined : model.heights.placeOf(held.key);
      const free = model.top > 0 && model.top < model.end;
      // Unless there is no room to stay.
      if (free && place !== undefined && !["scroll", "reveal"].includes(what) && model.place === held && held !== "end") {
        expect(model.before + model.heights.top(place) - model.top).toBeCloseTo(held.below, 6);
      }
      const { from, to } = model.range(100);
      if (model.heights.count > 0) {
        expect(model.heights.top(from)).toBeLessThanOrEqual(Math.max(0, model.top - 100));
        expect(model.heights.top(to)).toBeGreaterThanOrEqual(Math.min(model.heights.total, model.top + model.room));
        const seen = model.seen();
        expect(seen.from).toBeGreaterThanOrEqual(from);
        expect(seen.to).toBeLessThanOrEqual(to);
      }
    }
  }), { numRuns: 300 });
}, 60_000);

test("what one reads stays under the line of its day, which goes to older messages of that day", () => {
  const model = new FeedModel(50, "end", (key) => key !== "today");
  model.room = 400;
  model.setKeys(["today", ...keys(50, 100)]);
  model.settle();
  model.scrolled(0, true);
  model.setKeys(["today", ...keys(0, 100)]);
  expect(model.settle()).toBe(2500);
  expect(model.place).toEqual({ key: 50, below: 50 });
});
