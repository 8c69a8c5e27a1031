import fc from "fast-check";
import { expect, test } from "vitest";
import { colour, fitted, kindOf, shownAs } from "./kinds.js";
import { FIT, SCALE_MAX, bounded, zoomed } from "./zoom.js";

const [fit, room] = [{ width: 800, height: 400 }, { width: 800, height: 600 }];

test("the point under the pointer stays where it is", () => {
  const view = zoomed(FIT, 4, { x: 100, y: 20 }, fit, room);
  expect(view).toEqual({ scale: 4, x: -300, y: -60 });
  expect(zoomed(view, 0.1, { x: 0, y: 0 }, fit, room)).toEqual(FIT);
  expect(zoomed(FIT, 100, { x: 0, y: 0 }, fit, room).scale).toBe(SCALE_MAX);
});

test("a picture never leaves its window", () => {
  const number = fc.double({ min: -5000, max: 5000, noNaN: true });
  fc.assert(fc.property(fc.double({ min: 1, max: 8, noNaN: true }), number, number, (scale, x, y) => {
    const view = bounded({ scale, x, y }, fit, room);
    expect(Math.abs(view.x)).toBeLessThanOrEqual(Math.max(0, (fit.width * scale - room.width) / 2));
    expect(Math.abs(view.y)).toBeLessThanOrEqual(Math.max(0, (fit.height * scale - room.height) / 2));
  }));
});

test("pictures fit their room and are not made larger", () => {
  expect(fitted(2000, 1000, { width: 400, height: 300 })).toEqual({ width: 400, height: 200 });
  expect(fitted(100, 50, { width: 400, height: 300 })).toEqual({ width: 100, height: 50 });
  expect(fitted(0, 10_000, { width: 400, height: 300 })).toEqual({ width: 1, height: 300 });
});

test("files have a kind, and colours of others are only colours", () => {
  expect(["image/png", "video/mp4", "audio/ogg; codecs=opus", "application/pdf", "application/zip", "text/plain", "x"].map(kindOf))
    .toEqual(["image", "video", "audio", "text", "archive", "text", "other"]);
  expect(colour("#a1B2c3")).toBe("#a1B2c3");
  for (const bad of ["red", "#abc", "url(x)", "#a1b2c3;", undefined]) expect(colour(bad)).toBeUndefined();
});

test("a file is shown in place where the server lets it be", () => {
  const size = { width: 1, height: 1 };
  expect([{ type: "image/png", ...size }, { type: "image/svg+xml", ...size }, { type: "image/png" }, { type: "video/webm" }, { type: "video/quicktime" }, { type: "audio/mpeg" }, { type: "text/html" }].map(shownAs))
    .toEqual(["picture", "file", "file", "video", "file", "audio", "file"]);
});
