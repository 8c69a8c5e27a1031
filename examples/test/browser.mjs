// The pages in Debian's Chromium, as two people use them.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { preview } from "vite";
import { PASSWORD } from "../../packages/client/build/serve.js";
import { circle } from "./circle.mjs";

async function person(browser, said, { site, server, id }, example, name) {
  const page = await (await browser.newContext()).newPage();
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("console", (line) => line.type() === "error" && said.push(line.text()));
  await page.goto(`${site}${example}/?circle=${id}`);
  await page.getByLabel("Server").fill(server.url);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("main").waitFor();
  return page;
}

/** An example as Ana and Bob have it open, and their circle. A page that complains fails the test. */
export async function pages(test, example) {
  // Root may not use Chromium's sandbox.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
  const said = [];
  // Before the server ends, of which the pages would complain.
  test.after(async () => {
    await browser.close();
    assert.deepEqual(said, []);
  });
  const root = fileURLToPath(new URL("..", import.meta.url));
  const files = await preview({ root, preview: { host: "127.0.0.1", port: 0 } });
  test.after(() => files.close());
  const site = `http://127.0.0.1:${files.httpServer.address().port}/`;
  const world = { site, ...(await circle(test, { origins: site })) };
  const [ana, bob] = [await person(browser, said, world, example, "ana"), await person(browser, said, world, example, "bob")];
  return { ...world, pages: { ana, bob } };
}

/** Waits until `read`, which the page runs, gives what is wanted. */
export async function becomes(page, read, wanted) {
  const source = `JSON.stringify((${read})())`;
  await page.waitForFunction(`${source} === ${JSON.stringify(JSON.stringify(wanted))}`).catch(async () => {
    assert.deepEqual(JSON.parse(await page.evaluate(source)), wanted);
  });
}
