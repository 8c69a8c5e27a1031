// The list of messages fed by hand, in every order in which answers and events may come.

import assert from "node:assert/strict";
import { test } from "node:test";
import { KithError } from "../dist/error.js";
import { Messages } from "../dist/messages.js";
import type { Body, Event, Message, Stream } from "../dist/protocol.js";

const TEA = "s_tea";
const STREAM: Stream = { id: TEA, kind: "channel", circle: "c_1", name: "tea", created_at: 1 };
const said = (seq: number, text: string, thread?: number): Message => ({
  seq, text, author: "u_bob", at: seq, ...(thread === undefined ? {} : { thread }),
});

function event(seq: number, body: Body, op?: string): Event {
  return { feed: TEA, seq, at: seq, by: "u_ana", body, ...(op === undefined ? {} : { op }) };
}

const posted = (seq: number, text: string, op?: string, thread?: number) =>
  event(seq, { kind: "posted", text, ...(thread === undefined ? {} : { thread }) }, op);

function list(...messages: Message[]): Messages {
  const list = new Messages(TEA);
  list.snapshot(messages.at(-1)?.seq ?? 1, STREAM, messages);
  return list;
}

function lines(list: Messages, thread?: number): string {
  return list.entries(thread).map((line) =>
    line.state === "confirmed" ? `${line.message.seq} ${line.message.text}` : `${line.state} ${line.draft.text}`).join(", ");
}

test("an own message is shown once, whichever comes first", () => {
  for (const order of ["event", "answer", "event alone", "answer alone"]) {
    const mine = list(said(2, "hello"));
    assert.deepEqual(mine.send("k-1", { text: "hi" }), { post: { stream: TEA, text: "hi" } });
    assert.equal(lines(mine), "2 hello, sending hi");
    const done = () => mine.done("k-1", { events: [{ feed: TEA, seq: 3 }] });
    if (order === "event alone" || order === "event") mine.event(posted(3, "hi", "k-1"));
    if (order === "answer alone") {
      done();
      assert.equal(lines(mine), "2 hello, sending hi");
      mine.snapshot(3, STREAM, [said(2, "hello"), said(3, "hi")]);
    } else if (order !== "event alone") done();
    if (order === "answer") mine.event(posted(3, "hi", "k-1"));
    assert.equal(lines(mine), "2 hello, 3 hi", order);
  }
});

test("a line that failed waits for a decision", () => {
  const mine = list();
  const error = new KithError({ code: "stream.archived", message: "no" });
  mine.send("k-1", { text: "one", reply_to: 1 });
  mine.send("k-2", { text: "two" });
  mine.failed("k-1", error);
  assert.equal(lines(mine), "failed one, sending two");
  assert.equal(mine.retry("k-2"), undefined);
  assert.deepEqual(mine.retry("k-1"), { post: { stream: TEA, text: "one", reply_to: 1 } });
  assert.equal(lines(mine), "sending two, sending one");
  mine.failed("k-1", error);
  assert.deepEqual(mine.discard("k-1"), { text: "one", reply_to: 1 });
  assert.equal(lines(mine), "sending two");
  // Where nobody may look any longer nothing is waited for.
  mine.done("k-2", {});
  assert.equal(lines(mine), "");
});

test("events change what is held", () => {
  const mine = list(said(2, "root"), said(3, "there", 2));
  assert.equal(lines(mine, 2), "3 there");
  mine.event(posted(4, "here", undefined, 2));
  mine.event(event(5, { kind: "edited", message: 2, text: "Root" }));
  mine.event(event(6, { kind: "reacted", message: 2, emoji: "👍" }));
  mine.event(event(7, { kind: "reacted", message: 2, emoji: "👍" }));
  mine.event(event(8, { kind: "pinned", message: 2 }));
  mine.event(event(9, { kind: "deleted", message: 4, thread: 2 }));
  const [root] = mine.entries();
  assert.ok(root?.state === "confirmed");
  assert.deepEqual(root.message, {
    seq: 2, text: "Root", author: "u_bob", at: 2, replies: 0, edited_at: 5, reactions: { "👍": ["u_ana"] },
  });
  assert.deepEqual(mine.stream?.pins, [2]);
  mine.event(event(10, { kind: "unreacted", message: 2, emoji: "👍" }));
  mine.event(event(11, { kind: "stream_changed", name: "ops", archived: true, slow_seconds: 0 }));
  mine.event(event(12, { kind: "deleted", message: 2 }));
  assert.deepEqual([lines(mine), mine.stream?.pins, mine.stream?.name, mine.stream?.archived], ["", [], "ops", true]);
  mine.event(posted(12, "again"));
  assert.equal(lines(mine), "");
  mine.hidden(14);
  assert.equal(mine.seq, 14);
});

test("changes that overtake a page are made on it", () => {
  const mine = list(said(9, "new"));
  mine.event(event(10, { kind: "edited", message: 3, text: "better" }));
  mine.event(event(11, { kind: "deleted", message: 4 }));
  mine.page([said(4, "gone"), said(3, "good"), said(2, "old"), said(12, "not yet")]);
  assert.equal(lines(mine), "2 old, 3 better, 9 new");
  assert.equal(mine.oldest(), 2);
  mine.trim(2);
  assert.equal(lines(mine), "3 better, 9 new");
});
