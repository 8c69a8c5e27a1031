import type { FeedUpdate, protocol } from "@kith/client";
import { get } from "svelte/store";
import { expect, test } from "vitest";
import { byDay, Deeds, type Asked } from "./deeds.js";

const event = (seq: number): protocol.Event => ({ feed: "site", seq, at: seq, by: "u_ana", body: { kind: "admin_set", user: `u_${seq}`, admin: true } });

/** A server with so many events, which tells what is asked for at once and more when told to. */
function server(count: number) {
  const asked: (number | undefined)[] = [];
  let tell: ((update: FeedUpdate) => void) | undefined;
  const client: Asked = {
    follow: ({ after }, told) => {
      asked.push(after);
      tell = told;
      queueMicrotask(() => {
        if (tell !== told) return;
        if (after === undefined) return told({ kind: "snapshot", feed: "site", seq: count, state: { head: {} } });
        for (let seq = after + 1; seq <= count; seq += 1) told({ kind: "event", feed: "site", event: event(seq) });
        told({ kind: "caught_up", feed: "site", seq: count });
      });
      return () => (tell = undefined);
    },
  };
  return { client, asked, happens: (seq: number) => tell?.({ kind: "event", feed: "site", event: event(seq) }) };
}
const settled = () => new Promise((done) => setTimeout(done));
const seqs = (deeds: Deeds) => get(deeds.all)?.map(({ seq }) => seq);

test("of a long log the newest is asked for, and more when it is wanted", async () => {
  const { client, asked } = server(250);
  const deeds = new Deeds({ client }, () => {});
  deeds.start();
  await settled();
  expect([seqs(deeds)?.[0], seqs(deeds)?.length, get(deeds.more)]).toEqual([250, 100, true]);
  deeds.earlier();
  await settled();
  deeds.earlier();
  await settled();
  expect([seqs(deeds)?.at(-1), seqs(deeds)?.length, get(deeds.more)]).toEqual([1, 250, false]);
  expect(asked).toEqual([undefined, 150, 50, 0]);
});

test("what happens meanwhile comes first, and whom it names is met", async () => {
  const met: string[] = [];
  const { client, happens } = server(1);
  const deeds = new Deeds({ client }, (users) => met.push(...users));
  deeds.start();
  await settled();
  happens(2);
  expect(seqs(deeds)).toEqual([2, 1]);
  expect(met).toEqual(["u_ana", "u_1", "u_ana", "u_2"]);
  deeds.end();
  happens(3);
  expect(seqs(deeds)).toEqual([2, 1]);
});

test("events stand under their days", () => {
  const days = byDay([25, 21, 13, 12, 3].map(event), (at) => Math.floor(at / 10));
  expect(days.map(({ day, events }) => [day, ...events.map(({ seq }) => seq)])).toEqual([[2, 25, 21], [1, 13, 12], [0, 3]]);
  expect(byDay([], Number)).toEqual([]);
});
