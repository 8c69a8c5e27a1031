import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fake, storage } from "./model/fake.js";
import { Site } from "./model/site.js";
import { presenceOf } from "./names.js";
import { learnPresence } from "./presence.js";

/** Ana's site with these conversations, and who is there of those with whom she talks. */
async function world(conversations: readonly string[]) {
  const state = { conversations, present: [] as { user: string; status: string; since: number }[] };
  const of = fake({
    window: () => ({ circles: [], conversations: state.conversations.map((name) => ({
      stream: { id: `s_${name}`, kind: "direct", users: ["u_ana", `u_${name}`], created_at: 0 }, head: 0, read: 0, unread: 0, mentions: 0,
    })) }),
    blocks: () => [],
    preferences: () => ({}),
    users: () => [],
    present_in_conversations: () => state.present,
    stream: () => ({ stream: { id: "s_bob" }, head: 0, read: 0, unread: 0, mentions: 0 }),
  });
  const site = new Site(of.client, storage());
  await site.start();
  const asked = () => of.said.filter(([name]) => name === "present_in_conversations").length;
  const says = (name: string, status: string) => of.tell(`s_${name}`, { kind: "signal", user: `u_${name}`, what: { presence: { status } } } as never);
  return { ...of, state, site, asked, says, how: () => Object.fromEntries(get(site.present)) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("who is there is asked with every connection, then told, and not known without one", async () => {
  const { site, state, connection, asked, says, how } = await world(["bob", "cyd"]);
  const stop = learnPresence(site);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked()).toBe(0);
  state.present = [{ user: "u_bob", status: "idle", since: 0 }];
  connection.set({ state: "online" });
  await vi.advanceTimersByTimeAsync(60_000);
  expect([asked(), how()]).toEqual([1, { u_bob: "idle" }]);
  says("bob", "online");
  says("cyd", "away");
  expect(how()).toEqual({ u_bob: "online", u_cyd: "away" });
  connection.set({ state: "offline", retry_in_ms: 0, why: "" });
  expect(how()).toEqual({});
  connection.set({ state: "online" });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked()).toBe(2);
  stop();
  connection.set({ state: "online" });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked()).toBe(2);
});

test("it is asked again where somebody is talked with anew or answers, now and then", async () => {
  const { site, state, connection, asked, tell } = await world(["bob"]);
  const stop = learnPresence(site);
  connection.set({ state: "online" });
  await vi.advanceTimersByTimeAsync(30_000);
  expect(asked()).toBe(1);
  const posted = (seq: number) => tell("s_bob", { kind: "event", event: { feed: "s_bob", seq, at: seq, by: "u_bob", body: { kind: "posted", text: "tea" } } as unknown as protocol.Event });
  // They are not there: that may be seen from their first word on, and is not asked with every word.
  for (let seq = 1; seq <= 20; seq += 1) {
    posted(seq);
    await vi.advanceTimersByTimeAsync(1000);
  }
  expect(asked()).toBe(2);
  state.conversations = ["bob", "cyd"];
  await site.refresh();
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked()).toBe(3);
  stop();
});

test("of one who was gone, a word makes it be asked as well", async () => {
  const { site, state, connection, asked, says, tell, how } = await world(["bob"]);
  const stop = learnPresence(site);
  connection.set({ state: "online" });
  await vi.advanceTimersByTimeAsync(1000);
  // As after a block, and once it is taken back: of that nothing is told.
  says("bob", "offline");
  state.present = [{ user: "u_bob", status: "online", since: 0 }];
  tell("s_bob", { kind: "event", event: { feed: "s_bob", seq: 1, at: 1, by: "u_bob", body: { kind: "posted", text: "tea" } } as unknown as protocol.Event });
  await vi.advanceTimersByTimeAsync(1000);
  expect([asked(), how()]).toEqual([2, { u_bob: "online" }]);
  stop();
});

test("where a message is deleted it is asked whether those who are there may be seen still", async () => {
  const { site, state, connection, asked, says, tell, how } = await world(["bob", "cyd"]);
  const stop = learnPresence(site);
  connection.set({ state: "online" });
  await vi.advanceTimersByTimeAsync(1000);
  says("bob", "online");
  const deleted = (name: string, seq: number) => tell(`s_${name}`, { kind: "event", event: { feed: `s_${name}`, seq, at: seq, by: "u_ana", body: { kind: "deleted", message: 1 } } as unknown as protocol.Event });
  deleted("cyd", 1);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked()).toBe(1);
  state.present = [];
  for (let seq = 1; seq <= 20; seq += 1) deleted("bob", seq);
  await vi.advanceTimersByTimeAsync(1000);
  expect([asked(), how()]).toEqual([2, {}]);
  stop();
});

test("whoever is gone or blocked is not shown to be there", () => {
  const present = new Map<string, protocol.Status>([["u_bob", "away"], ["u_cyd", "offline"], ["u_eve", "online"]]);
  const shown = ["u_bob", "u_cyd", "u_eve", "u_dan"].map((user) => presenceOf(user as protocol.UserId, present as never, new Set(["u_eve"]) as never));
  expect(shown).toEqual(["away", undefined, undefined, undefined]);
});
