// What clients show each other in a feed, with the real server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { int, type Aware, type Client, type Other, type Store } from "@kith/client";
import { Server, until } from "./serve.js";

interface Cursor {
  at: number;
  [key: string]: number;
}

/** What others show, in order. */
const shown = (others: ReadonlyMap<number, Other<Cursor>>) => [...others.values()].map(({ state }) => state.at);

function shows(aware: Aware<Cursor>, ...wanted: number[]): Promise<ReadonlyMap<number, Other<Cursor>>> {
  const others: Store<ReadonlyMap<number, Other<Cursor>>> = aware.others;
  return until(others, (now) => JSON.stringify(shown(now).sort()) === JSON.stringify(wanted));
}

/** A topic of ana's that bob may read. */
async function counter(ana: Client, bob: Client): Promise<`t_${string}`> {
  const { circle } = await ana.command({ create_circle: { name: "Tea", public: true } });
  const id = circle as `c_${string}`;
  await bob.command({ join: { circle: id } });
  const { topic } = await ana.command({ create_topic: { circle: id, name: "count", holds: "int" } });
  return topic as `t_${string}`;
}

test("what is shown is seen until it ends, and again after every reconnection", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const id = await counter(ana, bob);
  const [mine, yours] = [ana.aware<Cursor>(id), bob.aware<Cursor>(id)];
  // Before it is followed; it is shown when it is.
  mine.set({ at: 1 });
  await ana.topic(id, int());
  const held = await bob.topic(id, int());
  const seen = await shows(yours, 1);
  const [one] = seen.values();
  assert.deepEqual([one?.user, one?.session], [ana.user.id, ana.welcome.session]);
  yours.set({ at: 2 });
  await shows(mine, 2);
  // Of many moves the last is seen.
  for (let at = 3; at <= 500; at += 1) mine.set({ at });
  await shows(yours, 500);
  // A tab of the same session is somebody else.
  const tab = await server.client("bob");
  await tab.topic(id, int());
  tab.aware<Cursor>(id).set({ at: 7 });
  await shows(mine, 2, 7);
  await shows(yours, 500, 7);
  tab.close();
  await shows(mine, 2);

  await server.kill();
  await until(ana.connection, ({ state }) => state === "offline");
  await shows(mine);
  mine.set({ at: 501 });
  await server.again();
  await shows(yours, 501);
  await shows(mine, 2);

  mine.set(null);
  await shows(yours);
  held.close();
  await shows(mine);
});

test("what cannot be shown is refused", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const id = await counter(ana, bob);
  await ana.topic(id, int());
  const aware = ana.aware(id);
  const refused = new Promise<string>((told) => void aware.onRefused(({ code }) => told(code)));
  aware.set({ long: "x".repeat(20_000) });
  assert.equal(await refused, "input.too_long");
  assert.throws(() => aware.set({ at: (() => 1) as never }));
});
