import { expect, test } from "vitest";
import { Drafts } from "./drafts.js";
import { storage } from "./fake.js";
import type { Keep } from "./outbox.js";

function drafts() {
  const kept = new Map<string, string>();
  const storage: Keep = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  } as Keep;
  return { kept, drafts: () => new Drafts("u_ana", storage) };
}

test("what was begun in a place is there again, and nothing is kept of nothing", () => {
  const { kept, drafts: open } = drafts();
  open().set("half a", "s_tea");
  open().set("in a thread", "s_tea", 7);
  expect([open().get("s_tea"), open().get("s_tea", 7), open().get("s_ops")]).toEqual(["half a", "in a thread", ""]);
  open().set("", "s_tea");
  open().set("", "s_tea", 7);
  expect(kept.size).toBe(0);
});

test("of two tabs that begin something of their own in a place, neither takes away what the other has", () => {
  const [shared, own] = [drafts(), drafts()];
  const storage = (of: ReturnType<typeof drafts>) => ({ getItem: (key: string) => of.kept.get(key) ?? null, setItem: (key: string, value: string) => void of.kept.set(key, value), removeItem: (key: string) => void of.kept.delete(key) });
  const here = new Drafts("u_ana", storage(shared), storage(drafts()));
  const there = new Drafts("u_ana", storage(shared), storage(own));
  here.set("one", "s_tea");
  there.set("t", "s_tea", undefined, "");
  there.set("two", "s_tea", undefined, "t");
  expect([here.get("s_tea"), there.get("s_tea")]).toEqual(["one", "two"]);
  // The one that was first is sent, and there is room for the other.
  here.set("", "s_tea");
  expect([here.get("s_tea"), there.get("s_tea")]).toEqual(["", "two"]);
  there.set("two", "s_tea");
  expect([here.get("s_tea"), there.get("s_tea"), own.kept.size]).toEqual(["two", "two", 0]);
  here.set("", "s_tea");
  expect([shared.kept.size, there.get("s_tea")]).toEqual([0, ""]);
});

test("changes of messages are kept each for itself, and the last twenty of a stream", () => {
  const { kept, drafts: open } = drafts();
  open().setEdit("one", "s_tea", 1);
  open().setEdit("two", "s_tea", 2);
  expect([open().edit("s_tea", 1), open().edit("s_tea", 2), open().edit("s_tea", 3), open().edit("s_ops", 1)]).toEqual(["one", "two", undefined, undefined]);
  for (let seq = 3; seq <= 20; seq += 1) open().setEdit("more", "s_tea", seq);
  open().setEdit("two", "s_tea", 2);
  open().setEdit("more", "s_tea", 21);
  expect([open().edit("s_tea", 1), open().edit("s_tea", 2)]).toEqual([undefined, "two"]);
  for (let seq = 2; seq <= 21; seq += 1) open().setEdit(undefined, "s_tea", seq);
  expect(kept.size).toBe(0);
});

test("what an answer answers is kept with it, and what was kept by something else is nothing", () => {
  const { kept, drafts: open } = drafts();
  const message = { seq: 7, author: "u_bob", text: "Tea?", at: 0 } as never;
  open().setReply(message, "s_tea");
  expect([open().reply("s_tea"), open().reply("s_tea", 7)]).toEqual([message, undefined]);
  for (const key of [...kept.keys()]) kept.set(key, "[1");
  expect(open().reply("s_tea")).toBeUndefined();
  open().setReply(undefined, "s_tea");
  expect(kept.size).toBe(0);
});

test("all that was begun in a stream is known, with its threads, and forgotten, and nothing of another", () => {
  const [kept, own] = [storage(), storage()];
  const all = new Drafts("u_ana", kept, own);
  all.set("half a", "s_tea");
  all.set("of this tab", "s_tea", undefined, "");
  all.set("in a thread", "s_tea", 7);
  all.setEdit("changed", "s_tea", 3);
  all.setFiles(["f1" as never], "s_tea", 7);
  all.setReply({ seq: 2, author: "u_bob", text: "what?" } as never, "s_tea");
  all.set("elsewhere", "s_tea2");
  all.set(" ", "s_tea", 9);
  all.set(" ", "s_blank");
  new Drafts("u_bob", kept, own).set("of another", "s_ops");
  expect(all.begun("s_tea")).toEqual(["half a", "in a thread", "of this tab", "changed"]);
  expect(all.streams()).toEqual(["s_tea", "s_tea2"]);
  all.forget("s_tea");
  expect([all.begun("s_tea"), all.streams(), Object.keys(kept).length, Object.keys(own)]).toEqual([[], ["s_tea2"], 3, []]);
  // A tab that keeps everything in one place.
  expect(new Drafts("u_ana", kept).begun("s_tea2")).toEqual(["elsewhere"]);
});
