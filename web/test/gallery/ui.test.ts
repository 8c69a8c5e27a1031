// Buttons, menus, dialogs and their like, by the keyboard and by the pointer.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Chromium, expectAccessible } from "../browser.js";
import { expectGood, openGallery } from "./gallery.js";

let browser: Chromium;
beforeAll(async () => {
  browser = await Chromium.start();
});
afterAll(() => browser.end());

const open = (look = {}) => openGallery(browser, "ui", look);
const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent?.trim());
const name = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent?.trim());

test("they are accessible in every look", async () => {
  await expectGood(browser, "ui");
});

test("a menu is used by the keyboard alone", async () => {
  const page = await open();
  await page.getByRole("button", { name: "More actions" }).focus();
  await page.keyboard.press("ArrowDown");
  await page.getByRole("menu", { name: "More actions" }).waitFor();
  expect(await focused(page)).toContain("Reply");
  await expectAccessible(page);
  await page.keyboard.press("ArrowUp");
  expect(await focused(page)).toContain("Delete");
  await page.keyboard.type("co");
  expect(await focused(page)).toContain("Copy link");
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor({ state: "detached" });
  await expect.poll(() => page.locator("output").textContent()).toBe("link");
  expect(await name(page)).toBe("More actions");
  await page.keyboard.press("Enter");
  await page.getByRole("menuitemcheckbox", { name: "Pinned", checked: false }).press("Enter");
  await page.keyboard.press("Enter");
  await page.getByRole("menuitemcheckbox", { name: "Pinned", checked: true }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  expect(await name(page)).toBe("More actions");
});

test("a context menu opens where one clicks, and a press elsewhere closes it", async () => {
  const page = await open();
  const area = page.getByRole("button", { name: "Right-click here" });
  await area.click({ button: "right", position: { x: 20, y: 20 } });
  const menu = page.getByRole("menu", { name: "Message" });
  const [from, at] = [await area.boundingBox(), await menu.boundingBox()];
  expect(Math.abs((at?.x ?? 0) - (from?.x ?? 0) - 20)).toBeLessThan(2);
  await page.mouse.click(5, 5);
  await menu.waitFor({ state: "detached" });
});

test("a dialog keeps the focus, closes by Escape, and gives the focus back", async () => {
  const page = await open();
  await page.getByRole("button", { name: "Open dialog" }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Make a stream" });
  await dialog.waitFor();
  await expectAccessible(page);
  for (let step = 0; step < 8; step += 1) {
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement === document.body || document.activeElement?.closest("dialog") !== null)).toBe(true);
  }
  // A menu in it closes first.
  await page.getByRole("button", { name: "In the dialog" }).press("Enter");
  await page.getByRole("menuitem", { name: "Reply" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  expect(await dialog.isVisible()).toBe(true);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  expect(await name(page)).toBe("Open dialog");
});

test("a popover and a drawer give the focus back", async () => {
  const page = await open();
  await page.getByRole("button", { name: "Open popover" }).press("Enter");
  await expect.poll(() => page.getByLabel("Note").evaluate((input) => input === document.activeElement)).toBe(true);
  await page.keyboard.press("Escape");
  expect(await name(page)).toBe("Open popover");
  await page.getByRole("button", { name: "Open drawer" }).press("Enter");
  await page.getByRole("dialog", { name: "Streams" }).waitFor();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await name(page)).toBe("Open drawer");
});

test("an icon's name is told when it has the focus, and Escape takes it away", async () => {
  const page = await open();
  await page.getByRole("button", { name: "Small" }).focus();
  await page.keyboard.press("Tab");
  const bubble = page.locator(".tooltip");
  await expect.poll(() => bubble.textContent()).toBe("Reply (R)");
  await page.keyboard.press("Escape");
  await bubble.waitFor({ state: "hidden" });
});

test("tabs go by arrows, which turn with the direction of the text", async () => {
  for (const [dir, key] of [["ltr", "ArrowRight"], ["rtl", "ArrowLeft"]] as const) {
    const page = await open({ dir });
    await page.getByRole("tab", { name: "Messages" }).focus();
    await page.keyboard.press(key);
    await page.getByText("Panel two").waitFor();
    expect(await focused(page)).toBe("Files");
    await page.context().close();
  }
});

test("a column is made wider by arrows and by dragging", async () => {
  const page = await open();
  const edge = page.getByRole("separator");
  await edge.focus();
  await page.keyboard.press("ArrowRight");
  await page.getByText("236 pixels").waitFor();
  const box = await edge.boundingBox();
  await page.mouse.move(box?.x ?? 0, (box?.y ?? 0) + 20);
  await page.mouse.down();
  await page.mouse.move((box?.x ?? 0) + 40, (box?.y ?? 0) + 20, { steps: 4 });
  await page.mouse.up();
  await page.getByText("276 pixels").waitFor();
  await page.keyboard.press("End");
  await page.getByText("360 pixels").waitFor();
});

test("notices are said, do what they offer, and go", async () => {
  const page = await open();
  await page.getByRole("button", { name: "Toast with an action" }).click();
  await page.getByRole("region", { name: "Notices" }).getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => page.locator("output").textContent()).toBe("undo");
  await page.getByRole("button", { name: "Bad toast" }).click();
  await page.getByRole("alert").filter({ hasText: "cannot be reached" }).getByRole("button", { name: "Dismiss" }).click();
  await expect.poll(() => page.getByText("cannot be reached").count()).toBe(0);
  await page.getByRole("button", { name: "Announce" }).click();
  await expect.poll(() => page.locator("[aria-live=polite].hidden").textContent()).toBe("bob: hello");
});

test("a field tells what is wrong with it", async () => {
  const page = await open();
  const field = page.getByLabel("Name", { exact: false }).first();
  await field.fill("much too long");
  await page.getByText("That is too long.").waitFor();
  expect(await field.getAttribute("aria-invalid")).toBe("true");
  await page.getByRole("switch", { name: "Sound" }).press("Space");
  await page.getByRole("switch", { name: "Sound", checked: false }).waitFor();
});

test("what is chosen is shown at once, and kept over a reload and in another language", async () => {
  const page = await open();
  await page.getByLabel("Theme").selectOption("dark");
  await page.getByLabel("Spacing").selectOption("compact");
  await page.getByLabel("Language").selectOption("de");
  await page.getByLabel("Farben").waitFor();
  await page.reload();
  await page.getByLabel("Farben").waitFor();
  const { lang, theme, density } = await page.evaluate(() => ({ lang: document.documentElement.lang, ...document.documentElement.dataset } as Record<string, string>));
  expect([lang, theme, density]).toEqual(["de", "dark", "compact"]);
});
