// Runs every test that was built; the files are named, for older versions of Node find none alone.

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

const folder = new URL("../build/", import.meta.url);
const tests = readdirSync(folder).filter((file) => file.endsWith(".test.js"));
const files = tests.map((file) => `build/${file}`);
// What every browser has, and Node from 19 on.
const old = globalThis.crypto === undefined ? ["--experimental-global-webcrypto"] : [];
const { status } = spawnSync(process.execPath, [...old, "--test", ...files, ...process.argv.slice(2)], {
  cwd: new URL("..", import.meta.url),
  stdio: "inherit",
});
process.exit(status ?? 1);
