import { expect, test } from "vitest";
import { Drafts } from "./drafts.js";
import { Outbox, type Keep } from "./outbox.js";

function storage(): Keep & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

test("what waits is there again in order until it is dropped, for each user apart", () => {
  const keep = storage();
  const mine = new Outbox("u_ana", keep);
  for (const op of ["k-1", "k-2", "k-3"]) mine.keep({ op, stream: "s_1", draft: { text: op } });
  mine.keep({ op: "k-1", stream: "s_1", draft: { text: "again" } });
  mine.drop("k-2");
  expect(new Outbox("u_ana", keep).all().map(({ draft }) => draft.text)).toEqual(["again", "k-3"]);
  expect(new Outbox("u_bob", keep).all()).toEqual([]);
  mine.drop("k-1");
  mine.drop("k-3");
  expect(keep.kept.size).toBe(0);
});

test("what waited while there was a connection may have been sent", () => {
  const keep = storage();
  const mine = new Outbox("u_ana", keep);
  mine.online();
  expect(keep.kept.size).toBe(0);
  mine.keep({ op: "k-1", stream: "s_1", draft: { text: "one" } });
  mine.online();
  mine.keep({ op: "k-2", stream: "s_1", draft: { text: "two" } });
  expect(new Outbox("u_ana", keep).all().map(({ op, sent }) => [op, sent])).toEqual([["k-1", true], ["k-2", undefined]]);
});

test("of what two tabs share, each says only of what it holds that it may be sent, and is told what the other took away", () => {
  const keep = storage();
  const [here, there] = [new Outbox("u_ana", keep), new Outbox("u_ana", keep)];
  here.keep({ op: "k-1", stream: "s_1", draft: { text: "one" } });
  there.keep({ op: "k-2", stream: "s_1", draft: { text: "two" } });
  here.online();
  expect([here.isSent("k-1"), there.isSent("k-1"), here.isSent("k-2")]).toEqual([true, true, false]);
  expect([here.holds("k-1"), here.holds("k-2")]).toEqual([true, false]);
  there.drop("k-1");
  expect(here.takeGone().map(({ op }) => op)).toEqual(["k-1"]);
  expect([here.takeGone(), here.holds("k-1"), there.takeGone()]).toEqual([[], false, []]);
});

test("what is no outbox is none", () => {
  const keep = storage();
  for (const text of ["{", "7", '[1,{"op":"k"},{"op":"k","stream":"s_1","draft":{"text":1}}]']) {
    keep.kept.set("kith.outbox.u_ana", text);
    expect(new Outbox("u_ana", keep).all()).toEqual([]);
  }
});

test("a draft is kept for each place until it is empty", () => {
  const keep = storage();
  const drafts = new Drafts("u_ana", keep);
  drafts.set("here", "s_1");
  drafts.set("there", "s_1", 4);
  expect([drafts.get("s_1"), drafts.get("s_1", 4), drafts.get("s_2"), new Drafts("u_bob", keep).get("s_1")]).toEqual(["here", "there", "", ""]);
  drafts.set("", "s_1");
  expect([...keep.kept.values()]).toEqual(["there"]);
});
