import type { Client, FeedUpdate, protocol } from "@kith/client";
import { get, writable } from "svelte/store";
import { beforeEach, expect, test, vi } from "vitest";
import { storage } from "./fake.js";
import { Outbox } from "./outbox.js";
import { StreamModel, type Around } from "./stream.js";

const message = (seq: number): protocol.Message => ({ seq, author: "u_bob", text: `number ${seq}`, at: seq * 1000 });
const event = (seq: number) => ({ feed: "s_tea", seq, at: seq * 1000, by: "u_bob", body: { kind: "posted", text: `number ${seq}` } }) as protocol.Event;
const windowOf = (head: number, read: number): protocol.StreamWindow => ({
  stream: { id: "s_tea", kind: "channel", circle: "c_tea", name: "tea" } as unknown as protocol.Stream,
  head, read, unread: head - read, mentions: 0,
});

/** The stream of a page that was kept with messages up to `head` and the read marker at `read`. */
function kept(head: number, read: number, more: Partial<Client> = {}): { model: StreamModel; tell: (update: FeedUpdate) => void; waits: () => string[]; refused: unknown[] } {
  let tell: (update: FeedUpdate) => void = () => {};
  const client = {
    user: { id: "u_ana" },
    follow: (_wish: unknown, told: typeof tell) => ((tell = told), () => {}),
    query: () => Promise.resolve({ threads: [], messages: [], more: false }),
    command: () => Promise.resolve({}),
    connection: writable({ state: "offline" }),
    ...more,
  } as unknown as Client;
  const outbox = new Outbox("u_ana", storage());
  let is_past = true;
  const refused: unknown[] = [];
  const around: Around = {
    client, outbox, uploads: {} as never, isPast: () => is_past, wanted: () => {}, met: () => {}, noticed: () => {}, posted: () => {}, changed: () => {}, ended: () => {}, stranded: () => {}, refused: (error) => void refused.push(error),
  };
  const model = new StreamModel(around, windowOf(head, read), undefined, Array.from({ length: head }, (_, at) => message(at + 1)));
  is_past = false;
  return { model, tell: (update) => tell(update), waits: () => outbox.all().map(({ op }) => op), refused };
}

/** What is marked as new, and how often it was told how it is, once the server told of messages up to `head`. */
function check({ model, tell }: ReturnType<typeof kept>, head: number, read: number): [newAfter: number | undefined, renewed: number] {
  for (let seq = model.feed.seq + 1; seq <= head; seq += 1) tell({ kind: "event", feed: "s_tea", event: event(seq) });
  model.told(windowOf(head, read));
  return [get(model.newAfter), get(model.renewed)];
}

beforeEach(() => void vi.useFakeTimers());

test("what came since a page before is marked once the server told", () => {
  const page = kept(5, 5);
  page.model.enter();
  expect(check(page, 8, 5)).toEqual([5, 1]);
});

test("what was kept and is looked at before the server told is not new, and what came since is", () => {
  const page = kept(5, 2);
  page.model.enter();
  page.model.saw(3, 5);
  expect(check(page, 8, 2)).toEqual([5, 1]);
});

test("where nothing came since, nothing is marked, and what is in view is told again", () => {
  const page = kept(5, 2);
  page.model.enter();
  page.model.saw(3, 5);
  expect(check(page, 5, 2)).toEqual([undefined, 1]);
  const read = kept(5, 5);
  read.model.enter();
  expect(check(read, 5, 5)).toEqual([undefined, 1]);
});

test("what was read elsewhere meanwhile is not new here", () => {
  const page = kept(5, 2);
  page.model.enter();
  expect(check(page, 8, 7)).toEqual([7, 1]);
});

test("what waits for a connection is taken back, but for what a page before may have sent", () => {
  const withdrawn: string[] = [];
  const { model, waits } = kept(0, 0, { command: () => new Promise(() => {}), isUnsent: () => true, withdraw: (op) => withdrawn.push(op) > 0 });
  void model.carry("k-1", { text: "before" }, true);
  void model.carry("k-2", { text: "now" });
  expect(["k-1", "k-2"].map((op) => model.isUnsent(op))).toEqual([false, true]);
  expect(["k-1", "k-2"].map((op) => model.discard(op)?.text)).toEqual([undefined, "now"]);
  expect([withdrawn, waits()]).toEqual([["k-2"], ["k-1"]]);
});

test("of a stream that is there no longer nothing is asked, and what was asked is not told to be refused", async () => {
  const asked: string[] = [];
  const refuses = (what: string) => () => (asked.push(what), Promise.reject(new Error(what)));
  const { model, refused } = kept(5, 2, { query: refuses("query") as never, command: refuses("command") as never });
  model.enter();
  model.saw(3, 5);
  const before = asked.length;
  model.end();
  model.leave();
  model.countThreads();
  await vi.runAllTimersAsync();
  expect([before > 0, asked.length - before, refused]).toEqual([true, 0, []]);
});
