// Pictures in full, in the hand and with the mouse: made larger and smaller, moved, and one after the other.

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { expectAccessible, expectFits, type Look } from "./browser.js";
import { chat, post, worldOf } from "./chat.js";
import { png, upload } from "./files.js";
import { Fingers, type Spot } from "./fingers.js";
import { FILES } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage(FILES);

const PHONE = { width: 390, height: 780, touch: true } as const;
const viewer = (page: Page, name: string) => page.getByRole("dialog", { name });
const image = (page: Page) => page.getByRole("dialog").locator("img");
/** How much larger it is than when it fits. */
const scale = (page: Page) => image(page).evaluate((img) => img.getBoundingClientRect().width / (img as HTMLElement).offsetWidth);
const left = async (page: Page) => (await image(page).boundingBox())!.x;

/** Somebody who looks at the second of three pictures, and where its middle is. */
async function look(look: Look): Promise<{ page: Page; at: Spot }> {
  const { ana, bob, stream } = await worldOf(server);
  const files = [];
  for (const one of [png("one.png", 1200, 800), png("two.png", 1200, 900), png("three.png", 800, 1200)]) files.push(await upload(ana, one));
  await post(ana, stream, "three", { files });
  const page = await chat(browser, server, bob, `/s/${stream}`, look);
  await page.getByRole("button", { name: "Open two.png" }).click();
  await viewer(page, "two.png").waitFor();
  const box = (await image(page).boundingBox())!;
  return { page, at: [box.x + box.width / 2, box.y + box.height / 2] };
}

test("on a phone two fingers make a picture larger and smaller, one moves it, and two taps do both", async () => {
  const { page, at: [x, y] } = await look(PHONE);
  const fingers = await Fingers.on(page);
  await fingers.draw([[x - 30, y], [x - 90, y]], [[x + 30, y], [x + 90, y]]);
  await expect.poll(() => scale(page)).toBeCloseTo(3, 0);
  const large = await scale(page);
  await expectAccessible(page);
  await expectFits(page);
  // Larger, it is moved, and goes nowhere.
  const before = await left(page);
  await fingers.draw([[x, y], [x - 100, y]]);
  await expect.poll(async () => Math.round(before - (await left(page)))).toBeGreaterThan(90);
  await viewer(page, "two.png").waitFor();
  expect(await scale(page)).toBeCloseTo(large, 5);
  await fingers.draw([[x - 120, y], [x - 20, y]], [[x + 120, y], [x + 20, y]]);
  await expect.poll(() => scale(page)).toBe(1);
  await fingers.tapTwice([x + 40, y]);
  await expect.poll(() => scale(page)).toBeCloseTo(2.5, 5);
  await fingers.tapTwice([x, y]);
  await expect.poll(() => scale(page)).toBe(1);
  await viewer(page, "two.png").waitFor();
  await fingers.end();
  await page.close();
});

test("on a phone a finger to the side goes on, where lines begin at the right too, and down it closes", async () => {
  const { page, at: [x, y] } = await look(PHONE);
  const fingers = await Fingers.on(page);
  const before = await left(page);
  // It follows the finger, and stays where that was not far.
  await fingers.down([x, y]);
  await fingers.move([[x, y], [x - 40, y]]);
  await expect.poll(async () => Math.round(before - (await left(page)))).toBe(40);
  await fingers.up();
  await expect.poll(() => left(page)).toBe(before);
  await viewer(page, "two.png").waitFor();
  await fingers.draw([[x + 60, y], [x - 60, y + 20]]);
  await viewer(page, "three.png").waitFor();
  for (const name of ["two.png", "one.png"]) {
    await fingers.draw([[x - 60, y], [x + 60, y]]);
    await viewer(page, name).waitFor();
  }
  await page.evaluate(() => void (document.documentElement.dir = "rtl"));
  await fingers.draw([[x - 60, y], [x + 60, y]]);
  await viewer(page, "two.png").waitFor();
  await fingers.draw([[x, y], [x, y + 60]]);
  await viewer(page, "two.png").waitFor();
  await fingers.draw([[x, y], [x + 10, y + 200]]);
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await fingers.end();
  await page.close();
});

test("with the mouse a picture is made larger where it is, by the wheel and by pressing twice, and it glides only where things may move", async () => {
  const { page, at: [x, y] } = await look({});
  const glides = () => image(page).evaluate((img) => parseFloat(getComputedStyle(img).transitionDuration));
  expect(await glides()).toBeLessThan(0.001);
  await page.mouse.click(x, y);
  await viewer(page, "two.png").waitFor();
  await page.mouse.dblclick(x, y);
  await expect.poll(() => scale(page)).toBeCloseTo(2.5, 5);
  await page.mouse.dblclick(x, y);
  await expect.poll(() => scale(page)).toBe(1);
  await page.mouse.wheel(0, -100);
  await expect.poll(() => scale(page)).toBeCloseTo(1.4, 5);
  await page.mouse.wheel(0, 1000);
  await expect.poll(() => scale(page)).toBe(1);
  for (const [key, becomes] of [["+", 1.4], ["+", 1.96], ["-", 1.4], ["0", 1], ["-", 1]] as const) {
    await page.keyboard.press(key);
    await expect.poll(() => scale(page), { message: key }).toBeCloseTo(becomes, 5);
  }
  await page.emulateMedia({ reducedMotion: "no-preference" });
  expect(await glides()).toBeGreaterThan(0.1);
  // Beside it one leaves, but not by drawing there.
  await page.mouse.move(20, y);
  await page.mouse.down();
  await page.mouse.move(60, y, { steps: 3 });
  await page.mouse.up();
  await viewer(page, "two.png").waitFor();
  await page.mouse.click(20, y + 200);
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.close();
});
