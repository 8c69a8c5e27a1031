// The real browser and the real server, for whatever drives them: tests, pictures and measurements.

import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

function installed() {
  for (const path of (process.env.PATH ?? "").split(delimiter).map((one) => join(one, "chromium"))) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  throw new Error("chromium is not installed: run `cargo xtask setup`");
}

/** Starts the browser of the system: none is downloaded. */
export function launch() {
  // Root, as in containers, has no sandbox.
  return chromium.launch({ executablePath: installed(), args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
}

/** Waits for what a server says when it starts. */
export async function heard(program, wanted) {
  let said = "";
  while (program.exitCode === null) {
    const found = wanted.exec(said);
    if (found !== null) return found;
    const [more] = await Promise.race([once(program.stdout, "data"), once(program, "exit")]);
    said += String(more);
  }
  throw new Error(`the server said ${said}`);
}
