// A circle over time: how people come in and go, what they are called and may do, and what it says of itself.

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { expectAccessible } from "./browser.js";
import { chat, fromMenu, message, place, post, streamOf, teaOf, worldOf } from "./chat.js";
import { browser, server, stage } from "./stage.js";

stage();

const dialog = (page: Page) => page.getByRole("dialog");

test("an invite is in the list until it is revoked, and then leads nowhere", async () => {
  const { ana, made, stream } = await worldOf(server);
  const name = `Tea ${made}`;
  const page = await chat(browser, server, ana, `/s/${stream}`);
  await fromMenu(page, `Menu of ${name}`, "Invite people");
  const link = dialog(page).getByRole("textbox", { name: "Invite link" });
  await expect.poll(() => link.inputValue()).toMatch(/\/invite\/\w+$/);
  const address = await link.inputValue();
  await page.keyboard.press("Escape");
  const cyd = await server.person(`cyd${made}`);
  const invited = await chat(browser, server, cyd, new URL(address).pathname);
  await invited.getByRole("button", { name: "Not now" }).click();

  await fromMenu(page, `Menu of ${name}`, `Settings of ${name}`);
  await page.getByRole("tab", { name: "Invites" }).click();
  const invites = dialog(page).getByRole("listitem");
  await invites.getByText("Any number of times").waitFor();
  await expectAccessible(page);
  await dialog(page).getByRole("button", { name: "Revoke" }).click();
  await page.getByText("There are none.").waitFor();
  await invited.goto(address);
  await invited.getByText("This invite is not valid, or no longer.").waitFor();
  expect(await place(invited, name).count()).toBe(0);
  await page.close();
  await invited.close();
});

test("a role that is changed lets its members do other things, and one that is removed lets them do nothing", async () => {
  const { ana, bob, circle, stream, made } = await worldOf(server);
  const name = `Tea ${made}`;
  const { role } = await ana.ask<{ role: string }>("POST", `/circles/${circle}/roles`, { name: "brewer", rank: 5, allow: ["invite"] });
  await ana.ask("PUT", `/circles/${circle}/members/${bob.id}/roles`, { roles: [role] });
  const [page, other] = [await chat(browser, server, ana, `/s/${stream}`), await chat(browser, server, bob, `/s/${stream}`)];
  const menu = async () => {
    await other.getByRole("button", { name: `Menu of ${name}` }).click();
    await other.getByRole("menu").waitFor();
    const items = await other.getByRole("menuitem").allInnerTexts();
    await other.keyboard.press("Escape");
    await other.getByRole("menu").waitFor({ state: "detached" });
    return items;
  };
  await expect.poll(menu).toContain("Invite people");
  await fromMenu(page, `Menu of ${name}`, `Settings of ${name}`);
  await page.getByRole("tab", { name: "Roles" }).click();
  await dialog(page).getByRole("button", { name: "brewer" }).click();
  await page.getByRole("checkbox", { name: "Invite people" }).uncheck();
  await page.getByRole("checkbox", { name: "Make, change and remove streams and topics" }).check();
  await page.getByLabel("Name of the role").fill("keeper");
  await dialog(page).getByRole("button", { name: "Save" }).click();
  await dialog(page).getByRole("button", { name: "keeper" }).waitFor();
  await expect.poll(menu).toContain("New stream");
  expect(await menu()).not.toContain("Invite people");
  await dialog(page).getByRole("button", { name: "Remove the role" }).click();
  await dialog(page).getByRole("button", { name: "keeper" }).waitFor({ state: "detached" });
  await expect.poll(menu).not.toContain("New stream");
  await page.close();
  await other.close();
});

