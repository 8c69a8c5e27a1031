// The worker's own handlers, in a scope that is like the one that browsers give it.

import { afterEach, expect, test, vi } from "vitest";

const ORIGIN = "https://tea.example";

interface Said {
  readonly name: string;
  readonly of: unknown;
}

/** Runs the worker beside tabs of these addresses, the one that was looked at last first. */
async function worker(...tabs: readonly string[]) {
  const said: Said[] = [];
  const handlers = new Map<string, (event: object) => void>();
  const clients = tabs.map((path) => ({
    url: ORIGIN + path,
    focus: async () => void said.push({ name: `focus ${path}`, of: undefined }),
    postMessage: (of: unknown) => void said.push({ name: `tell ${path}`, of }),
  }));
  vi.stubGlobal("self", {
    location: new URL(ORIGIN),
    clients: { matchAll: async (of: unknown) => (said.push({ name: "tabs", of }), clients), openWindow: async (url: string) => void said.push({ name: "open", of: url }), claim: async () => {} },
    skipWaiting: async () => {},
    addEventListener: (name: string, run: (event: object) => void) => void handlers.set(name, run),
  });
  vi.resetModules();
  await import("./sw.js");
  /** A click on a notification that leads somewhere; what came of it, once the worker is done. */
  const click = async (data: unknown): Promise<readonly Said[]> => {
    const until: Promise<unknown>[] = [];
    const close = () => void said.push({ name: "close", of: undefined });
    handlers.get("notificationclick")?.({ notification: { data, close }, waitUntil: (done: Promise<unknown>) => void until.push(done) });
    expect(until).toHaveLength(1);
    await Promise.all(until);
    return said;
  };
  return { click, handlers };
}

afterEach(() => void vi.unstubAllGlobals());

const ALL = { name: "tabs", of: { type: "window", includeUncontrolled: true } };
const CLOSED = { name: "close", of: undefined };

test("whoever follows a notification is led there in the tab that is open, which comes to the front", async () => {
  const { click } = await worker("/s/s_tea", "/s/s_ops");
  expect(await click({ url: "/s/s_ops/7" })).toEqual([CLOSED, ALL, { name: "tell /s/s_tea", of: { open: "/s/s_ops/7" } }, { name: "focus /s/s_tea", of: undefined }]);
});

test("without a tab of the chat one is opened, also where another page of the site is", async () => {
  for (const tabs of [[], ["/inspector"], ["/api/v1/files/f_1/content", "/inspector/tea"]]) {
    const { click } = await worker(...tabs);
    expect(await click({ url: "/s/s_ops/7" })).toEqual([CLOSED, ALL, { name: "open", of: "/s/s_ops/7" }]);
  }
  const { click } = await worker("/inspector", "/inbox");
  expect((await click({ url: "/s/s_ops" })).map(({ name }) => name)).toEqual(["close", "tabs", "tell /inbox", "focus /inbox"]);
});

test("a notification leads to places of this site only", async () => {
  for (const data of [{ url: "https://elsewhere.example/s/s_tea" }, { url: "//elsewhere.example" }, { url: 7 }, {}, null]) {
    const { click } = await worker();
    expect((await click(data)).at(-1)).toEqual({ name: "open", of: "/" });
  }
});

test("one that is put away leads nowhere", async () => {
  const { handlers } = await worker("/s/s_tea");
  expect(handlers.has("notificationclick")).toBe(true);
  expect(handlers.has("notificationclose")).toBe(false);
});
