// A server and a browser for all tests of a file.

import { afterAll, beforeAll } from "vitest";
import { Chromium } from "./browser.js";
import { BUSY, Server } from "./server.js";

export let server: Server;
export let browser: Chromium;

/** Starts both before what a file begins with behind this call, and ends them after what it ends with there. */
export function stage(settings: Readonly<Record<string, string>> = BUSY): void {
  beforeAll(async () => {
    server = await Server.start(settings);
    browser = await Chromium.start();
  });
  afterAll(async () => {
    try {
      await browser.end();
    } finally {
      await server.end();
    }
  });
}
