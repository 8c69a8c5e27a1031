// Files on their way in the chat, down and up: how far they are, stopping them, and servers that fail them.

import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Chromium, expectAccessible, expectFits } from "./browser.js";
import { chat, composer, forgive, message, post, say, worldOf } from "./chat.js";
import { blob, upload, type Made } from "./files.js";
import { slow } from "./network.js";
import { FILES, Server } from "./server.js";

let browser: Chromium;
beforeAll(async () => {
  browser = await Chromium.start();
});
afterAll(() => browser.end());

async function serverOf(settings: Record<string, string> = FILES): Promise<Server> {
  const server = await Server.start(settings);
  onTestFinished(() => server.end());
  return server;
}

const tray = (page: Page, name: string) => page.getByRole("list", { name: "Files of your message" }).getByRole("listitem").filter({ hasText: name });

async function choose(page: Page, file: Made): Promise<void> {
  const asked = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Attach files" }).click();
  await (await asked).setFiles([file]);
}

async function expectSaved(page: Page, line: string, file: Made): Promise<void> {
  const saving = page.waitForEvent("download");
  await message(page, line).getByRole("link", { name: file.name }).click();
  const saved = await saving;
  expect(saved.suggestedFilename()).toBe(file.name);
  expect((await readFile(await saved.path())).equals(file.buffer)).toBe(true);
}

test("what is saved over a slow network shows how far it is, is stopped, and is whole when it is saved again", async () => {
  const server = await serverOf();
  const { ana, bob, stream } = await worldOf(server);
  // More than a network holds on the way.
  const report = blob("report.bin", 20_000_000);
  await post(ana, stream, "The report", { files: [await upload(ana, report)] });
  const page = await chat(browser, server, bob, `/s/${stream}`, { width: 360 });
  let saved = 0;
  page.on("download", () => (saved += 1));
  const line = message(page, "The report");
  const link = line.getByRole("link", { name: "report.bin" });
  const progress = line.getByRole("progressbar", { name: "report.bin, download" });
  await link.waitFor();
  const down = await slow(page);
  await down(200_000);
  await link.click();
  const done = () => progress.evaluate((bar) => (bar as HTMLProgressElement).value);
  await expect.poll(done).toBeGreaterThan(0);
  const before = await done();
  await expect.poll(done).toBeGreaterThan(before);
  await line.getByText(/^\d.* of 20 MB$/).waitFor();
  await expectAccessible(page);
  await expectFits(page);
  // One at a time, by keys too.
  await link.press("Enter");
  expect(await progress.count()).toBe(1);
  const stop = line.getByRole("button", { name: "Stop downloading report.bin" });
  await stop.focus();
  await page.keyboard.press("Enter");
  await progress.waitFor({ state: "detached" });
  await line.getByText("20 MB", { exact: true }).waitFor();
  expect(await line.getByRole("alert").count()).toBe(0);
  expect(await link.evaluate((one) => one === document.activeElement)).toBe(true);
  expect(saved).toBe(0);

  // The server goes in the middle of it: that is said, and once it is back it is saved.
  await link.click();
  await expect.poll(done).toBeGreaterThan(0);
  await server.kill();
  await down(-1);
  await line.getByRole("alert").waitFor();
  await expectAccessible(page);
  expect(await progress.count()).toBe(0);
  expect(saved).toBe(0);
  await server.again();
  await page.getByText("No connection.").waitFor({ state: "detached" });
  await expectSaved(page, "The report", report);
  expect(await line.getByRole("alert").count()).toBe(0);
  forgive(browser);
  await page.close();
});

/** Has the server die in the middle of an upload, and come back without room for files. */
async function broken(server: Server, page: Page, begin: () => Promise<void>): Promise<void> {
  let pieces = 0;
  let killed = Promise.resolve();
  await page.route("**/api/v1/files/*", async (route) => {
    if (route.request().method() === "PATCH" && (pieces += 1) === 3) await (killed = server.kill());
    await route.continue();
  });
  await begin();
  await expect.poll(() => pieces).toBeGreaterThanOrEqual(3);
  await killed;
  await page.unroute("**/api/v1/files/*");
  await server.again({ KITH_FILES__FREE_PERCENT: "99" });
}

/** Where uploads go on, as the page tells the server. */
function offsets(page: Page): number[] {
  const told: number[] = [];
  page.on("request", (request) => {
    if (request.method() === "PATCH") told.push(Number(request.headers()["upload-offset"]));
  });
  return told;
}

test("an upload that failed with its server is tried again from where it stood, and then goes with its message", async () => {
  const server = await serverOf();
  const { ana, bob, stream } = await worldOf(server);
  const page = await chat(browser, server, ana, `/s/${stream}`, { width: 360 });
  const large = blob("large.bin", 3_000_000);
  await broken(server, page, () => choose(page, large));
  await tray(page, "large.bin").getByText("Failed: The server has no room left.").waitFor({ timeout: 40_000 });
  await expectAccessible(page);
  await expectFits(page);
  await composer(page).fill("It is large");
  await composer(page).press("Enter");
  await page.getByText("A file could not be sent: try it again, or remove it.").waitFor();
  // As long as there is no room, it fails again, and says so.
  const again = tray(page, "large.bin").getByRole("button", { name: "Try large.bin again" });
  await again.click();
  await tray(page, "large.bin").getByText("Failed: The server has no room left.").waitFor();
  await server.kill();
  await server.again();
  await page.getByText("No connection.").waitFor({ state: "detached" });
  const told = offsets(page);
  await again.click();
  await tray(page, "large.bin").getByText(/^Uploaded/).waitFor({ timeout: 40_000 });
  expect(told[0]).toBeGreaterThan(0);
  await composer(page).press("Enter");
  const other = await chat(browser, server, bob, `/s/${stream}`);
  await expectSaved(other, "It is large", large);
  forgive(browser);
  await other.close();
  await page.close();
});

test("a message whose file failed says why, and goes with it once either is tried again", async () => {
  const server = await serverOf();
  const { ana, bob, stream } = await worldOf(server);
  const page = await chat(browser, server, ana, `/s/${stream}`, { theme: "dark" });
  const large = blob("large.bin", 3_000_000);
  await broken(server, page, async () => {
    await choose(page, large);
    await say(page, "It is large");
  });
  const own = page.getByRole("article", { name: "Your message" });
  await own.getByText("The server has no room left.").first().waitFor({ timeout: 40_000 });
  await own.getByRole("button", { name: "Try again", exact: true }).waitFor();
  await expectAccessible(page);
  await server.kill();
  await server.again();
  await page.getByText("No connection.").waitFor({ state: "detached" });
  await own.getByRole("button", { name: "Try large.bin again" }).click();
  await message(page, "It is large").getByRole("link", { name: "large.bin" }).waitFor({ timeout: 40_000 });
  const other = await chat(browser, server, bob, `/s/${stream}`);
  await expectSaved(other, "It is large", large);
  expect(await message(other, "It is large").count()).toBe(1);
  forgive(browser);
  await other.close();
  await page.close();
});
