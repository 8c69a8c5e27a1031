import fc from "fast-check";
import { expect, test } from "vitest";
import { place, type Wish } from "./place.js";

const room = { width: 1000, height: 800 };
const size = { width: 200, height: 100 };
const at = (left: number, top: number) => ({ left, top, width: 40, height: 20 });
const wish = (more: Partial<Wish>): Wish => ({ side: "bottom", align: "start", rtl: false, ...more });

test("it goes where it is wished", () => {
  expect(place(at(300, 300), size, room, wish({}))).toEqual({ left: 300, top: 326 });
  expect(place(at(300, 300), size, room, wish({ side: "top", align: "center" }))).toEqual({ left: 220, top: 194 });
  expect(place(at(300, 300), size, room, wish({ side: "after", align: "end" }))).toEqual({ left: 346, top: 220 });
});

test("from right to left, beginnings are at the right", () => {
  expect(place(at(300, 300), size, room, wish({ rtl: true }))).toEqual({ left: 140, top: 326 });
  expect(place(at(300, 300), size, room, wish({ side: "after", rtl: true }))).toEqual({ left: 94, top: 300 });
});

test("it turns to the other side where there is no room", () => {
  expect(place(at(300, 770), size, room, wish({})).top).toBe(664);
  expect(place(at(300, 2), size, room, wish({ side: "top" })).top).toBe(28);
});

test("it is in the window wherever it belongs to", () => {
  const number = fc.integer({ min: -50, max: 1200 });
  const wishes = fc.record<Wish>({
    side: fc.constantFrom("top", "bottom", "before", "after"), align: fc.constantFrom("start", "center", "end"), rtl: fc.boolean(),
  });
  fc.assert(fc.property(number, number, wishes, (left, top, wished) => {
    const found = place(at(left, top), size, room, wished);
    expect(found.left).toBeGreaterThanOrEqual(8);
    expect(found.top).toBeGreaterThanOrEqual(8);
    expect(found.left + size.width).toBeLessThanOrEqual(room.width - 8);
    expect(found.top + size.height).toBeLessThanOrEqual(room.height - 8);
  }));
});
