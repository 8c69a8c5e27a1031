// Runs every test; the files are named, for older versions of Node find none alone.

import { spawnSync } from "node:child_process";

// What every browser has, and Node from 19 on.
const old = globalThis.crypto === undefined ? ["--experimental-global-webcrypto"] : [];
const files = ["test/programs.test.mjs", "test/pages.test.mjs", "test/private.test.mjs"];
const { status } = spawnSync(process.execPath, [...old, "--test", ...files], {
  cwd: new URL("..", import.meta.url),
  stdio: "inherit",
});
process.exit(status ?? 1);
