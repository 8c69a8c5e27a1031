// A component that shows a store.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createElement } from "react";
import { act, create, type ReactTestRenderer } from "react-test-renderer";
import { int, type Aware, type Store } from "@kith/client";
import { useStore } from "@kith/client/react";
import { Watchers } from "../dist/store.js";
import { circle, Server, until } from "./serve.js";

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

test("a component shows what a store has, and what another has", async () => {
  let renders = 0;
  function Shown({ store }: { store?: Store<number> }) {
    renders += 1;
    return createElement("p", null, useStore(store) ?? "none");
  }
  const [one, two] = [new Watchers(1), new Watchers(10)];
  let shown: ReactTestRenderer | undefined;
  const text = () => (shown?.toJSON() as { children: string[] }).children[0];
  await act(async () => void (shown = create(createElement(Shown))));
  assert.equal(text(), "none");
  await act(async () => shown?.update(createElement(Shown, { store: one })));
  assert.equal(text(), "1");
  await act(async () => one.set(2));
  assert.equal(text(), "2");
  await act(async () => shown?.update(createElement(Shown, { store: two })));
  assert.equal(text(), "10");
  const before = renders;
  await act(async () => {
    one.set(3);
    two.set(10);
  });
  assert.equal(renders, before, "nothing that is shown has changed");
  await act(async () => shown?.unmount());
  two.set(11);
});

test("a component shows what others show in a feed, until they are gone", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const made = await circle(ana, bob);
  const { count } = await ana.open(made.circle, { count: int<number>() }, { create: true });
  const [mine, yours] = [ana.aware<{ at: number }>(count.id), bob.aware<{ at: number }>(count.id)];
  await bob.topic(count.id, int());
  function Cursors({ aware }: { aware: Aware<{ at: number }> }) {
    const all = [...useStore(aware.others).values()];
    return createElement("p", null, all.map(({ user, state }) => `${user} is at ${state.at}`).join() || "nobody");
  }
  let shown: ReactTestRenderer | undefined;
  const text = () => (shown?.toJSON() as { children: string[] }).children[0];
  await act(async () => void (shown = create(createElement(Cursors, { aware: mine }))));
  assert.equal(text(), "nobody");
  for (const at of [1, 2]) {
    await act(async () => {
      yours.set({ at });
      await until(mine.others, (others) => [...others.values()][0]?.state.at === at);
    });
    assert.equal(text(), `${bob.user.id} is at ${at}`);
  }
  await act(async () => {
    bob.close();
    await until(mine.others, (others) => others.size === 0);
  });
  assert.equal(text(), "nobody");
  await act(async () => shown?.unmount());
});
