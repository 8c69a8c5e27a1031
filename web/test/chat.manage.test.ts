// Looking after a circle: streams, roles, members, and what the audit log says of it.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { expectAccessible, expectFits } from "./browser.js";
import { chat, composer, fromMenu, fromPlace, message, place, post, say, teaOf } from "./chat.js";
import { png } from "./files.js";
import { FILES, type Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage(FILES);

let ana: Person;
let bob: Person;

beforeAll(async () => {
  [ana, bob] = [await server.person("ana"), await server.person("bob")];
});

test("streams are made, private ones for some roles only, and are slowed and archived", async () => {
  const { circle, stream } = await teaOf(ana, [bob], "Streams");
  const [page, other] = [await chat(browser, server, ana, `/s/${stream}`), await chat(browser, server, bob, `/s/${stream}`)];
  await page.getByRole("navigation").getByRole("button", { name: "New stream" }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("open");
  await page.getByLabel("What it is about").fill("For everybody");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Make the stream" }).click();
  await page.getByRole("heading", { name: "open", exact: true }).waitFor();
  await place(other, "open").click();
  await fromMenu(page, "Menu of Streams", "New stream");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("closed");
  await page.getByRole("switch", { name: "Private" }).click();
  await page.getByRole("button", { name: "Make the stream" }).click();
  await page.getByRole("heading", { name: "closed", exact: true }).waitFor();
  await place(page, "closed").getByText("Private").waitFor();
  expect(await place(other, "closed").count()).toBe(0);

  await place(page, "open").click();
  await page.getByRole("heading", { name: "open", exact: true }).waitFor();
  await fromMenu(page, "Menu of open", "Settings of open");
  await page.getByLabel("Slow mode").selectOption({ label: "60 s" });
  await page.getByLabel("member: Write").uncheck();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Save" }).click();
  await other.getByText("You may read here, not write.").waitFor();
  await page.getByText("Slow: 60 s").waitFor();
  await fromMenu(page, "Menu of open", "Settings of open");
  await page.getByRole("switch", { name: "Archived" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await other.getByText("This stream is archived. Nobody can write in it.").waitFor();
  expect(circle).not.toBe("");
});

test("a private stream is there for whoever has the role that it lets in, and is gone at once where that is taken", async () => {
  const cyd = await server.person("cyd1");
  const { circle, stream } = await teaOf(ana, [bob, cyd], "Sealed");
  const { role } = await ana.ask<{ role: string }>("POST", `/circles/${circle}/roles`, { name: "brewer", rank: 5, allow: ["read", "write"] });
  const give = (roles: readonly string[]) => ana.ask("PUT", `/circles/${circle}/members/${bob.id}/roles`, { roles });
  const page = await chat(browser, server, ana, `/s/${stream}`);
  await fromMenu(page, "Menu of Sealed", "New stream");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("recipes");
  await page.getByRole("switch", { name: "Private" }).click();
  expect(await page.getByRole("dialog").getByRole("checkbox", { name: "brewer" }).isChecked()).toBe(true);
  await page.getByRole("button", { name: "Make the stream" }).click();
  await page.getByRole("heading", { name: "recipes", exact: true }).waitFor();
  const sealed = new URL(page.url()).pathname;
  await say(page, "two spoons");
  await message(page, "two spoons").waitFor();

  const [member, other] = [await chat(browser, server, bob, `/s/${stream}`), await chat(browser, server, cyd, `/s/${stream}`)];
  await composer(member).waitFor();
  expect(await place(member, "recipes").count()).toBe(0);
  await give([role]);
  await place(member, "recipes").getByText("Private").waitFor();
  await place(member, "recipes").click();
  await message(member, "two spoons").waitFor();
  await say(member, "three are better");
  await message(page, "three are better").waitFor();

  // Whoever does not have it is told of nothing, and the address leads elsewhere.
  await post(ana, stream, "all of you");
  await message(other, "all of you").waitFor();
  expect(await place(other, "recipes").count()).toBe(0);
  await other.goto(server.url + sealed);
  await place(other, "general").waitFor();
  await expect.poll(() => new URL(other.url()).pathname).not.toBe(sealed);
  expect(await other.getByText("two spoons").count()).toBe(0);
  await expect(cyd.ask("GET", `/streams/${sealed.slice(3)}/messages`)).rejects.toThrow("stream.not_found");

  // In the page that is open: what is read, where one writes, and what is in the list.
  await composer(member).fill("half a");
  await give([]);
  await message(member, "two spoons").waitFor({ state: "detached" });
  await place(member, "recipes").waitFor({ state: "detached" });
  await expect.poll(() => new URL(member.url()).pathname).not.toBe(sealed);
  await say(page, "and a secret");
  await message(page, "and a secret").waitFor();
  await member.reload();
  await place(member, "general").waitFor();
  expect(await member.getByText(/two spoons|a secret/).count()).toBe(0);
  browser.takeComplaints();
  for (const one of [page, member, other]) await one.close();
});

test("roles are made and given, members are timed out, removed and banned, and the log tells it", async () => {
  const cyd = await server.person("cyd");
  const { circle, stream } = await teaOf(ana, [bob, cyd], "People");
  await post(bob, stream, "of bob");
  await post(cyd, stream, "of cyd");
  const [page, other] = [await chat(browser, server, ana, `/s/${stream}`), await chat(browser, server, bob, `/s/${stream}`)];
  await fromMenu(page, "Menu of People", "Settings of People");
  await page.getByRole("tab", { name: "Roles" }).click();
  await page.getByRole("button", { name: "New role" }).click();
  await page.getByLabel("Name of the role").fill("brewer");
  await page.getByRole("checkbox", { name: "Invite people" }).check();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Make the role" }).click();
  await page.getByRole("button", { name: "brewer" }).waitFor();
  await page.keyboard.press("Escape");

  await message(page, "of bob").getByRole("button", { name: "bob" }).click();
  await page.getByRole("dialog").getByRole("checkbox", { name: "brewer" }).check();
  await expectAccessible(page);
  await expectFits(page);
  await other.getByRole("button", { name: "Menu of People" }).click();
  await other.getByRole("menuitem", { name: "Invite people" }).waitFor();
  await other.keyboard.press("Escape");
  await page.getByLabel("Reason").fill("Too loud");
  await page.getByRole("button", { name: "Time out" }).click();
  await other.getByText("You may only read until").waitFor();
  await page.getByRole("button", { name: "End the time-out" }).click();
  await composer(other).waitFor();
  await page.getByRole("button", { name: "Remove from the circle" }).click();
  await page.getByRole("button", { name: "Yes, remove bob" }).click();
  await other.getByText("You were removed from People.").waitFor();
  await message(page, "of cyd").getByRole("button", { name: "cyd" }).click();
  await page.getByRole("button", { name: "Ban", exact: true }).click();
  await page.getByRole("button", { name: "Yes, ban cyd for good" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });

  await fromMenu(page, "Menu of People", "Settings of People");
  await page.getByRole("tab", { name: "Audit log" }).click();
  await page.getByText("gave bob the roles brewer").waitFor();
  await page.getByText(/timed bob out until .*\(Too loud\)/).waitFor();
  await page.getByText("removed bob (Too loud)").waitFor();
  await page.getByText("banned cyd").waitFor();
  await expectAccessible(page);
  await page.getByRole("tab", { name: "Bans" }).click();
  const ban = page.getByRole("dialog").getByRole("listitem").filter({ hasText: "@cyd" });
  await ban.getByText("by ana").waitFor();
  await expectAccessible(page);
  await ban.getByRole("button", { name: "Let cyd in again" }).click();
  await page.getByText("Nobody is banned.").waitFor();
  await page.getByRole("tab", { name: "Audit log" }).click();
  await page.getByText("let cyd in again").waitFor();
  await cyd.ask("POST", `/circles/${circle}/join`, {});
});

test("a circle has an icon, which its members and whoever is invited see, and has none again", async () => {
  const { circle, stream } = await teaOf(ana, [bob], "Shown");
  const { code } = await ana.ask<{ code: string }>("POST", `/circles/${circle}/invites`, {});
  const [page, other] = [await chat(browser, server, ana, `/s/${stream}`), await chat(browser, server, bob, `/s/${stream}`, { theme: "dark" })];
  const shown = (of: Page) => of.getByRole("link", { name: "Shown" }).locator(`.avatar img[src*="/circles/${circle}/icon"].loaded`);
  await fromMenu(page, "Menu of Shown", "Settings of Shown");
  await page.getByRole("dialog").locator("input[type=file]").setInputFiles(png("cup.png"));
  await page.getByText("The picture is set.").waitFor();
  await page.getByRole("button", { name: "Choose another picture" }).waitFor();
  await expectAccessible(page);
  await expectFits(page);
  await shown(page).waitFor();
  await shown(other).waitFor();
  const guest = await browser.page();
  await guest.goto(`${server.url}/invite/${code}`);
  await guest.locator('.avatar img[src*="/icon"].loaded').waitFor();
  await page.getByRole("button", { name: "Remove the picture" }).click();
  await page.getByRole("button", { name: "Choose a picture" }).waitFor();
  await expect.poll(() => shown(other).count()).toBe(0);
});

test("a circle is handed over, from its menu or from a profile, and belongs to somebody else then", async () => {
  const { stream } = await teaOf(ana, [bob], "Given");
  const [page, other] = [await chat(browser, server, ana, `/s/${stream}`), await chat(browser, server, bob, `/s/${stream}`, { theme: "dark" })];
  await fromMenu(page, "Menu of Given", "Hand the circle over");
  await page.getByRole("dialog").getByRole("radio", { name: /bob/ }).check();
  await expectAccessible(page);
  await page.getByRole("dialog").getByRole("button", { name: "Hand over to bob" }).click();
  await page.getByText("Given belongs to bob now.").waitFor();
  await page.getByRole("button", { name: "Menu of Given" }).click();
  await page.getByRole("menuitem", { name: "Leave the circle" }).waitFor();
  await page.keyboard.press("Escape");
  // And back, by the keyboard.
  await post(ana, stream, "of ana");
  await message(other, "of ana").getByRole("button", { name: "ana" }).click();
  await other.getByRole("dialog").getByRole("button", { name: "Hand the circle over" }).press("Enter");
  await other.getByRole("dialog").getByRole("button", { name: "Hand over to ana" }).waitFor();
  await expectAccessible(other);
  await other.getByRole("dialog").getByRole("button", { name: "Hand over to ana" }).press("Enter");
  await other.getByText("Given belongs to ana now.").waitFor();
});

test("the owner removes a circle while another reads it, who is told and led elsewhere", async () => {
  const other = await teaOf(ana, [bob], "Kept");
  const { circle, stream } = await teaOf(ana, [bob], "Doomed");
  await post(ana, stream, "of ana");
  const [page, reader] = [await chat(browser, server, ana, `/s/${stream}`), await chat(browser, server, bob, `/s/${stream}`, { theme: "dark" })];
  await message(reader, "of ana").waitFor();
  await reader.getByRole("button", { name: "Menu of Doomed" }).click();
  // What bob looks at of the circle goes as well.
  await reader.getByRole("menuitem", { name: "Settings of Doomed" }).click();
  await reader.getByRole("dialog").getByRole("tab", { name: "Roles" }).waitFor();
  expect(await reader.getByRole("dialog").getByRole("tab", { name: "General" }).count()).toBe(0);

  await fromMenu(page, "Menu of Doomed", "Settings of Doomed");
  await page.getByRole("dialog").getByRole("button", { name: "Remove the circle …" }).click();
  const dialog = page.getByRole("dialog", { name: "Remove the circle …" });
  const sure = dialog.getByRole("button", { name: "Remove it for good" });
  await expectAccessible(page);
  await expectFits(page);
  await dialog.getByRole("textbox").fill("doomed");
  expect(await sure.isDisabled()).toBe(true);
  await dialog.getByRole("textbox").fill("Doomed");
  await dialog.getByRole("textbox").press("Enter");
  for (const one of [page, reader]) {
    await one.getByText("Doomed was removed, with all that was in it.").waitFor();
    await one.getByRole("dialog").waitFor({ state: "detached" });
    await expect.poll(() => place(one, "Doomed").count()).toBe(0);
    await expect.poll(() => one.evaluate(() => location.pathname)).not.toBe(`/s/${stream}`);
    await expectAccessible(one);
  }
  await reader.goto(`${server.url}/s/${other.stream}`);
  await composer(reader).waitFor();
  await expect(bob.ask("GET", `/circles/${circle}`)).rejects.toThrow();
  browser.takeComplaints();
});

test("a stream is removed while another reads it, who is told and led to another of its circle", async () => {
  const { circle, stream: general } = await teaOf(ana, [bob], "Brewing");
  const { stream } = await ana.ask("POST", `/circles/${circle}/streams`, { name: "kettles" }) as { stream: string };
  const root = await post(ana, stream, "of ana");
  await post(ana, stream, "more of it", { thread: root });
  const [page, reader] = [await chat(browser, server, ana, `/s/${general}`), await chat(browser, server, bob, `/s/${stream}/${root}/thread`, { theme: "dark" })];
  await message(reader, "more of it").waitFor();
  await composer(reader).first().fill("begun, and never sent");

  await fromPlace(page, "kettles", "Settings of kettles");
  await page.getByRole("dialog").getByRole("button", { name: "Remove the stream …" }).click();
  const dialog = page.getByRole("dialog", { name: "Remove the stream …" });
  const sure = dialog.getByRole("button", { name: "Remove it for good" });
  await expectAccessible(page);
  await expectFits(page);
  await dialog.getByRole("textbox").fill("Kettles");
  expect(await sure.isDisabled()).toBe(true);
  await dialog.getByRole("textbox").fill("kettles");
  await dialog.getByRole("textbox").press("Enter");
  for (const one of [page, reader]) {
    await one.getByText("kettles was removed, with all that was in it.").waitFor();
    await one.getByRole("dialog").waitFor({ state: "detached" });
    await expect.poll(() => place(one, "kettles").count()).toBe(0);
    await expect.poll(() => one.evaluate(() => location.pathname)).toBe(`/s/${general}`);
    await expectAccessible(one);
  }
  // What was begun there is not lost: it is kept until it was copied, also by the page after.
  await reader.reload();
  // It may have kept the stream, and learn then that it is gone.
  await reader.getByText(/What you had begun is for a stream|kettles was removed, or you may not read it/).waitFor();
  await reader.getByRole("button", { name: "Copy what you wrote" }).click();
  await expect.poll(() => reader.evaluate(() => JSON.stringify(localStorage))).not.toContain("begun, and never sent");
  await composer(reader).press("Control+V");
  await expect.poll(() => composer(reader).inputValue()).toBe("begun, and never sent");
  await composer(reader).fill("");
  // A link that leads there shows nothing of it, also where the page kept it from before.
  await reader.goto(`${server.url}/s/${stream}`);
  await reader.getByText(/There is no such stream, or not for you\.|kettles was removed, or you may not read it/).waitFor();
  await expect.poll(() => reader.getByText("of ana").count()).toBe(0);
  const other = await chat(browser, server, bob, `/s/${stream}`);
  await other.getByText("There is no such stream, or not for you.").waitFor();
  // One begins in the first circle there is, as without a link.
  await expect.poll(() => other.evaluate(() => location.pathname)).toMatch(/^\/s\//);
  await other.close();
  expect(await place(reader, "kettles").count()).toBe(0);
  await fromMenu(page, "Menu of Brewing", "Settings of Brewing");
  await page.getByRole("tab", { name: "Audit log" }).click();
  await page.getByText("removed the stream kettles").waitFor();
  browser.takeComplaints();
});

test("whoever has an account makes the site theirs with it, once", async () => {
  const eve = await server.person("eve");
  const page = await chat(browser, server, eve);
  await page.goto(server.owner);
  await page.getByRole("dialog", { name: "This site is yours" }).waitFor();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Make it mine" }).click();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  expect(await page.evaluate(() => [location.pathname, location.hash])).toEqual(["/admin", ""]);
  const late = await chat(browser, server, bob);
  await late.goto(server.owner);
  await late.getByRole("button", { name: "Make it mine" }).click();
  await late.getByRole("dialog").getByText("This link is not valid, or has been used.").waitFor();
  await late.getByRole("button", { name: "Not now" }).click();
  expect(await late.evaluate(() => location.hash)).toBe("");
});

test("who wrote something is named after they left, and after the page was loaded again", async () => {
  const { circle, stream } = await teaOf(ana, [bob], "Left");
  await post(bob, stream, "goodbye");
  await bob.ask("POST", `/circles/${circle}/leave`);
  const page = await chat(browser, server, ana, `/s/${stream}`);
  for (const turn of ["first", "again"]) {
    if (turn === "again") await page.reload();
    await message(page, "goodbye").getByText(bob.name, { exact: true }).first().waitFor();
  }
});
