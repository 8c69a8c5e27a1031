import { expect, test } from "vitest";
import { Gestures, STILL, type Under } from "./gestures.js";
import { FIT, type Point } from "./zoom.js";

/** A picture of 800 × 400 in a window of 800 × 600, and what happened to it. */
function picture() {
  const told: string[] = [];
  const under: Under = { view: FIT, drawn: STILL, fit: { width: 800, height: 400 }, room: { width: 800, height: 600 }, go: (by) => told.push(`go ${by}`), leave: () => told.push("leave") };
  const hand = new Gestures(under);
  const path = (id: number, all: readonly (readonly [number, number])[]): Point[] => {
    const points = all.map(([x, y]) => ({ x, y }));
    for (const at of points) hand.move(id, at);
    return points;
  };
  /** One finger from its first point to its last, and up. */
  const draw = (all: readonly (readonly [number, number])[], { touch = true, at_ms = 0 } = {}) => {
    const [[x, y] = [0, 0]] = all;
    hand.press(1, { x, y }, touch);
    const last = path(1, all).at(-1) ?? STILL;
    hand.release(1, last, at_ms);
  };
  return { told, under, hand, path, draw };
}

test("a finger to the side goes on, and down leaves, where it goes far enough", () => {
  const { told, under, draw } = picture();
  draw([[100, 0], [60, 5], [-20, 30]]);
  draw([[-100, 0], [20, 0]]);
  draw([[0, 0], [-30, 0]]);
  draw([[0, -100], [5, -50], [90, 60]]);
  draw([[0, 100], [0, -200]]);
  expect(told).toEqual(["go 1", "go -1", "leave"]);
  expect(under).toMatchObject({ view: FIT, drawn: STILL });
});

test("the picture follows the finger, along one axis", () => {
  const { under, hand, path } = picture();
  hand.press(1, { x: 0, y: 0 }, true);
  path(1, [[-5, 0]]);
  expect(under.drawn).toEqual(STILL);
  path(1, [[-20, 3], [-40, 90]]);
  expect(under.drawn).toEqual({ x: -40, y: 0 });
  hand.cancel();
  expect(under.drawn).toEqual(STILL);
});

test("a mouse draws nothing from its place, and moves what is larger", () => {
  const { told, under, draw, hand } = picture();
  draw([[0, 0], [-200, 0]], { touch: false });
  expect(told).toEqual([]);
  expect(hand.moved).toBe(true);
  under.view = { scale: 2, x: 0, y: 0 };
  draw([[0, 0], [-200, 50]], { touch: false });
  expect(under.view).toEqual({ scale: 2, x: -200, y: 50 });
  draw([[0, 0], [-2000, 0]]);
  expect(under.view).toEqual({ scale: 2, x: -400, y: 50 });
  expect(told).toEqual([]);
});

test("two fingers make it larger around them and take it along; what they leave behind goes nowhere", () => {
  const { told, under, hand, path } = picture();
  hand.press(1, { x: 50, y: 0 }, true);
  hand.press(2, { x: 150, y: 0 }, true);
  path(2, [[250, 0]]);
  path(1, [[-150, 0]]);
  // Four times as far from each other; the point between them went from 100 to 50.
  expect(under.view).toEqual({ scale: 4, x: -350, y: 0 });
  hand.press(3, { x: 0, y: 0 }, true);
  path(3, [[300, 300]]);
  expect(under.view.scale).toBe(4);
  // The finger that stays moves it on.
  hand.release(2, { x: 250, y: 0 }, 0);
  path(1, [[-100, 0]]);
  expect(under.view).toEqual({ scale: 4, x: -300, y: 0 });
  hand.press(2, { x: 0, y: 0 }, true);
  path(2, [[-99, 0]]);
  expect(under.view.scale).toBe(1);
  hand.release(2, { x: -99, y: 0 }, 0);
  path(1, [[-400, 0]]);
  hand.release(1, { x: -400, y: 0 }, 0);
  expect(told).toEqual([]);
  expect(under.drawn).toEqual(STILL);
});

test("two taps in one place make it larger there, and two more as it was", () => {
  const { under, draw } = picture();
  draw([[100, 20]], { at_ms: 1000 });
  draw([[104, 20]], { at_ms: 1200 });
  expect(under.view).toEqual({ scale: 2.5, x: 104 * -1.5, y: 20 * -1.5 });
  draw([[0, 0]], { at_ms: 1300 });
  expect(under.view.scale).toBe(2.5);
  draw([[0, 0]], { at_ms: 1400 });
  expect(under.view).toEqual(FIT);
  // Too late, too far away, and by a mouse.
  draw([[0, 0]], { at_ms: 2000 });
  draw([[0, 0]], { at_ms: 2400 });
  draw([[90, 0]], { at_ms: 2500 });
  draw([[90, 0]], { at_ms: 3000, touch: false });
  draw([[90, 0]], { at_ms: 3050, touch: false });
  expect(under.view).toEqual(FIT);
});
