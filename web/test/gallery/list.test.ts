// The list of a stream: what one reads stays where it is.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Chromium, expectAccessible } from "../browser.js";
import { expectGood, openGallery } from "./gallery.js";

let browser: Chromium;
beforeAll(async () => {
  browser = await Chromium.start();
});
afterAll(() => browser.end());

interface List {
  arrive(): void;
  grow(seq: number): void;
  remove(seq: number): void;
  reveal(seq: number): boolean;
  jump(seq: number): void;
}
const open = (look = {}) => openGallery(browser, "list", look);
const row = (page: Page, seq: number) => page.locator(`[data-seq="${seq}"]`);
const list = (page: Page) => page.getByRole("region", { name: "Messages of tea" });
const tell = (page: Page, name: keyof List, seq = 0) =>
  page.evaluate(([name, seq]) => void (window as unknown as { list: Record<string, (seq: number) => void> }).list[name]?.(seq), [name, seq] as const);
/** How far below the top of the list a row begins. */
const below = async (page: Page, seq: number) => (await row(page, seq).boundingBox())!.y - (await list(page).boundingBox())!.y;
/** The first row of which all is in view. */
const first = (page: Page) => page.evaluate(() => {
  const box = document.querySelector(".box")!.getBoundingClientRect();
  const all = [...document.querySelectorAll<HTMLElement>("[data-seq]")];
  return Number(all.find((one) => one.getBoundingClientRect().top >= box.top)?.dataset["seq"]);
});
const atEnd = (page: Page) => page.evaluate(() => {
  const box = document.querySelector(".box")!;
  return box.scrollHeight - box.scrollTop - box.clientHeight;
});
const scroll = async (page: Page, by: number) => {
  await page.evaluate((by) => void (document.querySelector(".box")!.scrollTop += by), by);
  await frames(page);
};
const frames = (page: Page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

test("it is accessible in every look", () => expectGood(browser, "list"));

test("it begins at the end, stays there when something arrives, and says when something is below", async () => {
  const page = await open();
  await row(page, 399).waitFor();
  await expect.poll(() => atEnd(page)).toBeLessThan(2);
  await tell(page, "arrive");
  await row(page, 400).waitFor();
  await expect.poll(() => atEnd(page)).toBeLessThan(2);
  // A picture above, and one at the end.
  await tell(page, "grow", 396);
  await frames(page);
  expect(await atEnd(page)).toBeLessThan(2);
  await scroll(page, -500);
  const seq = await first(page);
  const place = await below(page, seq);
  await tell(page, "arrive");
  await frames(page);
  expect(await below(page, seq)).toBeCloseTo(place, 0);
  await page.getByRole("button", { name: "To the latest" }).click();
  await row(page, 401).waitFor();
  await expect.poll(() => atEnd(page)).toBeLessThan(2);
  await expect.poll(() => page.getByRole("button", { name: "To the latest" }).count()).toBe(0);
});

test("what one reads stays where it is while older pages come and rows above grow or go", async () => {
  const page = await open();
  await expect.poll(() => atEnd(page)).toBeLessThan(2);
  for (let round = 0; round < 12; round += 1) {
    await scroll(page, -900);
    const seq = await first(page);
    const place = await below(page, seq);
    // Older pages that were asked for by the scrolling come in these frames.
    for (let frame = 0; frame < 3; frame += 1) await frames(page);
    expect(Math.abs((await below(page, seq)) - place)).toBeLessThan(1.5);
    for (const near of [seq - 1, seq - 2, seq - 3]) await tell(page, near % 11 === 0 ? "grow" : "remove", near);
    await frames(page);
    expect(Math.abs((await below(page, seq)) - place)).toBeLessThan(1.5);
  }
  expect(Number(await page.locator("[data-pages]").textContent())).toBeGreaterThan(2);
});

test("to the very beginning, which shows how it began", async () => {
  const page = await open();
  await expect.poll(async () => {
    await scroll(page, -100_000);
    return first(page);
  }).toBe(0);
  await page.getByText("This is where tea begins.").waitFor();
});

test("a row is revealed and has the focus, and newer pages follow from there", async () => {
  const page = await open();
  await tell(page, "jump", 150);
  await row(page, 150).waitFor();
  await expect.poll(() => below(page, 150)).toBeCloseTo(100, 0);
  await tell(page, "reveal", 160);
  await frames(page);
  const box = (await list(page).boundingBox())!;
  const shown = (await row(page, 160).boundingBox())!;
  expect(shown.y).toBeGreaterThan(box.y);
  expect(shown.y + shown.height).toBeLessThan(box.y + box.height);
  expect(await page.evaluate(() => document.activeElement?.querySelector("[data-seq]")?.getAttribute("data-seq"))).toBe("160");
  await expect.poll(async () => {
    await scroll(page, 3000);
    return row(page, 399).count();
  }).toBe(1);
});

test("arrow keys go from row to row, and a row keeps the focus when it is scrolled away", async () => {
  const page = await open();
  const focus = () => page.evaluate(() => document.activeElement?.querySelector("[data-seq]")?.getAttribute("data-seq"));
  const last = page.getByRole("listitem").filter({ has: row(page, 399) });
  await expect.poll(() => last.getAttribute("tabindex")).toBe("0");
  await last.focus();
  for (let step = 0; step < 30; step += 1) await page.keyboard.press("ArrowUp");
  await expect.poll(focus).toBe("369");
  expect(await below(page, 369)).toBeGreaterThanOrEqual(-1);
  await expectAccessible(page);
  await scroll(page, -4000);
  expect(await focus()).toBe("369");
  await page.keyboard.press("ArrowDown");
  await expect.poll(focus).toBe("370");
  await expect.poll(() => below(page, 370)).toBeLessThan(500);
  await page.keyboard.press("End");
  await expect.poll(focus).toBe("399");
});

test("where the row with the focus goes, what takes its place has the focus", async () => {
  const page = await open();
  const focus = () => page.evaluate(() => document.activeElement?.querySelector("[data-seq]")?.getAttribute("data-seq"));
  await page.getByRole("listitem").filter({ has: row(page, 397) }).focus();
  await tell(page, "remove", 397);
  await expect.poll(focus).toBe("398");
  // Also where it is out of view, and at the end.
  await scroll(page, -4000);
  await tell(page, "remove", 398);
  await expect.poll(focus).toBe("399");
  await tell(page, "remove", 399);
  await expect.poll(focus).toBe("396");
  // Whoever is elsewhere stays there.
  await page.getByRole("button", { name: "Leave or come back" }).focus();
  await tell(page, "remove", 396);
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent?.trim())).toBe("Leave or come back");
});

