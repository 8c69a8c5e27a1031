import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { expect, test } from "vitest";
import { between, mostRefused, quantile, Vitals } from "./vitals.js";

function health(at_ms: number, events: number, buckets: number[] = [0, 0, 0]): protocol.Health {
  return {
    now: at_ms,
    gauges: { kith_connections: 3, kith_queue_bytes: 10 },
    counters: { kith_publishes_total: events, kith_ws_requests_total: events, kith_http_requests_total: events },
    times: { kith_commit_seconds: { bounds_us: [1000, 2000], buckets, sum_us: 0 } },
    refusals: { "a.b": 1, "c.d": 5, "a.a": 5 },
  };
}

test("what was counted between two readings is told by the second", () => {
  expect(between(health(1000, 10), health(3000, 16, [4, 0, 0]))).toEqual({
    at_ms: 3000, events_per_second: 3, requests_per_second: 6, connections: 3, waiting_bytes: 10, commit_half_ms: 0.5, commit_most_ms: 0.99,
  });
});

test("between two runs of the server, or without time, nothing is told", () => {
  expect(between(health(1000, 10), health(3000, 2))).toBeUndefined();
  expect(between(health(1000, 10), health(1000, 12))).toBeUndefined();
  expect(between(health(1000, 10), health(3000, 10))?.commit_most_ms).toBeUndefined();
});

test("a share of all is found between the bounds", () => {
  const check = (counts: number[], share: number) => quantile([10, 20, 40], counts, share);
  expect(check([0, 0, 0, 0], 0.5)).toBeUndefined();
  expect(check([10, 0, 0, 0], 0.5)).toBe(5);
  expect(check([0, 10, 0, 0], 0.5)).toBe(15);
  expect(check([5, 0, 5, 0], 0.5)).toBe(10);
  expect(check([5, 0, 5, 0], 0.75)).toBe(30);
  expect(check([0, 0, 0, 4], 0.99)).toBe(40);
});

test("what is refused most comes first", () => {
  expect(mostRefused(health(0, 0), 2)).toEqual([["a.a", 5], ["c.d", 5]]);
});

test("a reading that fails is said, and no line is drawn across it", async () => {
  const answers = [health(1000, 0), health(2000, 5), undefined, health(9000, 100), health(10_000, 103)];
  const vitals = new Vitals(() => {
    const answer = answers.shift();
    return answer === undefined ? Promise.reject(new Error("no")) : Promise.resolve(answer);
  });
  for (let count = 0; count < 3; count += 1) await vitals.read();
  expect(get(vitals.failed)).toEqual(new Error("no"));
  await vitals.read();
  await vitals.read();
  expect(get(vitals.failed)).toBeUndefined();
  expect(get(vitals.points).map(({ events_per_second }) => events_per_second)).toEqual([5, 3]);
  expect(get(vitals.health)?.now).toBe(10_000);
});
