// How much a page may be: what a browser fetches before messages are shown, as the server sends it.

import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUSY, Server } from "./server.js";

/** The most JavaScript of the first view, compressed by brotli. */
const SCRIPT_BYTES_MAX = 120_000;
/** Each file is a request, and compressed by itself. */
const SCRIPTS_MAX = 6;

let server: Server;

beforeAll(async () => {
  server = await Server.start(BUSY);
});

afterAll(() => server.end());

/** A file as it comes: its bytes on the way. */
function fetched(path: string, encoding: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, server.url), { headers: { "accept-encoding": encoding } }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part)).on("error", reject);
      answer.on("end", () => (answer.statusCode === 200 ? resolve(Buffer.concat(parts)) : reject(new Error(`${path}: ${answer.statusCode}`))));
    });
    asked.on("error", reject).end();
  });
}

test("the chat loads less than 120 KB of scripts before it is shown", async () => {
  const html = String(await fetched("/", "identity"));
  const first = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map(([, path]) => path ?? "");
  expect(first.length).toBeGreaterThan(0);
  expect(first.length).toBeLessThanOrEqual(SCRIPTS_MAX);
  const weights = await Promise.all(first.map(async (path) => (await fetched(path, "br")).length));
  const sum = weights.reduce((sum, bytes) => sum + bytes, 0);
  expect(sum, first.map((path, place) => `${weights[place]} ${path}`).join("\n")).toBeLessThan(SCRIPT_BYTES_MAX);
});