test("what is in view is told as seen, and the place is found again", async () => {
  const page = await open();
  const seen = () => page.locator("[data-seen]").textContent();
  await expect.poll(seen).toMatch(/^\d+-399$/);
  await scroll(page, -1500);
  await expect.poll(seen).not.toMatch(/-399$/);
  const seq = await first(page);
  const place = await below(page, seq);
  await page.getByRole("button", { name: "Leave or come back" }).click();
  await expect.poll(() => list(page).count()).toBe(0);
  await page.getByRole("button", { name: "Leave or come back" }).click();
  await expect.poll(() => below(page, seq)).toBeCloseTo(place, 0);
});

test("what is older is asked for as soon as one scrolls there, however busy the page is", async () => {
  const page = await browser.page();
  // Idle once, and never again.
  await page.addInitScript(() => {
    const { requestIdleCallback } = window;
    let first = true;
    window.requestIdleCallback = (run, options) => {
      if (first) requestIdleCallback(run, options);
      first = false;
      return 0;
    };
  });
  const { inject } = await import("vitest");
  await page.goto(`${inject("gallery")}#list`);
  await row(page, 399).waitFor();
  await expect.poll(async () => {
    await scroll(page, -100_000);
    return Number(await page.locator("[data-pages]").textContent());
  }).toBeGreaterThan(2);
});

test("where older messages did not come, they are asked for when one turns the wheel at the first", async () => {
  const page = await browser.page();
  const { inject } = await import("vitest");
  await page.goto(`${inject("gallery")}?loaded=10&failing=12#list`);
  await row(page, 399).waitFor();
  await scroll(page, -100_000);
  await list(page).hover();
  await expect.poll(async () => {
    await page.mouse.wheel(0, -100);
    return Number(await page.locator("[data-pages]").textContent());
  }).toBeGreaterThan(0);
});

test("10 000 rows scroll from end to end", async () => {
  const page = await browser.page();
  const { inject } = await import("vitest");
  await page.goto(`${inject("gallery")}?count=10000&loaded=10000#list`);
  await row(page, 9999).waitFor();
  const times = await page.evaluate(async () => {
    const box = document.querySelector(".box")!;
    const frames: number[] = [];
    let last = await new Promise<number>(requestAnimationFrame);
    // Slowly through a part of it, and then ever faster.
    for (let step = 0; step < 400; step += 1) {
      box.scrollTop -= step < 250 ? 120 : 2500;
      const now = await new Promise<number>(requestAnimationFrame);
      frames.push(now - last);
      last = now;
    }
    return frames.sort((one, two) => one - two);
  });
  const at = (share: number) => times[Math.floor((times.length - 1) * share)]?.toFixed(1);
  console.log(`10 000 rows: frames of ${at(0.5)} ms (median), ${at(0.99)} ms (99th percentile), ${at(1)} ms (longest)`);
  expect(await page.locator("[data-seq]").count()).toBeLessThan(80);
});
