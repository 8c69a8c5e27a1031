// The settings, as their users set them on one device and find them on another.

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { expectAccessible, expectFits, signIn } from "./browser.js";
import { teaOf, post, message, place } from "./chat.js";
import { blob, png } from "./files.js";
import { FILES, PASSWORD } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage(FILES);

const PARTS = ["Account", "Password", "Sessions", "Notifications", "Appearance", "Language", "Blocked people"];
const heading = (page: Page, name: string) => page.getByRole("main").getByRole("heading", { name, exact: true, level: 1 });
const choice = (page: Page, name: string) => page.getByRole("radio", { name, exact: true });
const look = (page: Page) => page.evaluate(() => ({ ...document.documentElement.dataset }));

test.each([1280, 360])("every part is found from the others, and has a title (%i wide)", async (width) => {
  const ana = await server.person(`ana${width}`);
  const page = await browser.open(server, "/settings", ana, { width });
  for (const part of PARTS) {
    await page.getByRole("navigation").getByRole("link", { name: part, exact: true }).click();
    await heading(page, part).waitFor();
    expect(await page.title()).toBe(`${part} – Settings – Kith`);
    if (width < 760) await page.getByRole("button", { name: "Back" }).click();
  }
});

test("what is chosen is seen at once, on every device, and after a reload", async () => {
  const ana = await server.person("ana");
  const here = await browser.open(server, "/settings/appearance", ana);
  const there = await browser.open(server, "/settings/appearance", ana);
  await choice(there, "Compact").waitFor();
  await choice(here, "Dark").check();
  await choice(here, "Very large").check();
  expect(await look(here)).toEqual({ theme: "dark", size: "huge" });
  await expect.poll(() => look(there)).toEqual({ theme: "dark", size: "huge" });
  await expect.poll(() => choice(there, "Dark").isChecked()).toBe(true);
  await expectAccessible(there);
  await expectFits(there);

  await there.getByRole("link", { name: "Language" }).click();
  await choice(there, "Deutsch").check();
  await here.getByRole("heading", { name: "Einstellungen" }).waitFor();
  await here.reload();
  await here.getByRole("heading", { name: "Einstellungen" }).waitFor();
  expect(await look(here)).toEqual({ theme: "dark", size: "huge" });
  expect(await here.evaluate(() => document.documentElement.lang)).toBe("de");
});

test("a new password ends every other session, and this one goes on", async () => {
  const ana = await server.person("ana1");
  const other = await browser.open(server, "/settings/sessions", ana);
  await other.getByText("This one").waitFor();
  const page = await browser.open(server, "/settings/password", ana);
  await page.getByLabel("Your password now").fill("not this one");
  await page.getByLabel("New password").fill("another horse battery");
  await page.getByRole("button", { name: "Set the new password" }).click();
  await page.getByText("This is not your password.").waitFor();
  await expectAccessible(page);
  browser.takeComplaints();
  await page.getByLabel("Your password now").fill(PASSWORD);
  await page.getByRole("button", { name: "Set the new password" }).click();
  await page.getByText("The new password is set.").waitFor();
  await other.getByText("Please sign in again").waitFor();
  await page.getByRole("link", { name: "Sessions" }).click();
  await page.getByText("Used now").waitFor();
  expect(await page.getByRole("main").getByRole("listitem").count()).toBe(1);
  await page.getByRole("link", { name: "Account", exact: true }).click();
  await page.getByLabel("Your name").fill("Ana Łucja");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  await signIn(other, "ana1", "another horse battery");
  await other.getByText("This one").waitFor();
});

