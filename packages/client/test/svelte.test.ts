// Stores in Svelte, by the contract of stores and by runes.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { compileModule } from "svelte/compiler";
import { derived, get } from "svelte/store";
import { int } from "@kith/client";
import { Watchers } from "../dist/store.js";
import { circle, Server } from "./serve.js";

test("a store is one of Svelte's", () => {
  const store = new Watchers(1);
  const double = derived(store, (value) => value * 2);
  const seen: number[] = [];
  const stop = double.subscribe((value) => void seen.push(value));
  store.set(2);
  stop();
  store.set(3);
  assert.deepEqual([seen, get(store)], [[2, 4], 3]);
});

const MODULE = `
import { flushSync } from "svelte";
import { live } from "@kith/client/svelte";
import { Watchers } from "./dist/store.js";

const store = new Watchers(1);
const value = live(store);
const seen = [];
const stop = $effect.root(() => {
  $effect(() => void seen.push(value.current));
});
flushSync();
store.set(2);
flushSync();
stop();
store.set(3);
flushSync();
console.log(JSON.stringify([seen, value.current]));
`;

test("an effect runs again when a store that it reads changes", () => {
  const { js } = compileModule(MODULE, { generate: "client", filename: "test.svelte.js" });
  // As a bundler for browsers resolves it.
  const options = ["--conditions=browser", "--input-type=module", "--eval", js.code];
  const { stdout, stderr } = spawnSync(process.execPath, options, {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    encoding: "utf8",
  });
  assert.equal(stdout, "[[1,2],3]\n", stderr);
});

// By its file: what a bundler for browsers would resolve is none.
const CURSORS = `
import WebSocket from "./node_modules/ws/wrapper.mjs";
import { Client, int } from "@kith/client";
import { live } from "@kith/client/svelte";

const [url, token, topic] = process.argv.slice(1);
const client = await Client.connect({ url, auth: { token }, WebSocket });
await client.topic(topic, int());
const others = live(client.aware(topic).others);
const stop = $effect.root(() => {
  $effect(() => console.log(JSON.stringify([...others.current.values()].map(({ state }) => state))));
});
process.stdin.once("data", () => {
  stop();
  client.close();
  process.exit();
});
`;

test("an effect runs again when others show something else in a feed", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const made = await circle(ana, bob);
  const { count } = await ana.open(made.circle, { count: int<number>() }, { create: true });
  const { js } = compileModule(CURSORS, { generate: "client", filename: "cursors.svelte.js" });
  const options = ["--conditions=browser", "--input-type=module", "--eval", js.code, server.url, server.token("bob"), count.id];
  const program = spawn(process.execPath, options, {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(program, "exit");
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  const aware = ana.aware<{ at: number }>(count.id);
  assert.equal((await lines.next()).value, "[]");
  for (const state of [{ at: 1 }, { at: 2 }, null]) {
    aware.set(state);
    assert.equal((await lines.next()).value, JSON.stringify(state === null ? [] : [state]));
  }
  program.stdin.end("over");
  await ended;
});
