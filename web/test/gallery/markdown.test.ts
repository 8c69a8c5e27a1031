// Messages as they are shown.

import { afterAll, beforeAll, expect, test } from "vitest";
import { Chromium } from "../browser.js";
import { expectGood, openGallery } from "./gallery.js";

let browser: Chromium;
beforeAll(async () => {
  browser = await Chromium.start();
});
afterAll(() => browser.end());

test("they are accessible in every look", () => expectGood(browser, "markdown", async (page) => {
  await page.locator("pre .keyword").first().waitFor();
}));

test("names are what they mean, and what is unknown is as it was written", async () => {
  const page = await openGallery(browser, "markdown");
  const first = page.getByRole("article").first();
  await first.getByText("🎉").waitFor();
  expect(await first.innerText()).toBe("Hi @Ana Łucja, @bob and @nobody: the kettle is on in #tea, not in #nowhere. 🎉 See tea › message");
  await first.getByRole("button", { name: "@bob" }).click();
  await expect.poll(() => page.locator("output").textContent()).toBe("bob");
  await first.getByRole("link", { name: "#tea" }).click();
  await expect.poll(() => page.locator("output").textContent()).toBe("#tea");
  await first.getByRole("link", { name: "tea › message" }).press("Enter");
  await expect.poll(() => page.locator("output").textContent()).toBe("message");
});

test("a spoiler is silent until it is asked for", async () => {
  const page = await openGallery(browser, "markdown");
  const message = page.getByRole("article").nth(1);
  expect(await message.getByText("spoiler").isVisible()).toBe(false);
  await message.getByRole("button", { name: "Spoiler, hidden: show" }).press("Enter");
  await message.getByText("spoiler").waitFor();
});

test("code is copied as it was written", async () => {
  const page = await openGallery(browser, "markdown");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const code = page.getByRole("article").nth(3);
  await code.getByRole("button", { name: "Copy code" }).first().click();
  await code.getByRole("button", { name: "Copied" }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("    let count = 42; // why not\n");
  await code.getByText("U+202E").waitFor();
});

test("nothing that is written becomes an element of its own", async () => {
  const page = await openGallery(browser, "markdown");
  const hostile = page.getByRole("article").nth(6);
  expect(await hostile.locator("script, img, a").count()).toBe(0);
  await page.getByLabel("Try it").fill("<svg onload=alert(1)> [a](data:text/html,x) ![p](https://a.example/p.png) **b**");
  const tried = page.getByRole("article").last();
  await tried.getByText("b", { exact: true }).waitFor();
  expect(await tried.locator("svg, img").count()).toBe(0);
  expect(await tried.locator("a").evaluateAll((all) => all.map((one) => one.getAttribute("href")))).toEqual(["https://a.example/p.png"]);
});
