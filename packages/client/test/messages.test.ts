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
  assert.equal(mine.discard("k-2"), undefined);
  // Where nobody may look any longer nothing is waited for.
  mine.done("k-2", {});
  assert.equal(lines(mine), "");
});

test("a line that was not sent is taken away", () => {
  const mine = list();
  mine.send("k-1", { text: "one" });
  mine.send("k-2", { text: "two" });
  assert.deepEqual(mine.discard("k-1", true), { text: "one" });
  assert.equal(lines(mine), "sending two");
  mine.failed("k-1", new KithError({ code: "client.taken_back", message: "no" }));
  assert.equal(lines(mine), "sending two");
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
    seq: 2, text: "Root", author: "u_bob", at: 2, replies: 0, edited_at: 5, edits: [5], reactions: { "👍": ["u_ana"] },
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

const some = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => said(from + n, `m${from + n}`));
const numbers = (list: Messages) =>
  list.entries().map((line) => (line.state === "confirmed" ? line.message.seq : 0)).join(" ");

/** A list of which a part in the middle is shown: 3 to 5 of 1 to 9. */
function cut(): Messages {
  const part = list(...some(7, 9));
  part.show(some(3, 5));
  return part;
}

test("a part that is shown grows to the newest without a hole", () => {
  const part = cut();
  assert.deepEqual([part.isCut, part.askNewer()], [true, 5]);
  // What is posted meanwhile is not shown behind a hole.
  part.event(posted(10, "m10"));
  assert.equal(numbers(part), "3 4 5");
  part.newerPage(some(6, 7), true);
  assert.deepEqual([part.askNewer(), part.isCut], [7, true]);
  // The server answered before the last two were posted.
  part.event(posted(11, "m11"));
  part.newerPage(some(8, 10), false);
  assert.deepEqual([part.askNewer(), part.isCut], [10, true]);
  part.newerPage(some(11, 11), false);
  assert.equal(part.isCut, false);
  part.event(posted(12, "m12"));
  assert.equal(numbers(part), "3 4 5 6 7 8 9 10 11 12");
});

test("a page that is ahead of the events leaves no hole", () => {
  const part = cut();
  part.askNewer();
  part.newerPage(some(6, 12), true);
  assert.equal(numbers(part), "3 4 5 6 7 8 9");
  for (const seq of [10, 11, 12]) part.event(posted(seq, "late"));
  assert.equal(part.askNewer(), 9);
  part.newerPage(some(10, 12), false);
  assert.deepEqual([numbers(part), part.isCut], ["3 4 5 6 7 8 9 10 11 12", false]);
});

test("a message that was let go and deleted does not keep the list cut", () => {
  const part = cut();
  part.event(posted(10, "m10"));
  part.event(event(11, { kind: "deleted", message: 10 }));
  part.askNewer();
  part.newerPage(some(6, 9), false);
  assert.equal(part.isCut, false);
});

test("what is scrolled away from is forgotten at either end", () => {
  const all = list(...some(1, 9));
  all.trimNewest(6);
  assert.deepEqual([numbers(all), all.isCut], ["1 2 3 4 5 6", true]);
  assert.equal(all.trim(4), true);
  assert.deepEqual([numbers(all), all.askNewer()], ["3 4 5 6", 6]);
  all.newerPage(some(7, 9), false);
  all.trimNewest(20);
  assert.deepEqual([numbers(all), all.isCut, all.trim(20)], ["3 4 5 6 7 8 9", false, false]);
});

test("a list of a thread holds the thread alone", () => {
  const thread = new Messages(TEA, 2, 4);
  thread.page([said(2, "root"), said(3, "elsewhere")]);
  thread.event(posted(5, "elsewhere"));
  thread.event(posted(6, "reply", undefined, 2));
  thread.event(posted(7, "of another", undefined, 5));
  assert.deepEqual([2, 3, 5, 6, 7].filter((seq) => thread.message(seq) !== undefined), [2, 6]);
  assert.deepEqual([thread.message(2)?.replies, thread.oldest(), lines(thread, 2)], [1, 6, "6 reply"]);
  thread.snapshot(9, STREAM, [said(2, "root"), said(8, "elsewhere"), said(9, "another", 2)]);
  assert.equal(lines(thread, 2), "9 another");
});
