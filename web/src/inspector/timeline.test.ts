import type { protocol } from "@kith/client";
import { expect, test } from "vitest";
import { Clock, filtered, KEPT_MAX, Timeline } from "./timeline.js";

const event = (seq: number, op: string | undefined, by = "u_ana", feed = "t_todo"): protocol.Event =>
  ({ feed, seq, at: seq, by, ...(op === undefined ? {} : { op }), body: { kind: "topic_removed" } }) as protocol.Event;

test("the events of one operation are one transaction, the newest first", () => {
  const due: (() => void)[] = [];
  const timeline = new Timeline((run) => void due.push(run));
  const told: number[] = [];
  timeline.subscribe((all) => void told.push(all.length));
  timeline.add(event(1, "a-1"), 5);
  timeline.add(event(2, "a-1", "u_ana", "t_other"), 6);
  timeline.add(event(3, "a-1", "u_bob"), 7);
  timeline.add(event(4, undefined), undefined);
  timeline.add(event(5, undefined), undefined);
  timeline.add({ ...event(6, undefined), at: 5 } as protocol.Event, undefined);
  expect(due).toHaveLength(1);
  due[0]?.();
  expect(timeline.get().map(({ events }) => events.map(({ seq }) => seq))).toEqual([[5, 6], [4], [3], [1, 2]]);
  expect(told).toEqual([0, 4]);
});

test("only so many are kept", () => {
  const timeline = new Timeline((run) => run());
  for (let seq = 1; seq <= 3 * KEPT_MAX; seq += 1) timeline.add(event(seq, `a-${seq}`), 0);
  expect(timeline.get()).toHaveLength(KEPT_MAX);
  expect(timeline.get()[0]?.at).toBe(3 * KEPT_MAX);
});

test("a filter is by topic and by user", () => {
  const timeline = new Timeline((run) => run());
  timeline.add(event(1, "a-1", "u_ana", "t_todo"), 0);
  timeline.add(event(2, "b-1", "u_bob", "t_todo"), 0);
  timeline.add(event(3, "b-2", "u_bob", "t_motto"), 0);
  const shown = (topic: string, user: string) => filtered(timeline.get(), { topic, user }, (feed) => feed.slice(2)).map(({ at }) => at);
  expect(shown("", "")).toEqual([3, 2, 1]);
  expect(shown(" TODO", "")).toEqual([2, 1]);
  expect(shown("", "u_bob")).toEqual([3, 2]);
  expect(shown("todo", "u_bob")).toEqual([2]);
});

test("the server's clock is reckoned from the quickest answer", () => {
  const clock = new Clock();
  expect(clock.since(100, 200)).toBeUndefined();
  clock.heard(1000, 1010, 5005);
  expect(clock.since(5000, 1010)).toBe(10);
  clock.heard(2000, 2400, 9999);
  expect(clock.since(5000, 1010)).toBe(10);
  expect(clock.since(9_000_000, 1010)).toBe(0);
});
