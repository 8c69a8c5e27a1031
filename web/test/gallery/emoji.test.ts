// The emoji picker.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Chromium, expectAccessible } from "../browser.js";
import { expectGood, openGallery } from "./gallery.js";

let browser: Chromium;
beforeAll(async () => {
  browser = await Chromium.start();
});
afterAll(() => browser.end());

const chosen = (page: Page) => page.locator("output").textContent();
const field = (page: Page) => page.getByRole("combobox", { name: "Search emoji" });

test("it is accessible in every look", () => expectGood(browser, "emoji", async (page) => {
  await page.getByRole("listbox").getByRole("option").first().waitFor();
}));

test("one types, moves and takes, by the keyboard alone", async () => {
  const page = await openGallery(browser, "emoji");
  await page.getByRole("listbox").getByRole("option").first().waitFor();
  await field(page).focus();
  await page.keyboard.type("tada");
  await page.getByRole("option", { name: "party popper", selected: true }).waitFor();
  await page.keyboard.press("Enter");
  await expect.poll(() => chosen(page)).toBe("🎉");
  await field(page).fill("cat");
  const first = await field(page).getAttribute("aria-activedescendant");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  expect(await field(page).getAttribute("aria-activedescendant")).not.toBe(first);
  await field(page).fill("no such thing");
  await page.getByText("There is no such emoji.").waitFor();
  await field(page).fill("");
  await page.keyboard.press("End");
  await page.getByRole("option", { name: "flag: Wales", selected: true }).waitFor();
});

test("a tone of skin is kept, and what was used is first the next time", async () => {
  const page = await openGallery(browser, "emoji");
  await page.getByRole("button", { name: "Skin tone" }).click();
  await page.getByRole("radio", { name: "Dark skin tone", exact: true }).click();
  await field(page).fill("wave");
  await page.getByRole("option", { name: "waving hand" }).click();
  await expect.poll(() => chosen(page)).toBe("👋🏿");
  await page.reload();
  await page.getByRole("button", { name: "React" }).click();
  const dialog = page.getByRole("dialog", { name: "React with" });
  await expect.poll(() => dialog.getByRole("listbox").getByRole("option").first().textContent()).toBe("👋🏿");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Food and drink" }).click();
  await dialog.getByRole("option", { name: "grapes" }).click();
  await expect.poll(() => chosen(page)).toBe("🍇");
  expect(await page.getByRole("dialog").count()).toBe(0);
});
