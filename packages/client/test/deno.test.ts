// The SDK as it is, in Deno.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { int, schema } from "@kith/client";
import { Server, until } from "./serve.js";

const DENO = createRequire(import.meta.url).resolve("deno/bin.cjs");
const PROGRAM = fileURLToPath(new URL("../test/deno.mjs", import.meta.url));

test("a program in Deno shares what others have", async (context) => {
  const server = await Server.start(context);
  const ana = await server.client("ana");
  const circle = (await ana.command({ create_circle: { name: "Tea" } })).circle as `c_${string}`;
  const { count } = await ana.open(circle, schema({ count: int(40) }), { create: true });
  // Nothing but this server is reached, and nothing is read but the program.
  const allowed = ["run", "--no-config", "--no-lock", "--no-remote", "--no-npm", `--allow-net=${new URL(server.url).host}`];
  const { stdout } = await promisify(execFile)(process.execPath, [
    DENO, ...allowed, PROGRAM, server.url, server.token("ana"), circle,
  ]);
  assert.deepEqual(JSON.parse(stdout), { count: 42, echo: { from: "Deno" } });
  await until(count, (now) => now === 42);
});
