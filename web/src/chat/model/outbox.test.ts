import { expect, test } from "vitest";
import { Drafts } from "./drafts.js";
import { storage } from "./fake.js";
import { Outbox } from "./outbox.js";

/** A tab with a process of its own: what another changes is here once it is `told`. */
function process(shared: Record<string, string>) {
  const kept = storage({ ...shared });
  const changes: [key: string, value: string | null][] = [];
  const outbox = new Outbox("u_ana", new Proxy(kept, {
    set: (of, key, value) => (changes.push([String(key), value]), Reflect.set(of, key, value)),
    deleteProperty: (of, key) => (changes.push([String(key), null]), Reflect.deleteProperty(of, key)),
  }));
  const told = (of: readonly [string, string | null][]) => of.forEach(([key, value]) => (value === null ? kept.removeItem(key) : kept.setItem(key, value)));
  return { outbox, kept, changes, told };
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
  expect(Object.keys(keep)).toEqual([]);
});

test("what waited while there was a connection may have been sent", () => {
  const keep = storage();
  const mine = new Outbox("u_ana", keep);
  mine.online();
  expect(Object.keys(keep)).toEqual([]);
  mine.keep({ op: "k-1", stream: "s_1", draft: { text: "one" } });
  mine.online();
  mine.keep({ op: "k-2", stream: "s_1", draft: { text: "two" } });
  expect(new Outbox("u_ana", keep).all().map(({ op, sent }) => [op, sent])).toEqual([["k-1", true], ["k-2", undefined]]);
});

test("of what two tabs share, each says only of what it holds that it may be sent, and lets go what the other took away", () => {
  const keep = storage();
  const [here, there] = [new Outbox("u_ana", keep), new Outbox("u_ana", keep)];
  here.keep({ op: "k-1", stream: "s_1", draft: { text: "one" } });
  there.keep({ op: "k-2", stream: "s_1", draft: { text: "two" } });
  here.online();
  expect([here.isSent("k-1"), there.isSent("k-1"), here.isSent("k-2")]).toEqual([true, true, false]);
  expect([here.holds("k-1"), here.holds("k-2")]).toEqual([true, false]);
  there.drop("k-1");
  expect(here.drop("k-1")).toMatchObject({ stream: "s_1", draft: { text: "one" } });
  expect([here.drop("k-1"), here.holds("k-1"), there.holds("k-2")]).toEqual([undefined, false, true]);
});

test("a tab that heard of nothing knows what the browser has no longer, and not what it never had room for", () => {
  const keep = storage();
  let is_full = false;
  const full = () => { throw new Error("full"); };
  const here = new Outbox("u_ana", new Proxy(keep, { get: (of, key) => (key === "setItem" && is_full ? full : Reflect.get(of, key)) }));
  for (const op of ["k-1", "k-2"]) here.keep({ op, stream: "s_1", draft: { text: op } });
  is_full = true;
  here.keep({ op: "k-3", stream: "s_1", draft: { text: "three" } });
  expect(here.taken()).toEqual([]);
  new Outbox("u_ana", keep).drop("k-1");
  expect(here.taken()).toEqual(["k-1"]);
  here.drop("k-1");
  expect([here.taken(), here.holds("k-3")]).toEqual([[], true]);
  // What the user, or the browser, took away as a whole nobody took back.
  for (const key of Object.keys(keep)) keep.removeItem(key);
  expect(here.taken()).toEqual([]);
});

test("what two tabs change at the same time neither takes from the other", () => {
  const before = storage();
  new Outbox("u_ana", before).keep({ op: "k-1", stream: "s_1", draft: { text: "one" } });
  const [here, there] = [process(before), process(before)];
  here.outbox.keep({ op: "k-2", stream: "s_1", draft: { text: "two" } });
  there.outbox.keep({ op: "k-3", stream: "s_1", draft: { text: "three" } });
  there.outbox.online();
  there.outbox.drop("k-1");
  there.told(here.changes.splice(0));
  here.told(there.changes.splice(0));
  for (const { outbox } of [here, there]) expect(outbox.all().map(({ op, sent }) => [op, sent]).toSorted()).toEqual([["k-2", undefined], ["k-3", true]]);
});

test("what the browser has no longer, or no room for, is sent and kept again with the next connection", () => {
  const keep = storage();
  const mine = new Outbox("u_ana", keep);
  for (const op of ["k-1", "k-2"]) mine.keep({ op, stream: "s_1", draft: { text: op } });
  for (const key of Object.keys(keep)) keep.removeItem(key);
  expect([mine.all(), mine.holds("k-1")]).toEqual([[], true]);
  mine.online();
  expect(mine.all().map(({ op, sent }) => [op, sent])).toEqual([["k-1", true], ["k-2", true]]);
  const full = new Outbox("u_ana", new Proxy(storage(), { set: () => false }));
  full.keep({ op: "k-1", stream: "s_1", draft: { text: "one" } });
  expect([full.all(), full.holds("k-1"), full.isSent("k-1")]).toEqual([[], true, false]);
});

test("what is no outbox is none", () => {
  const keep = storage();
  const outbox = new Outbox("u_ana", keep);
  for (const text of ["{", "7", "null", '{"op":"k"}', '{"op":"k","stream":"s_1","draft":{"text":1},"place":1}', '{"op":"other","stream":"s_1","draft":{"text":"a"},"place":1}']) {
    keep.setItem("kith.outbox.u_ana.k", text);
    expect(outbox.all(), text).toEqual([]);
  }
  expect([outbox.opOf("kith.outbox.u_ana.k"), outbox.opOf("kith.outbox.u_anabel.k"), outbox.opOf(null)]).toEqual(["k", undefined, undefined]);
});

test("a draft is kept for each place until it is empty", () => {
  const keep = storage();
  const drafts = new Drafts("u_ana", keep);
  drafts.set("here", "s_1");
  drafts.set("there", "s_1", 4);
  expect([drafts.get("s_1"), drafts.get("s_1", 4), drafts.get("s_2"), new Drafts("u_bob", keep).get("s_1")]).toEqual(["here", "there", "", ""]);
  drafts.set("", "s_1");
  expect(Object.values(keep)).toEqual(["there"]);
});