test("what a circle says of itself is saved, and found by whoever joins and leaves it", async () => {
  const { ana, bob, stream, made } = await worldOf(server);
  const [page, other] = [await chat(browser, server, ana, `/s/${stream}`), await chat(browser, server, bob, `/s/${stream}`)];
  await fromMenu(page, `Menu of Tea ${made}`, `Settings of Tea ${made}`);
  const name = `Coffee ${made}`;
  await dialog(page).getByLabel("Name").fill(name);
  await dialog(page).getByLabel("What it is about").fill("Beans, and what becomes of them");
  await dialog(page).getByLabel("Shown as idle after").selectOption("10 minutes");
  await dialog(page).getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  await page.reload();
  await fromMenu(page, `Menu of ${name}`, `Settings of ${name}`);
  expect(await dialog(page).getByLabel("Shown as idle after").inputValue()).toBe("600");
  await page.keyboard.press("Escape");
  await place(other, name).waitFor();
  await other.getByRole("heading", { name, exact: true }).waitFor();

  const cyd = await server.person(`cyd${made}`);
  const third = await chat(browser, server, cyd, "/inbox");
  await third.getByRole("button", { name: "Add a circle" }).click();
  await third.getByRole("menuitem", { name: "Find public circles" }).click();
  const card = dialog(third).getByRole("listitem").filter({ hasText: name });
  await card.getByText("Beans, and what becomes of them").waitFor();
  await expectAccessible(third);
  await card.getByRole("button", { name: `Join ${name}` }).click();
  await third.getByRole("heading", { name: "general", exact: true }).waitFor();
  await page.getByRole("button", { name: "People", exact: true }).click();
  await page.locator("aside").getByRole("button", { name: `cyd${made}` }).waitFor();
  await fromMenu(third, `Menu of ${name}`, "Leave the circle");
  await third.getByText(`Leave ${name}?`).waitFor();
  await expectAccessible(third);
  await dialog(third).getByRole("button", { name: "Leave the circle" }).click();
  await place(third, name).waitFor({ state: "detached" });
  await page.locator("aside").getByRole("button", { name: `cyd${made}` }).waitFor({ state: "detached" });
  for (const one of [page, other, third]) await one.close();
});

test("a nickname is what somebody is called in one circle, by everybody, until it is taken away", async () => {
  const { ana, bob, stream, made } = await worldOf(server);
  const elsewhere = await teaOf(ana, [bob], `Ops ${made}`);
  await post(bob, stream, "of bob");
  await post(bob, elsewhere.stream, "elsewhere");
  const [page, other] = [await chat(browser, server, ana, `/s/${stream}`), await chat(browser, server, bob, `/s/${stream}`)];
  const author = (where: Page, text: string, name: string) => message(where, text).getByRole("button", { name, exact: true });
  const call = async (name: string) => {
    const nickname = dialog(page).getByLabel("Name in this circle");
    await nickname.fill(name);
    await dialog(page).getByRole("button", { name: "Save" }).click();
    await page.getByText("Done.").first().waitFor();
    await page.keyboard.press("Escape");
  };
  await author(page, "of bob", `bob${made}`).click();
  await call("Bobby");
  await author(page, "of bob", "Bobby").waitFor();
  await other.getByRole("button", { name: "People", exact: true }).click();
  await other.locator("aside").getByRole("button", { name: "Bobby" }).waitFor();
  await author(other, "of bob", "Bobby").waitFor();
  await place(page, `Ops ${made}`).click();
  await author(page, "elsewhere", `bob${made}`).waitFor();
  await page.goBack();
  await author(page, "of bob", "Bobby").click();
  await call("");
  await author(page, "of bob", `bob${made}`).waitFor();
  await page.close();
  await other.close();
});

test("links are copied and everything is marked as read from the menus", async () => {
  const { ana, bob, circle, stream, made } = await worldOf(server);
  const ops = await streamOf(ana, { circle }, "ops");
  const far = await streamOf(ana, { circle }, "far");
  const seq = await post(ana, stream, "worth a link");
  const page = await chat(browser, server, bob, `/s/${stream}`);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await message(page, "worth a link").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Copy link to the message" }).click();
  await expect.poll(copied).toBe(`${server.url}/s/${stream}/${seq}`);
  await place(page, "ops").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Copy link" }).click();
  await expect.poll(copied).toBe(`${server.url}/s/${ops}`);

  for (const one of [ops, far]) await post(ana, one, "unread");
  for (const name of ["ops", "far"]) await place(page, name).getByText("1 unread").waitFor();
  await place(page, "ops").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Mark as read" }).click();
  await place(page, "ops").getByText("1 unread").waitFor({ state: "detached" });
  await place(page, "far").getByText("1 unread").waitFor();
  await expect.poll(async () => (await bob.ask<{ unread: number }>("GET", `/streams/${ops}/unread`)).unread).toBe(0);
  await fromMenu(page, `Menu of Tea ${made}`, "Mark all as read");
  await place(page, "far").getByText("1 unread").waitFor({ state: "detached" });
  await page.reload();
  await message(page, "worth a link").waitFor();
  for (const name of ["ops", "far"]) expect(await place(page, name).getByText("unread").count()).toBe(0);
  await page.close();
});
