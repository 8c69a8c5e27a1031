import { writable } from "svelte/store";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { CircleModel } from "./model/circle.js";
import type { Privates } from "./private/privates.svelte.js";
import { isPlainClick, NARROW_PX, View } from "./view.svelte.js";

/** A browser's window, as far as a view looks at it. */
function browser(path: string, width: number) {
  const kept: Record<string, string> = {};
  const past = [path];
  const heard = new Map<string, () => void>();
  const place = { pathname: path };
  vi.stubGlobal("location", place);
  vi.stubGlobal("innerWidth", width);
  vi.stubGlobal("localStorage", { getItem: (key: string) => kept[key] ?? null, setItem: (key: string, value: string) => void (kept[key] = value) });
  vi.stubGlobal("history", {
    pushState: (_: unknown, __: string, to: string) => void past.push((place.pathname = to)),
    replaceState: (_: unknown, __: string, to: string) => void past.splice(-1, 1, (place.pathname = to)),
  });
  vi.stubGlobal("addEventListener", (kind: string, run: () => void) => void heard.set(kind, run));
  vi.stubGlobal("removeEventListener", (kind: string) => void heard.delete(kind));
  const back = () => {
    past.pop();
    place.pathname = past.at(-1) ?? "/";
    heard.get("popstate")?.();
  };
  return { past, back, heard };
}
const circleOf = (...streams: { id: string; archived?: boolean }[]) =>
  ({ id: "c_tea", streams: writable(streams.map(({ id, archived = false }) => ({ id, info: { id, archived } }))) }) as unknown as CircleModel;

let page: ReturnType<typeof browser>;
beforeEach(() => void (page = browser("/s/s_tea", 1280)));
afterEach(() => void vi.unstubAllGlobals());

test("where one goes is in the address, and the browser's way back leads there", () => {
  const view = new View();
  expect(view.route).toEqual({ at: "stream", stream: "s_tea" });
  view.goStream("s_ops", 7);
  view.go({ at: "inbox" }, { replace: true });
  expect(page.past).toEqual(["/s/s_tea", "/inbox"]);
  page.back();
  expect(view.route).toEqual({ at: "stream", stream: "s_tea" });
  view.end();
  expect(page.heard.size).toBe(0);
});

test("the same message can be gone to again, without another step back", () => {
  const view = new View();
  view.goStream("s_tea", 7);
  const { jumps } = view;
  view.goStream("s_tea", 7);
  expect([view.jumps - jumps, page.past]).toEqual([1, ["/s/s_tea", "/s/s_tea/7"]]);
});

test("a circle is where one was last in it, or its first stream that is not archived", () => {
  const view = new View();
  const tea = circleOf({ id: "s_old", archived: true }, { id: "s_tea" }, { id: "s_ops" });
  view.goCircle(tea);
  expect(view.route).toEqual({ at: "stream", stream: "s_tea" });
  view.looksAt("c_tea", "s_ops");
  view.goCircle(tea);
  expect(view.route).toEqual({ at: "stream", stream: "s_ops" });
  view.goCircle(circleOf());
  expect(view.route).toEqual({ at: "circle", circle: "c_tea" });
});

test("where there is room for one panel, a circle is its streams first, unless one wants into it", () => {
  browser("/", NARROW_PX - 1);
  const view = new View();
  const tea = circleOf({ id: "s_tea" });
  view.goCircle(tea);
  expect([view.route.at, view.panel.name]).toEqual(["circle", "places"]);
  view.goCircle(tea, { into: true });
  expect([view.route.at, view.panel.name]).toEqual(["stream", "main"]);
});

test("from what takes the whole page one is back where one was", () => {
  const view = new View();
  view.go({ at: "settings", part: "" });
  view.go({ at: "settings", part: "account" });
  view.go({ at: "admin", part: "" });
  view.leaveWhole({ at: "home" });
  expect(view.route).toEqual({ at: "stream", stream: "s_tea" });
});

test("what was at the side is there again when one looks for nothing any longer", () => {
  const view = new View();
  view.toggle("members");
  view.find({ text: "tea" });
  view.find({ here: true });
  expect([view.side, view.finding]).toEqual(["find", { text: undefined, here: true, count: 2 }]);
  view.closeFind();
  expect(view.side).toBe("members");
  view.toggle("members");
  expect(view.side).toBeUndefined();
});

test("what one wants at the side goes before a thread that stands there", () => {
  const view = new View();
  view.goThread("s_tea", 5);
  view.toggle("members");
  expect([view.side, view.route]).toEqual(["members", { at: "stream", stream: "s_tea" }]);
});

test("one talks privately where one does already, and is asked first where one does not", () => {
  const view = new View();
  view.goPrivately("u_bob");
  expect(view.dialog).toEqual({ is: "private", user: "u_bob" });
  view.privates = { talk: () => ({ stage: "connected" }) } as unknown as Privates;
  view.goPrivately("u_bob");
  expect([view.dialog, view.route]).toEqual([undefined, { at: "private", user: "u_bob" }]);
});

test("what is to be opened elsewhere is left to the browser", () => {
  const click = (of: object) => isPlainClick({ button: 0, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...of } as MouseEvent);
  expect([click({}), click({ ctrlKey: true }), click({ button: 1 }), click({ shiftKey: true })]).toEqual([true, false, false, false]);
});
