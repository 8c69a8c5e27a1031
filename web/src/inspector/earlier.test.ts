import type { protocol } from "@kith/client";
import { expect, test } from "vitest";
import { Earlier, grouped, known, type Page } from "./earlier.js";

const event = (feed: string, seq: number, at: number, op?: string, by = "u_ana"): protocol.Event =>
  ({ feed, seq, at, by, ...(op === undefined ? {} : { op }), body: { kind: "topic_removed" } }) as protocol.Event;
const told = (all: readonly { events: readonly protocol.Event[] }[]) =>
  all.map(({ events }) => events.map(({ feed, seq }) => `${feed}${seq}`).join(" "));

test("of several pasts is shown what nothing can be between", () => {
  const one = { events: [event("a", 9, 90), event("a", 8, 50)], more: true };
  const two = { events: [event("b", 3, 70), event("b", 2, 40), event("b", 1, 10)], more: false };
  expect(known([one, two]).map(({ at }) => at)).toEqual([90, 50, 70]);
  expect(known([{ ...one, more: false }, two])).toHaveLength(5);
  expect(known([])).toEqual([]);
});

test("events of one operation are one transaction, whichever topics they are of", () => {
  const events = [event("a", 1, 5, "x"), event("a", 2, 9, "y"), event("b", 1, 5, "x"), event("b", 2, 9, "y", "u_bob"), event("a", 3, 9, "y")];
  expect(told(grouped(events, () => 0))).toEqual(["b2", "a2 a3", "a1 b1"]);
});

test("one goes back from what was told live to the beginning", async () => {
  const past: Record<string, protocol.Event[]> = {
    a: Array.from({ length: 120 }, (_, at) => event("a", at + 1, at + 1, `a-${at}`)),
    b: [event("b", 1, 30, "a-29"), event("b", 2, 1000, "late")],
  };
  const asked: (number | undefined)[] = [];
  const earlier = new Earlier(async (topic, before, limit): Promise<Page> => {
    if (topic === ("a" as never)) asked.push(before);
    const all = (past[topic] as protocol.Event[]).filter(({ seq }) => before === undefined || seq < before).reverse();
    return { events: all.slice(0, limit), more: all.length > limit };
  });
  earlier.live(event("a", 121, 2000));
  earlier.live(event("a", 122, 2001));
  const back = async () => (await earlier.back(["a", "b"] as never)).more;
  expect(await back()).toBe(true);
  expect(earlier.get()).toHaveLength(51);
  expect(earlier.get()[0]?.op).toBe("late");
  const ids = earlier.get().map(({ id }) => id);
  expect(await back()).toBe(true);
  expect(await back()).toBe(false);
  expect(asked).toEqual([121, 71, 21]);
  expect(earlier.get()).toHaveLength(121);
  expect(earlier.get().slice(0, 51).map(({ id }) => id)).toEqual(ids);
  expect(told(earlier.get().filter(({ op }) => op === "a-29"))).toEqual(["b1 a30"]);
  earlier.clear();
  expect(earlier.get()).toEqual([]);
});

test("what is told live and of the past is there once", async () => {
  const all = [event("a", 2, 2, "x"), event("a", 1, 1, "w")];
  const earlier = new Earlier(async () => {
    earlier.live(event("a", 2, 2, "x"));
    return { events: all, more: false };
  });
  await earlier.back(["a"] as never);
  expect(told(earlier.get())).toEqual(["a1"]);
  earlier.live(event("a", 1, 1, "w"));
  expect(earlier.get()).toEqual([]);
});
