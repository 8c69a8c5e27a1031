// Pictures, what plays, files, and what is on its way.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Chromium, expectAccessible } from "../browser.js";
import { expectGood, openGallery } from "./gallery.js";

let browser: Chromium;
beforeAll(async () => {
  browser = await Chromium.start();
});
// The made-up sound cannot be loaded, and the browser says so.
afterAll(async () => {
  const complaints = browser.takeComplaints().filter((one) => !one.includes("data:,"));
  await browser.end();
  expect(complaints).toEqual([]);
});

const scale = (page: Page) => page.getByRole("dialog").locator("img").evaluate((img) => img.getBoundingClientRect().width / (img as HTMLElement).offsetWidth);

test("they are accessible in every look", () => expectGood(browser, "media"));

test("pictures are seen in full, one after the other, by the keyboard", async () => {
  const page = await openGallery(browser, "media");
  const six = page.getByRole("region", { name: "6 pictures" });
  await six.getByRole("button", { name: "Open picture 4.svg, +2 more" }).waitFor();
  await six.getByRole("button", { name: "Open picture 2.svg" }).press("Enter");
  const viewer = page.getByRole("dialog", { name: "picture 2.svg" });
  await viewer.getByText("Picture 2 of 6").waitFor();
  await expectAccessible(page);
  await page.keyboard.press("ArrowRight");
  await page.getByText("Picture 3 of 6").waitFor();
  for (let step = 0; step < 3; step += 1) await page.keyboard.press("ArrowLeft");
  await page.getByText("Picture 6 of 6").waitFor();
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  await expect.poll(() => scale(page)).toBeCloseTo(1.96, 1);
  await page.keyboard.press("0");
  await expect.poll(() => scale(page)).toBeCloseTo(1, 2);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Open picture 2.svg");
});

test("by the wheel a picture is made larger where the pointer is, and it is dragged", async () => {
  const page = await openGallery(browser, "media");
  await page.getByRole("button", { name: "Open picture 1.svg" }).first().click();
  const image = page.getByRole("dialog").locator("img");
  const box = (await image.boundingBox())!;
  const at = { x: box.x + box.width * 0.4, y: box.y + box.height * 0.5 };
  await page.mouse.move(at.x, at.y);
  for (let step = 0; step < 4; step += 1) await page.mouse.wheel(0, -100);
  await expect.poll(() => scale(page)).toBeGreaterThan(3);
  const near = (await image.boundingBox())!;
  expect(Math.abs(at.x - (at.x - box.x) * 1.4 ** 4 - near.x)).toBeLessThan(3);
  await page.mouse.down();
  await page.mouse.move(at.x - 100, at.y, { steps: 4 });
  await page.mouse.up();
  expect((await image.boundingBox())!.x).toBeLessThan(near.x - 80);
});

test("what is on its way is stopped, continued, tried again and given up", async () => {
  const page = await openGallery(browser, "media");
  const last = () => page.locator("output").textContent();
  for (const [name, what] of [["Pause a long", "pause a"], ["Continue half.mov", "resume c"], ["Try broken.bin again", "retry d"], ["Cancel later.zip", "remove b"], ["Remove there.txt", "remove e"]] as const) {
    await page.getByRole("button", { name }).click();
    await expect.poll(last).toBe(what);
  }
  await page.getByText("1.3 MB of 4.2 MB").waitFor();
  await page.getByText("This browser cannot play song.ogg.").waitFor();
});
