// How much a page may be: what a browser fetches before messages are shown, as the server sends it.

import { request } from "node:http";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { post, teaOf } from "./chat.js";
import { BUSY, PASSWORD, type Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

/** The most JavaScript of the first view, compressed by brotli. */
const SCRIPT_BYTES_MAX = 120_000;
/** Each file is a request, and compressed by itself. */
const SCRIPTS_MAX = 6;

stage(BUSY);

let ana: Person;
let stream: string;

beforeAll(async () => {
  const bob = await server.person("bob");
  ana = await server.person("ana");
  ({ stream } = await teaOf(ana, [bob]));
  const first = await post(bob, stream, "Good morning, @ana! Is the **kettle** on? https://tea.example");
  await post(ana, stream, "It is 🫖", { reply_to: first });
  await ana.ask("PUT", `/streams/${stream}/messages/${first}/reactions/🫖`, {});
  await post(bob, stream, "- black\n- green\n\n> Whatever there is", { thread: first });
  for (let n = 1; n <= 20; n += 1) await post(n % 3 === 0 ? ana : bob, stream, `Cup number ${n}, with \`milk\``);
  await ana.ask("PUT", `/streams/${stream}/read`, { seq: await post(bob, stream, "The last of them") });
});

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

const lines = (weights: readonly (readonly [string, number])[]) => weights.map(([path, bytes]) => `${bytes} ${path}`).join("\n");
const sum = (weights: readonly (readonly [string, number])[]) => weights.reduce((sum, [, bytes]) => sum + bytes, 0);

test("the chat's page names less than 120 KB of scripts", async () => {
  const html = String(await fetched("/", "identity"));
  const first = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map(([, path]) => path ?? "");
  expect(first.length).toBeGreaterThan(0);
  expect(first.length).toBeLessThanOrEqual(SCRIPTS_MAX);
  const weights = await Promise.all(first.map(async (path) => [path, (await fetched(path, "br")).length] as const));
  expect(sum(weights), lines(weights)).toBeLessThan(SCRIPT_BYTES_MAX);
});

/** The cookies of a session that no page has begun. */
async function signedIn(name: string): Promise<{ name: string; value: string; url: string }[]> {
  const answer = await fetch(`${server.url}/api/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-kith-request": "1", origin: server.url },
    body: JSON.stringify({ name, password: PASSWORD, label: "a browser", kind: "cookie" }),
  });
  return answer.headers.getSetCookie().map((cookie) => {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    return { name, value, url: server.url };
  });
}

test.each(["en-US", "de-DE"])("a browser that opens a stream for the first time fetches no more scripts until one can read and write (%s)", async (locale) => {
  const page = await browser.page({ locale });
  await page.context().addCookies(await signedIn("ana"));
  // Each frame is looked at: whether the messages are shown, and what is typed would be written.
  await page.addInitScript(() => {
    const look = () => {
      const box = document.querySelector("textarea");
      const isShown = [...document.querySelectorAll("article")].some((one) => one.textContent?.includes("The last of them"));
      if (isShown && box !== null && document.activeElement === box) performance.mark("usable");
      else requestAnimationFrame(look);
    };
    look();
  });
  await page.goto(`${server.url}/s/${stream}`);
  await page.waitForFunction(() => performance.getEntriesByName("usable").length > 0);
  await page.keyboard.type("Hello");
  expect(await page.locator("textarea").inputValue()).toBe("Hello");
  // What begins later can wait, and is loaded when there is nothing better to do.
  await expect.poll(async () => (await scripts(page)).some(({ late }) => late)).toBe(true);
  const weights = (await scripts(page)).filter(({ late }) => !late).map(({ path, bytes }) => [path, bytes] as const);
  expect(Math.min(...weights.map(([, bytes]) => bytes)), lines(weights)).toBeGreaterThan(0);
  expect(sum(weights), lines(weights)).toBeLessThan(SCRIPT_BYTES_MAX);
  await page.close();
});

/** The scripts that a page has fetched, as they came, and whether that began after it could be used. */
function scripts(page: Page): Promise<{ path: string; bytes: number; late: boolean }[]> {
  return page.evaluate(() => {
    const usable = performance.getEntriesByName("usable")[0]?.startTime ?? 0;
    const all = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
    return all.map(({ name, startTime, encodedBodySize }) => ({ path: new URL(name).pathname, bytes: encodedBodySize, late: startTime > usable })).filter(({ path }) => path.endsWith(".js"));
  });
}
