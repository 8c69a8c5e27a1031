import { KithError } from "@kith/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Entry } from "./entry.svelte.js";
import { fake, refusal, type Fake } from "./model/fake.js";
import type { Past } from "./model/past.js";
import type { View } from "./view.svelte.js";

/** What the browser and the server do. */
const world = vi.hoisted(() => ({ connects: 0, connect: undefined as unknown, reconnect: undefined as unknown, forgets: 0, kept: undefined as unknown, signsOut: undefined as unknown }));
vi.mock("../lib/session.js", () => ({
  connect: async () => {
    world.connects += 1;
    if (world.connect instanceof Error) throw world.connect;
    return world.connect;
  },
  reconnect: () => world.reconnect,
  signOut: async () => {
    if (world.signsOut instanceof Error) throw world.signsOut;
  },
  changePassword: async () => {},
}));
vi.mock("./model/past.js", () => ({
  lastShown: async () => world.kept,
  forgetShown: async () => void (world.forgets += 1),
  Keeper: class {
    flush = () => {};
    end = async () => {};
  },
}));
vi.mock("../lib/ui/pictures.svelte.js", () => ({ tryPictures: () => {} }));

/** Somebody's client, of whom nothing is known. */
const somebody = (): Fake => fake({ window: () => ({ circles: [], conversations: [] }), blocks: () => [], preferences: () => ({}) });
const PAST = { at_ms: 7, welcome: {}, window: { circles: [], conversations: [] }, users: [], blocked: [], read: [], streams: new Map() } as unknown as Past;

function entryWith(past?: Past) {
  const went: string[] = [];
  const entry = new Entry({ go: ({ at }: { at: string }) => void went.push(at) } as unknown as View, Promise.resolve(past));
  return { entry, went };
}
const soon = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(world, { connects: 0, connect: undefined, reconnect: undefined, forgets: 0, kept: undefined, signsOut: undefined });
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value), removeItem: (key: string) => void kept.delete(key) });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("whoever is signed in sees their site, and nobody is asked who they are", async () => {
  const { entry } = entryWith();
  await entry.enter();
  expect(entry.phase).toEqual({ is: "out", ended: false });
  world.connect = somebody().client;
  await entry.enter();
  expect(entry.phase.is).toBe("in");
  entry.end();
});

test("a server that is not there is asked again, after longer and longer pauses", async () => {
  const { entry } = entryWith();
  world.connect = refusal("client.unreachable");
  await entry.enter();
  expect(entry.phase.is).toBe("connecting");
  const asked: number[] = [];
  for (const pause of [500, 1000, 2000, 5000, 5000]) {
    await vi.advanceTimersByTimeAsync(pause - 1);
    asked.push(world.connects);
    await vi.advanceTimersByTimeAsync(1);
  }
  expect([asked, world.connects]).toEqual([[1, 2, 3, 4, 5], 6]);
  entry.end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(world.connects).toBe(6);
});

test("what was shown last is shown before the server is asked, once", async () => {
  const { entry } = entryWith(PAST);
  world.reconnect = somebody().client;
  await entry.enter();
  expect([entry.phase.is, world.connects]).toEqual(["in", 0]);
  entry.end();
});

test.each(["auth.failed", "session.revoked", "user.disabled"])("a session that ended (%s) leads out, and nothing is kept of it", async (code) => {
  const { entry } = entryWith();
  const ana = somebody();
  world.connect = ana.client;
  await entry.enter();
  ana.connection.set({ state: "stopped", error: refusal(code) });
  await soon();
  expect([entry.phase, world.forgets]).toEqual([{ is: "out", ended: true }, 1]);
});

test("a page that is refused for another reason begins again, with what is kept", async () => {
  const { entry } = entryWith();
  const ana = somebody();
  world.connect = ana.client;
  await entry.enter();
  ana.connection.set({ state: "stopped", error: new KithError({ code: "client.abuse", message: "no" }) });
  expect(entry.phase.is).toBe("connecting");
  world.kept = PAST;
  world.reconnect = somebody().client;
  await vi.advanceTimersByTimeAsync(500);
  expect([entry.phase.is, world.forgets]).toEqual(["in", 0]);
  entry.end();
});

test("a page whose user is somebody else by now shows nothing of who was here", async () => {
  const { entry } = entryWith();
  const ana = somebody();
  world.connect = ana.client;
  await entry.enter();
  const before = entry.phase;
  Object.assign(ana.client, { user: { id: "u_bob", name: "bob" } });
  world.connect = somebody().client;
  ana.connection.set({ state: "online" });
  await soon();
  expect([world.forgets, entry.phase === before, entry.phase.is]).toEqual([1, false, "in"]);
  entry.end();
});

test("who signs out leaves nothing, and who cannot stays", async () => {
  const { entry, went } = entryWith();
  world.connect = somebody().client;
  await entry.enter();
  world.signsOut = refusal("client.unreachable");
  await entry.leave();
  expect([entry.phase.is, world.forgets]).toEqual(["in", 0]);
  world.signsOut = undefined;
  await entry.leave();
  expect([entry.phase, world.forgets, went]).toEqual([{ is: "out", ended: false }, 1, ["home"]]);
});
