import { get } from "svelte/store";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fake, refusal, type Answers } from "./fake.js";
import type { StreamModel } from "./stream.js";
import { ThreadReads } from "./thread.js";

/** The thread of message 5, which ana follows with `unread` messages behind the one that she read last. */
function world(unread: number | undefined, answers: Answers = {}) {
  const { client, said } = fake({ unread: () => ({ threads: unread === undefined ? [] : [{ thread: 4, read: 1, unread: 9, mentions: 0 }, { thread: 5, read: 10, unread, mentions: 0 }] }), ...answers });
  const failed: unknown[] = [];
  const stream = { id: "s_tea", attempt: (work: Promise<unknown>) => void work.catch((error: unknown) => failed.push(error)) } as unknown as StreamModel;
  return { reads: new ThreadReads(stream, client, 5), told: () => said.filter(([name]) => name === "read").map(([, of]) => (of as { seq: number }).seq), failed };
}
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("what is new begins behind what was read, where there is any", async () => {
  const [some, none] = [world(2), world(0)];
  await some.reads.begin();
  await none.reads.begin();
  expect([get(some.reads.newAfter), get(none.reads.newAfter)]).toEqual([10, undefined]);
});

test("how far one read is told once, a little later, and never backwards", async () => {
  const { reads, told } = world(3);
  await reads.begin();
  for (const seq of [11, 13, 12]) reads.saw(11, seq);
  expect(told()).toEqual([]);
  await vi.advanceTimersByTimeAsync(1000);
  reads.saw(9, 9);
  await vi.advanceTimersByTimeAsync(1000);
  expect(told()).toEqual([13]);
});

test("what was seen before one knew how far it was read is told as well, and at the end at once", async () => {
  const { reads, told } = world(3);
  reads.saw(11, 12);
  reads.flush();
  expect(told()).toEqual([]);
  await reads.begin();
  reads.flush();
  expect(told()).toEqual([12]);
  reads.saw(11, 13);
  reads.flush();
  expect(told()).toEqual([12, 13]);
});

test("of a thread that one does not follow nothing is told", async () => {
  const { reads, told } = world(undefined);
  await reads.begin();
  reads.saw(11, 12);
  reads.flush();
  await vi.advanceTimersByTimeAsync(1000);
  expect([told(), get(reads.newAfter)]).toEqual([[], undefined]);
});

test("that it could not be told is said", async () => {
  const { reads, failed } = world(1, { read: () => { throw refusal("stream.not_found"); } });
  await reads.begin();
  reads.saw(11, 12);
  await vi.advanceTimersByTimeAsync(1000);
  expect(failed).toHaveLength(1);
});
