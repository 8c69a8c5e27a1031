// Where one writes, and the dialog that goes anywhere.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Chromium, expectAccessible } from "../browser.js";
import { expectGood, openGallery } from "./gallery.js";

let browser: Chromium;
beforeAll(async () => {
  browser = await Chromium.start();
});
afterAll(() => browser.end());

const open = () => openGallery(browser, "writing");
const field = (page: Page) => page.getByRole("textbox", { name: "Message to tea" });
const said = (page: Page, name: string) => page.locator(`[data-${name}]`).textContent();

test("where one writes is accessible in every look, completions too", () => expectGood(browser, "writing", async (page) => {
  await field(page).pressSequentially("hi @an");
  await page.getByRole("listbox", { name: "Suggestions" }).waitFor();
}));

test("the dialog that goes anywhere is accessible in every look", () => expectGood(browser, "writing", async (page) => {
  await page.getByRole("button", { name: "Go to" }).click();
  await page.getByRole("dialog").waitFor();
}));

test("keys of Markdown do what they say, and the browser's undo takes them back", async () => {
  const page = await open();
  await field(page).pressSequentially("one two");
  await page.keyboard.press("Shift+Control+ArrowLeft");
  await page.keyboard.press("Control+b");
  expect(await field(page).inputValue()).toBe("one **two**");
  await page.keyboard.press("Control+b");
  expect(await field(page).inputValue()).toBe("one two");
  await page.keyboard.press("Control+z");
  expect(await field(page).inputValue()).toBe("one **two**");
  await page.keyboard.press("Control+z");
  expect(await field(page).inputValue()).toBe("one two");
  await page.getByRole("button", { name: "Italic" }).click();
  expect(await field(page).inputValue()).toBe("one *two*");
  await page.locator(".preview em").waitFor();
});

test("lists go on with Shift+Enter and end where nothing was written, and Enter sends", async () => {
  const page = await open();
  await field(page).pressSequentially("- one");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("two");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("end");
  expect(await field(page).inputValue()).toBe("- one\n- two\nend");
  await page.keyboard.press("Enter");
  await expect.poll(() => said(page, "sent")).toBe("- one\n- two\nend");
  expect(await field(page).inputValue()).toBe("");
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => said(page, "sent")).toBe("edit the last");
});

test("people, streams, emoji and commands are completed by the keyboard", async () => {
  const page = await open();
  const options = page.getByRole("listbox", { name: "Suggestions" }).getByRole("option");
  await field(page).pressSequentially("hi @an");
  await expect.poll(() => options.allTextContents()).toEqual([expect.stringContaining("ana"), expect.stringContaining("anton")]);
  await page.keyboard.press("ArrowDown");
  expect(await field(page).getAttribute("aria-activedescendant")).toBe(await options.nth(1).getAttribute("id"));
  await page.keyboard.press("Enter");
  expect(await field(page).inputValue()).toBe("hi @anton ");
  await page.keyboard.type("see #te");
  await options.first().waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.type(":tada");
  await options.filter({ hasText: "party popper" }).waitFor();
  await page.keyboard.press("Enter");
  expect(await field(page).inputValue()).toBe("hi @anton see #tea 🎉 ");
  // What one escapes from is not offered again.
  await page.keyboard.type("@a");
  await options.first().waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.type("n");
  expect(await options.count()).toBe(0);
  await field(page).fill("");
  await page.keyboard.type("/p");
  await options.filter({ hasText: "/poll" }).click();
  expect(await field(page).inputValue()).toBe("/poll ");
});

test("files are pasted and dropped, and an address onto words makes a link", async () => {
  const page = await open();
  const give = (kind: "paste" | "drop") => field(page).evaluate((area, kind) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["x"], `${kind}.png`, { type: "image/png" }));
    const more = { bubbles: true, cancelable: true };
    area.dispatchEvent(kind === "paste" ? new ClipboardEvent("paste", { ...more, clipboardData: transfer }) : new DragEvent("drop", { ...more, dataTransfer: transfer }));
  }, kind);
  await give("paste");
  await expect.poll(() => said(page, "files")).toBe("paste.png");
  await give("drop");
  await expect.poll(() => said(page, "files")).toBe("drop.png");
  await field(page).pressSequentially("see this");
  await page.keyboard.press("Shift+Control+ArrowLeft");
  await field(page).evaluate((area) => {
    const transfer = new DataTransfer();
    transfer.setData("text/plain", "https://a.example/");
    area.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: transfer }));
  });
  expect(await field(page).inputValue()).toBe("see [this](https://a.example/)");
});

test("one goes anywhere by a few letters", async () => {
  const page = await open();
  const go = async (typed: string, key: string) => {
    await page.getByRole("button", { name: "Go to" }).click();
    await page.getByRole("combobox", { name: "Go to" }).pressSequentially(typed);
    await page.keyboard.press(key);
    await page.getByRole("dialog").waitFor({ state: "detached" });
    return said(page, "went");
  };
  expect(await go("tea", "Enter")).toBe("tea");
  expect(await go("ops", "Control+Enter")).toBe("operations aside");
  await page.getByRole("button", { name: "Go to" }).click();
  await page.getByRole("combobox", { name: "Go to" }).fill("nothing like it");
  await page.getByText("Nothing found").waitFor();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
});
