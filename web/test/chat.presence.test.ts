// Whether people are there, as their browsers tell it and as others see it.

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { expectAccessible, signIn } from "./browser.js";
import { chat, composer, message, post, type Tea, worldOf } from "./chat.js";
import type { Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage();

const TEN_MINUTES = 10 * 60_000;
const open = (who: Person, { stream }: Tea) => chat(browser, server, who, `/s/${stream}`);

/** How bob is shown in ana's list of people. */
async function seenBy(page: Page, who: Person) {
  await page.getByRole("button", { name: "People", exact: true }).click();
  const line = page.getByRole("complementary", { name: "People" }).getByRole("button", { name: new RegExp(who.name) });
  return (how: string) => line.filter({ has: page.getByText(how, { exact: true }) }).waitFor();
}

/** Where one is shown oneself. */
const oneself = (page: Page, how: string) => page.locator(".me").getByText(how, { exact: true });

/** The page of somebody whose clock is moved by hand, once it looks whether it is used. */
async function watched(who: Person, { stream }: Tea): Promise<Page> {
  const page = await browser.page();
  await page.clock.install();
  await page.goto(`${server.url}/s/${stream}`);
  await signIn(page, who.name);
  await expect.poll(() => page.evaluate((key) => localStorage.getItem(key), `kith.used.${who.id}`)).not.toBeNull();
  return page;
}

test("whoever does nothing is shown as idle, and as online with the first thing they do in any tab", async () => {
  const tea = await worldOf(server);
  const ana = await open(tea.ana, tea);
  const bob = await watched(tea.bob, tea);
  const sees = await seenBy(ana, tea.bob);
  await sees("Online");
  await oneself(bob, "Online").waitFor();
  await bob.clock.fastForward(TEN_MINUTES);
  await sees("Idle");
  await oneself(bob, "Idle").waitFor();
  await expectAccessible(bob);
  // Another tab of the same browser: opening it is a use of both.
  const other = await bob.context().newPage();
  await other.goto(bob.url());
  await oneself(other, "Online").waitFor();
  await sees("Online");
  await other.close();
  await bob.mouse.move(200, 200);
  await bob.mouse.move(220, 220);
  await oneself(bob, "Online").waitFor();
  await sees("Online");
});

test("whoever chooses to be away is so in all their browsers, whatever they do, and after coming again", async () => {
  const tea = await worldOf(server);
  const [ana, bob, other] = [await open(tea.ana, tea), await open(tea.bob, tea), await open(tea.bob, tea)];
  const sees = await seenBy(ana, tea.bob);
  await sees("Online");
  await bob.getByRole("button", { name: "Your menu" }).click();
  await bob.getByRole("menuitemcheckbox", { name: "Away" }).waitFor();
  await expectAccessible(bob);
  await bob.getByRole("menuitemcheckbox", { name: "Away" }).click();
  await sees("Away");
  await oneself(other, "Away").waitFor();
  await composer(bob).fill("Do not wait for me");
  await composer(bob).press("Enter");
  await message(ana, "Do not wait for me").waitFor();
  await sees("Away");
  await bob.reload();
  await oneself(bob, "Away").waitFor();
  await sees("Away");
  await other.getByRole("button", { name: "Your menu" }).click();
  await other.getByRole("menuitemcheckbox", { name: "Online" }).click();
  await sees("Online");
  await oneself(bob, "Online").waitFor();
});

test("one who writes in a thread is shown there, and not in the stream", async () => {
  const tea = await worldOf(server);
  const root = await post(tea.ana, tea.stream, "Who pours?");
  const path = `/s/${tea.stream}/${root}/thread`;
  const [ana, bob] = [await chat(browser, server, tea.ana, path), await chat(browser, server, tea.bob, path)];
  const thread = (page: Page) => page.getByRole("region", { name: "Thread", exact: true });
  const writes = (page: Page) => page.getByText(`${tea.bob.name} is writing …`);
  await thread(bob).getByRole("textbox", { name: "Answer in the thread" }).pressSequentially("I d");
  await thread(ana).getByText(`${tea.bob.name} is writing …`).waitFor();
  expect(await writes(ana).count()).toBe(1);
  await thread(bob).getByRole("textbox", { name: "Answer in the thread" }).press("Enter");
  await writes(ana).waitFor({ state: "detached" });
  await composer(bob).pressSequentially("And ");
  await writes(ana).waitFor();
  expect(await thread(ana).getByText(`${tea.bob.name} is writing …`).count()).toBe(0);
});

test("those who talk with each other see how the other is there, and a block ends it", async () => {
  const [ana, bob, cyd] = [await server.person("anatalks"), await server.person("bobtalks"), await server.person("cydtalks")];
  const { stream } = await ana.ask<{ stream: string }>("POST", "/direct", { user: bob.id });
  await post(ana, stream, "Are you there?");
  const { stream: third } = await ana.ask<{ stream: string }>("POST", "/direct", { user: cyd.id });
  await post(cyd, third, "I am");
  await chat(browser, server, cyd, `/s/${third}`);
  const [page, other] = [await chat(browser, server, ana, `/s/${stream}`), await chat(browser, server, bob, `/s/${stream}`)];
  const head = (of: Page) => of.locator("header .how");
  const row = (of: Page, name: string) => of.getByRole("navigation").getByRole("link", { name: new RegExp(`${name}.*Online`) });
  await head(other).getByText("Online", { exact: true }).waitFor();
  await row(other, ana.name).waitFor();
  await expectAccessible(other);
  // Whoever said nothing yet is not shown to whom they share nothing with, once that one knows who is there.
  await page.reload();
  await row(page, cyd.name).waitFor();
  expect(await head(page).count()).toBe(0);
  await composer(other).fill("Yes");
  await composer(other).press("Enter");
  await head(page).getByText("Online", { exact: true }).waitFor();
  await other.getByRole("button", { name: "Your menu" }).click();
  await other.getByRole("menuitemcheckbox", { name: "Away" }).click();
  await head(page).getByText("Away", { exact: true }).waitFor();
  await page.getByRole("button", { name: "People", exact: true }).click();
  const people = page.getByRole("complementary", { name: "People" });
  await people.getByText("Here: 2").waitFor();
  await expectAccessible(page);
  await bob.ask("PUT", `/blocks/${ana.id}`);
  await head(page).waitFor({ state: "detached" });
  await people.getByText("Not here: 1").waitFor();
  await head(other).waitFor({ state: "detached" });
});

test("a group says how many are there", async () => {
  const tea = await worldOf(server);
  const { stream } = await tea.ana.ask<{ stream: string }>("POST", "/groups", { users: [tea.bob.id], name: "Two" });
  const page = await chat(browser, server, tea.ana, `/s/${stream}`);
  const other = await chat(browser, server, tea.bob, `/s/${stream}`);
  await page.locator("header .how").getByText("Here: 2").waitFor();
  await other.context().close();
  await page.locator("header .how").waitFor({ state: "detached" });
});
