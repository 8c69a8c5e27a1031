// The programs, run as they stand.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { float, map } from "@kith/client";
import { until } from "../../packages/client/build/serve.js";
import { circle } from "./circle.mjs";

/** Starts an example and waits until it says that it is ready. */
async function start(test, name, server, circle) {
  const file = fileURLToPath(new URL(`../${name}.mjs`, import.meta.url));
  const crypto = globalThis.process.execArgv.filter((option) => option.startsWith("--experimental"));
  const program = spawn(process.execPath, [...crypto, file], {
    env: { ...process.env, KITH_URL: server.url, KITH_TOKEN: server.token("ana"), KITH_CIRCLE: circle },
    stdio: ["ignore", "pipe", "inherit"],
  });
  test.after(async () => {
    const ended = once(program, "exit");
    program.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null], "it ends when it is told to");
  });
  for await (const line of createInterface({ input: program.stdout })) {
    if (line === "ready") return;
  }
  assert.fail(`${name} ended`);
}

test("the bot asks, and everybody votes", async (context) => {
  const { server, bob, id } = await circle(context);
  await start(context, "poll-bot", server, id);
  const { streams } = await bob.query({ circle: { circle: id } });
  const tea = await bob.stream(streams[0]?.stream.id);
  const poll = (text) => bob.call({ circle: id, name: "chat/poll", args: { text }, stream: tea.id });
  const error = await poll("tea?").catch((error) => error);
  assert.equal(error.failure?.code, "poll.no_options");
  await poll("Tea or coffee? | tea | coffee");
  const [line] = await until(tea.messages, (lines) => lines.length > 0);
  assert.ok(line?.state === "confirmed" && line.message.topic !== undefined);
  assert.equal(line.message.text, "Tea or coffee?\n- tea\n- coffee");
  const votes = await bob.topic(line.message.topic, map());
  await votes.put(bob.user.id, "tea");
  assert.deepEqual(votes.get(), { [bob.user.id]: "tea" });
});

test("the sensor is followed", async (context) => {
  const { server, bob, id } = await circle(context);
  await start(context, "sensor", server, id);
  const load = await bob.topicByName(id, `sensors/${hostname()}/load`, float());
  assert.ok(load.get() >= 0);
  assert.equal(load.info.get().rules?.ephemeral, true);
});
