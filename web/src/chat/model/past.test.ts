import type { protocol } from "@kith/client";
import { writable } from "svelte/store";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ANA } from "./fake.js";
import { forgetShown, Keeper, lastShown, type PastSite, type PastStream } from "./past.js";
import type { Keep } from "./outbox.js";
import type { Site } from "./site.js";
import type { StreamModel } from "./stream.js";

/** What the browser keeps, of whomever it is. */
const disk = vi.hoisted(() => new Map<string, unknown>());
vi.mock("../../lib/store/shown.js", () => ({
  Shown: class {
    constructor(private readonly user: string) {}
    all = async () => new Map([...disk].filter(([key]) => key.startsWith(`${this.user} `)).map(([key, value]) => [key.slice(this.user.length + 1), value]));
    set = async (name: string, value: unknown) => void disk.set(`${this.user} ${name}`, structuredClone(value));
    delete = async (name: string) => void disk.delete(`${this.user} ${name}`);
    clear = async () => disk.clear();
  },
}));

/** The small texts that the browser keeps. */
function texts(): Keep {
  const kept = new Map<string, string>();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value), removeItem: (key) => void kept.delete(key) };
}

/** A store that is asked as well, as those of the SDK. */
function store<T>(first: T) {
  let now = first;
  const inner = writable(first);
  return { subscribe: inner.subscribe, get: () => now, set: (value: T) => inner.set((now = value)) };
}
const line = (seq: number) => ({ state: "confirmed", message: { seq, author: "u_bob", at: seq, text: `number ${seq}` } });

/** A stream with so many messages, of which older ones may be there. */
function stream(id: string, count: number, { wasRead = true, newer = false } = {}) {
  const messages = store<object[]>(Array.from({ length: count }, (_, at) => line(at + 1)));
  const counts = store({ read: 0, unread: 0, mentions: 0 });
  return { id, info: { id }, wasRead, counts, feed: { seq: count, messages, part: store({ older: true, newer }) } } as unknown as StreamModel & { feed: { messages: typeof messages } };
}

function world(streams: StreamModel[], shownAt?: number) {
  const site = {
    me: "u_ana", client: { welcome: { user: ANA, token: "secret", device: "secret", limits: {} } }, people: { users: writable(new Map([["u_ana", ANA]])) },
    circles: writable([]), conversations: writable(streams), blocked: writable(new Set(["u_eve"])), admin: writable(false), ready: writable(true), shownAt: writable(shownAt), all: () => streams,
  };
  return { site: site as unknown as Site & { conversations: { set(all: StreamModel[]): void } }, streams };
}
const kept = (name: string) => disk.get(`u_ana ${name}`) as (PastSite & PastStream) | undefined;

beforeEach(() => {
  disk.clear();
  vi.useFakeTimers({ now: 1000 });
});
afterEach(() => void vi.useRealTimers());

/** Until a keeper has kept what there is, and follows it. */
async function whole(keeper: Keeper): Promise<void> {
  keeper.flush();
  await vi.advanceTimersByTimeAsync(2000);
}

test("what is shown is there for the page after, without what opens anything", async () => {
  const storage = texts();
  const { site } = world([stream("s_bob", 3)]);
  const keeper = new Keeper(site, storage);
  await whole(keeper);
  await whole(keeper);
  const past = await lastShown(storage, 5000);
  expect(past?.streams.get("s_bob")?.messages.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect([past?.window.conversations.length, past?.blocked, past?.users]).toEqual([1, ["u_eve"], [ANA]]);
  expect(JSON.stringify([...disk.values()])).not.toContain("secret");
  await keeper.end();
});

test("of a stream the newest 50 messages are kept, and of those that nobody looked at, or not at the end of, none", async () => {
  const { site } = world([stream("s_bob", 80), stream("s_cyd", 4, { wasRead: false }), stream("s_dan", 4, { newer: true })]);
  const keeper = new Keeper(site, texts());
  await whole(keeper);
  await whole(keeper);
  expect(kept("s_bob")?.messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, at) => at + 31));
  expect([kept("s_cyd"), kept("s_dan")]).toEqual([undefined, undefined]);
  await keeper.end();
});

test("what changes is kept a little later, and what is gone is kept no longer", async () => {
  const bob = stream("s_bob", 1);
  const { site, streams } = world([bob]);
  const keeper = new Keeper(site, texts());
  await whole(keeper);
  bob.feed.messages.set([line(1), line(2)]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(kept("s_bob")?.messages).toHaveLength(2);
  streams.pop();
  site.conversations.set([]);
  await vi.advanceTimersByTimeAsync(2000);
  expect([kept("s_bob"), kept("site")?.read]).toEqual([undefined, []]);
  await keeper.end();
});

test("what is old already is not made younger by being shown, and what ended keeps nothing", async () => {
  const keeper = new Keeper(world([stream("s_bob", 1)], 7).site, texts());
  await whole(keeper);
  expect(disk.size).toBe(0);
  const over = new Keeper(world([stream("s_bob", 1)]).site, texts());
  await over.end();
  await whole(over);
  expect(disk.size).toBe(0);
});

test("after a month nothing is shown, nor when it was forgotten, nor to whom nobody is known", async () => {
  const storage = texts();
  expect(await lastShown(storage, 0)).toBeUndefined();
  const keeper = new Keeper(world([stream("s_bob", 1)]).site, storage);
  await whole(keeper);
  await keeper.end();
  const { at_ms = 0 } = kept("site") ?? {};
  const MONTH = 30 * 24 * 3600 * 1000;
  expect(await lastShown(storage, at_ms + MONTH)).toBeDefined();
  expect(await lastShown(storage, at_ms + MONTH + 1)).toBeUndefined();
  await forgetShown(storage);
  expect([await lastShown(storage, at_ms), disk.size]).toEqual([undefined, 0]);
});

test("of streams whose messages are missing the rest is shown all the same", async () => {
  const storage = texts();
  const keeper = new Keeper(world([stream("s_bob", 1), stream("s_cyd", 1)]).site, storage);
  await whole(keeper);
  await whole(keeper);
  await keeper.end();
  disk.delete("u_ana s_cyd");
  const past = await lastShown(storage, 5000);
  expect([...(past?.streams.keys() ?? [])]).toEqual(["s_bob"] satisfies protocol.StreamId[]);
});
