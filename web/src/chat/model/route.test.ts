import { expect, test } from "vitest";
import { parseRoute, pathOf, type Route } from "./route.js";

const ROUTES: readonly Route[] = [
  { at: "home" }, { at: "signin" }, { at: "signup" }, { at: "reset" }, { at: "inbox" }, { at: "invite", code: "0aB9" },
  { at: "circle", circle: "c_01k" }, { at: "stream", stream: "s_01k" }, { at: "stream", stream: "s_01k", message: 12 },
  { at: "stream", stream: "s_01k", thread: 3 }, { at: "stream", stream: "s_01k", thread: 3, message: 12 },
  { at: "direct", user: "u_01k" }, { at: "settings", part: "" }, { at: "settings", part: "sessions" }, { at: "admin", part: "users" },
];

test("every route has an address that leads to it", () => {
  for (const route of ROUTES) expect(parseRoute(pathOf(route))).toEqual(route);
});

test("what leads nowhere is home", () => {
  for (const path of ["", "/x", "/c/", "/c/<b>", "/s/12", "/invite/", "/invite/a-b", "/d/u_", `/s/s_${"a".repeat(99)}`]) {
    expect(parseRoute(path), path).toEqual({ at: "home" });
  }
  expect(parseRoute("/s/s_01k/x")).toEqual({ at: "stream", stream: "s_01k" });
  expect(parseRoute("/join/abc")).toEqual({ at: "invite", code: "abc" });
});
