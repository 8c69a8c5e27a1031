// The real browser and the real server, for whatever drives them: tests, pictures and measurements.

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

/** Waits for what a server says when it starts; rejects where it ends without saying so. */
export function heard(program, wanted) {
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (more) => {
      said += String(more);
      const found = wanted.exec(said);
      if (found === null) return;
      program.stdout.off("data", hear);
      program.off("close", ended);
      resolve(found);
    };
    const ended = () => reject(new Error(`the server said ${said}`));
    program.stdout.on("data", hear);
    program.on("close", ended);
  });
}
