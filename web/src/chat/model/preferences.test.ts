import { get } from "svelte/store";
import { expect, test } from "vitest";
import type { Keep } from "./outbox.js";
import { Preferences, type Value } from "./preferences.js";

/** A server that answers when it is told to. */
function server() {
  const sent: { key: string; value: Value; done: () => void; refuse: () => void }[] = [];
  const send = (key: string, value: Value) => new Promise<void>((done, fail) => void sent.push({ key, value, done, refuse: () => fail(new Error("no")) }));
  const kept = new Map<string, string>();
  const keep: Keep = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value), removeItem: (key) => void kept.delete(key) };
  return { sent, keep, kept, make: () => new Preferences("u_ana", keep, send) };
}

test("a choice is seen at once and again after a reload, before the server has answered", async () => {
  const { sent, make } = server();
  const mine = make();
  const done = mine.set("language", "de");
  expect(mine.get("language")).toBe("de");
  expect(make().get("language")).toBe("de");
  sent[0]?.done();
  await done;
  expect(get(mine.values)).toEqual({ language: "de" });
});

test("what the server refuses is taken back to what it has", async () => {
  const { sent, make } = server();
  const mine = make();
  mine.learn({ language: "en", favourites: [] });
  const done = mine.set("language", "de");
  mine.told("favourites", ["s_1"]);
  sent[0]?.refuse();
  await expect(done).rejects.toThrow("no");
  expect(get(mine.values)).toEqual({ language: "en", favourites: ["s_1"] });
});

test("while several choices are on their way the last one is shown, and what another device set after them wins", async () => {
  const { sent, make } = server();
  const mine = make();
  const first = mine.set("language", "de");
  const second = mine.set("language", "fr");
  mine.told("language", "de");
  sent[0]?.done();
  await first;
  expect(mine.get("language")).toBe("fr");
  mine.told("language", "fr");
  mine.told("language", "it");
  sent[1]?.done();
  await second;
  expect(mine.get("language")).toBe("it");
});

test("what is learned anew leaves alone what is on its way, and forgets what is gone", async () => {
  const { sent, make } = server();
  const mine = make();
  mine.learn({ language: "en", circles: [] });
  const done = mine.set("language", "de");
  mine.learn({ language: "en" });
  expect(get(mine.values)).toEqual({ language: "de" });
  sent[0]?.done();
  await done;
  expect(mine.get("language")).toBe("de");
  const forgotten = mine.set("language", null);
  sent[1]?.done();
  await forgotten;
  expect(get(mine.values)).toEqual({});
});

test("a copy that is none, or has no room, does no harm", () => {
  const { kept, make, keep } = server();
  for (const text of ["{", "7", "[1]", "null"]) {
    kept.set("kith.preferences.u_ana", text);
    expect(get(make().values)).toEqual({});
  }
  const full = new Preferences("u_ana", { ...keep, setItem: () => { throw new Error("full"); } }, () => Promise.resolve());
  full.learn({ language: "de" });
  expect(full.get("language")).toBe("de");
});
