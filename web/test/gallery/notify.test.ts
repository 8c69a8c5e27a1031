// Notifications, the badge, the sound, and the page without a connection.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { Chromium } from "../browser.js";
import { expectGood, openGallery } from "./gallery.js";

let browser: Chromium;
beforeAll(async () => {
  browser = await Chromium.start();
});
afterAll(() => browser.end());

const open = () => openGallery(browser, "notify");
const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();
const last = (page: Page) => page.locator("output").first().textContent();

test("they are accessible in every look", () => expectGood(browser, "notify"));

test("nobody who looks at the page is notified", async () => {
  const page = await open();
  await page.context().grantPermissions(["notifications"]);
  await page.bringToFront();
  await press(page, "Notify");
  await expect.poll(() => last(page)).toBe("not notified");
  await press(page, "Sound");
  await expect.poll(() => last(page)).toBe("sound");
  await press(page, "Sound");
  await expect.poll(() => last(page)).toBe("silent");
});

test("the tab tells what is unread", async () => {
  const page = await open();
  await press(page, "Badge");
  const icon = () => page.locator('link[rel="icon"]').getAttribute("href");
  await expect.poll(icon).toContain("icon-loud");
  await press(page, "No badge");
  await expect.poll(icon).not.toContain("icon-loud");
});

test("what was shown is kept for its user, and goes when somebody else comes", async () => {
  const page = await open();
  const kept = () => page.locator("[data-kept]").textContent();
  await press(page, "Keep");
  await expect.poll(() => last(page)).toBe("kept");
  await page.reload();
  await press(page, "Show what was kept");
  await expect.poll(kept).toBe("hello");
  await press(page, "Somebody else comes");
  await expect.poll(() => last(page)).toBe("bob came");
  await press(page, "Show what was kept");
  await expect.poll(kept).toBe("none");
});

test("the page opens without a connection, and nothing that was said to anybody is kept", async () => {
  const page = await open();
  await press(page, "Start the worker");
  await expect.poll(() => last(page)).toBe("started");
  const root = new URL("/", inject("gallery")).href;
  await page.goto(`${root}#notify`);
  await page.getByRole("button", { name: "Notify" }).waitFor();
  const ask = () => page.evaluate(() => fetch("/api/v1/secret").then((answer) => answer.text(), () => "unreachable"));
  expect(await ask()).toBe("private");
  await page.context().setOffline(true);
  expect(await ask()).toBe("unreachable");
  await page.goto(`${root}s/any/place#notify`);
  await page.getByRole("button", { name: "Notify" }).waitFor();
  const cached = await page.evaluate(async () => {
    const all = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return all.flat().map((request) => new URL(request.url).pathname);
  });
  expect(cached).toContain("/");
  expect(cached.filter((path) => path !== "/" && !path.startsWith("/assets/"))).toEqual([]);
  await page.context().setOffline(false);
  browser.takeComplaints();
});

test("the page is an application that can be installed", async () => {
  const page = await open();
  const href = await page.locator('link[rel="manifest"]').getAttribute("href");
  const manifest = await page.evaluate((href) => fetch(href ?? "").then((answer) => answer.json()), href) as { icons: { src: string }[]; display: string };
  expect(manifest.display).toBe("standalone");
  for (const { src } of manifest.icons) expect(await page.evaluate((src) => fetch(src).then((answer) => answer.status), src)).toBe(200);
});
