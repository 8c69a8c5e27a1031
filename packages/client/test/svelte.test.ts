// Stores in Svelte, by the contract of stores and by runes.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { compileModule } from "svelte/compiler";
import { derived, get } from "svelte/store";
import { Watchers } from "../dist/store.js";

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