test("a picture is chosen, shown to others wherever one is, and removed", async () => {
  const [ana, bob] = [await server.person("ana5"), await server.person("bob5")];
  const { stream } = await teaOf(ana, [bob], "Pictures");
  await post(ana, stream, "of ana");
  await ana.ask("POST", "/direct", { user: bob.id });
  const page = await browser.open(server, "/settings/account", ana);
  const shown = (where: Page | ReturnType<Page["locator"]>) => where.locator(`.avatar img[src*="/users/${ana.id}/avatar"].loaded`);
  const choose = (file: ReturnType<typeof png>) => page.locator("input[type=file]").setInputFiles(file);
  await page.getByRole("button", { name: "Choose a picture" }).waitFor();
  await choose(blob("tea.bin", 500));
  await page.getByText("No picture can be made of this file.").waitFor();
  await expectAccessible(page);
  browser.takeComplaints();
  await choose(png("ana.png"));
  await page.getByText("The picture is set.").waitFor();
  expect(await page.getByText("No picture can be made of this file.").count()).toBe(0);
  await shown(page.getByRole("main")).waitFor();
  await expectAccessible(page);
  await expectFits(page);

  const other = await browser.open(server, `/s/${stream}`, bob, { theme: "dark" });
  await shown(message(other, "of ana")).waitFor();
  await other.getByRole("button", { name: "People", exact: true }).click();
  await shown(other.locator("aside").getByRole("button", { name: "ana5" })).waitFor();
  await expectAccessible(other);
  await message(other, "of ana").getByRole("button", { name: "ana5" }).click();
  await shown(other.getByRole("dialog")).waitFor();
  await other.keyboard.press("Escape");
  await other.keyboard.press("Control+k");
  const target = other.getByRole("option", { name: "ana5" });
  await shown(target).waitFor();
  await target.click();
  await shown(place(other, "ana5")).waitFor();
  await expectAccessible(other);

  await page.getByRole("button", { name: "Remove the picture" }).click();
  await page.getByText("The picture is removed.").waitFor();
  await page.getByRole("button", { name: "Choose a picture" }).waitFor();
  expect(await page.locator(".avatar img").count()).toBe(0);
  // What the browser kept of who is who is asked for anew.
  await other.reload();
  await place(other, "ana5").waitFor();
  await expect.poll(() => shown(other).count()).toBe(0);
});

test("a session is ended from another device", async () => {
  const ana = await server.person("ana2");
  const lost = await browser.open(server, "/settings/account", ana);
  await heading(lost, "Account").waitFor();
  const page = await browser.open(server, "/settings/sessions", ana);
  const sessions = page.getByRole("main").getByRole("listitem");
  // That of the test itself, the lost one and this one.
  await expect.poll(() => sessions.count()).toBe(3);
  await page.getByRole("button", { name: "End the session Chrome, Linux" }).click();
  await page.getByText("1 session has ended.").waitFor();
  await lost.getByText("Please sign in again").waitFor();
  await expect.poll(() => sessions.count()).toBe(2);
});

test("levels and mutes follow the user, and people are unblocked", async () => {
  const ana = await server.person("ana3");
  const { circle } = await ana.ask<{ circle: string }>("POST", "/circles", { name: "Tea", public: true });
  const bob = await server.person("bob3");
  await bob.ask("POST", `/circles/${circle}/join`, {});
  await ana.ask("PUT", `/blocks/${bob.id}`, {});
  const page = await browser.open(server, "/settings/notifications", ana);
  await page.getByLabel("What you are told of in Tea").selectOption("Nothing");
  await page.getByLabel("Mute Tea").selectOption("Muted");
  const kept = () => ana.ask<Record<string, unknown>>("GET", "/preferences");
  await expect.poll(kept).toMatchObject({ [`notify:${circle}`]: { level: "nothing", muted: true } });
  await page.getByLabel("What you are told of in Tea").selectOption({ index: 0 });
  await page.getByLabel("Mute Tea").selectOption("Not muted");
  await expect.poll(kept).not.toHaveProperty(`notify:${circle}`);

  await page.getByRole("link", { name: "Blocked people" }).click();
  await page.getByRole("button", { name: "Unblock bob3" }).click();
  await page.getByText("You block nobody.").waitFor();
});

test("what one looks for is found by the keyboard alone, and Escape leads back", async () => {
  const ana = await server.person("ana4");
  const page = await browser.open(server, "/", ana);
  await page.getByText("Where do you want to begin?").waitFor();
  await page.getByRole("button", { name: "Your menu" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Settings" }).press("Enter");
  await heading(page, "Account").waitFor();
  await expect.poll(() => heading(page, "Account").evaluate((one) => one === document.activeElement)).toBe(true);
  await page.getByRole("searchbox", { name: "Search" }).focus();
  await page.keyboard.type("dark");
  const links = page.getByRole("navigation").getByRole("link");
  expect(await links.allInnerTexts()).toEqual(["Appearance\nDark"]);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await heading(page, "Appearance").waitFor();
  await page.keyboard.press("Escape");
  expect(await links.count()).toBe(PARTS.length);
  await page.keyboard.press("Escape");
  await page.getByText("Where do you want to begin?").waitFor();
  expect(await page.evaluate(() => location.pathname)).toBe("/");
});
