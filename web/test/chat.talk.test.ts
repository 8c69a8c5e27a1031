// What people do with messages and with each other, in several browsers at once.

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { expectAccessible, type Look } from "./browser.js";
import { chat, composer, fromMenu, message, place, post, say, streamOf, type Tea, worldOf } from "./chat.js";
import type { Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage();

const world = () => worldOf(server);
const open = (who: Person, { stream }: Tea, look: Look = {}) => chat(browser, server, who, `/s/${stream}`, look);

/** Chooses from the menu of a message, with the keyboard. */
async function choose(page: Page, text: string, item: string): Promise<void> {
  const row = page.getByRole("listitem").filter({ has: page.getByText(text, { exact: true }) });
  await row.hover();
  await row.getByRole("button", { name: "More about this message" }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

test("messages are answered, changed by arrow up, reacted to, pinned and deleted, for everybody at once", async () => {
  const tea = await world();
  const [ana, bob] = [await open(tea.ana, tea), await open(tea.bob, tea)];
  await say(ana, "Is there tea?");
  await message(bob, "Is there tea?").waitFor();
  await choose(bob, "Is there tea?", "Reply");
  await bob.getByText(/^Your answer to/).waitFor();
  await say(bob, "In a minut");
  await message(ana, "In a minut").getByText("Is there tea?").waitFor();
  // Until the server has said so, there is no message of bob's that could be changed.
  await expect.poll(async () => {
    await composer(bob).press("ArrowUp");
    return bob.getByLabel("Change the message").count();
  }).toBe(1);
  await bob.getByLabel("Change the message").fill("In a minute");
  await expectAccessible(bob);
  await bob.getByLabel("Change the message").press("Enter");
  await message(ana, "In a minute").getByRole("button", { name: "(edited)" }).click();
  await ana.getByRole("dialog", { name: "Edit history" }).locator("del").getByText("minut", { exact: true }).waitFor();
  await expectAccessible(ana);
  await ana.keyboard.press("Escape");
  await expect.poll(() => composer(bob).evaluate((area) => area === document.activeElement)).toBe(true);

  const row = ana.getByRole("listitem").filter({ has: ana.getByText("In a minute", { exact: true }) });
  await row.hover();
  await row.getByRole("button", { name: "React" }).click();
  await expectAccessible(ana);
  await ana.getByRole("dialog", { name: "React" }).getByRole("option", { name: "thumbs up" }).first().click();
  await bob.getByRole("button", { name: `👍: ${tea.ana.name}` }).click();
  await ana.getByRole("button", { name: /^👍: .* and / }).click();
  await bob.getByRole("button", { name: `👍: ${tea.bob.name}` }).waitFor();

  await choose(ana, "In a minute", "Pin");
  await bob.getByRole("button", { name: "1 pinned message" }).click();
  await bob.getByRole("dialog", { name: "1 pinned message" }).getByText("In a minute").waitFor();
  await expectAccessible(bob);
  await bob.keyboard.press("Escape");
  await choose(ana, "In a minute", "Delete");
  await expectAccessible(ana);
  await ana.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await message(bob, "In a minute").waitFor({ state: "detached" });
  await bob.getByRole("button", { name: "1 pinned message" }).waitFor({ state: "detached" });
});

test("everything about a message is done by the keyboard alone", async () => {
  const tea = await world();
  const page = await open(tea.ana, tea);
  for (const text of ["one", "two", "three"]) await say(page, text);
  await message(page, "three").waitFor();
  // From where one writes back to the messages: the last one, and up from there.
  const row = page.getByRole("listitem").filter({ has: page.getByText("three", { exact: true }) });
  await row.focus();
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => page.evaluate(() => document.activeElement?.closest("[data-row]")?.textContent)).toContain("two");
  await page.keyboard.press("e");
  await page.getByLabel("Change the message").fill("TWO");
  await page.keyboard.press("Enter");
  await message(page, "TWO").waitFor();
  await row.focus();
  await page.keyboard.press("t");
  await page.getByRole("region", { name: "Thread", exact: true }).waitFor();
  await page.keyboard.type("in the thread");
  await page.keyboard.press("Enter");
  await page.getByRole("region", { name: "Thread", exact: true }).getByText("in the thread").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("region", { name: "Thread", exact: true }).waitFor({ state: "detached" });
  await row.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  // Where it is gone, one is at what took its place.
  const focus = () => page.evaluate(() => document.activeElement?.closest("[data-row]")?.textContent);
  await expect.poll(focus).toContain("three");
  await page.keyboard.press("Delete");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).press("Enter");
  await message(page, "three").waitFor({ state: "detached" });
  await expect.poll(focus).toContain("TWO");
});

test("a link leads to a message of long ago, and the first unread one is found", async () => {
  const tea = await world();
  const seqs: number[] = [];
  for (let n = 1; n <= 130; n += 1) seqs.push(await post(tea.ana, tea.stream, `number ${n}`));
  const page = await chat(browser, server, tea.bob, `/s/${tea.stream}/${seqs[11]}`);
  await message(page, "number 12").waitFor();
  // Whoever was led over what is unread has not read it.
  const unread = async () => (await tea.bob.ask<{ unread: number }>("GET", `/streams/${tea.stream}/unread`)).unread;
  expect(await unread()).toBe(130);
  await page.getByRole("button", { name: "130 new messages" }).click();
  await message(page, "number 130").waitFor();
  await expect.poll(unread).toBe(0);
  await page.getByRole("button", { name: "To the first new message" }).click();
  await message(page, "number 1").waitFor();
  await page.getByRole("heading", { name: "New", exact: true }).waitFor();
  // What is marked as unread is so from there on.
  await message(page, "number 3").waitFor();
  await choose(page, "number 3", "Mark as unread from here");
  await expect.poll(async () => (await tea.bob.ask<{ read: number }>("GET", `/streams/${tea.stream}/unread`)).read).toBe((seqs[2] as number) - 1);
});

test("one sees who writes and who is there", async () => {
  const tea = await world();
  const [ana, bob] = [await open(tea.ana, tea), await open(tea.bob, tea)];
  await ana.getByRole("button", { name: "People", exact: true }).click();
  const people = ana.getByRole("complementary", { name: "People" });
  await people.getByText("Here: 2").waitFor();
  await composer(bob).pressSequentially("I am wri");
  await ana.getByText(`${tea.bob.name} is writing …`).waitFor();
  await composer(bob).press("Enter");
  await ana.getByText(`${tea.bob.name} is writing …`).waitFor({ state: "detached" });
  await bob.close();
  await people.getByText("Not here: 1").waitFor();
});

test("people write to each other directly, in groups, and can block", async () => {
  const tea = await world();
  const cyd = await server.person(`cyd${tea.made}`);
  await cyd.ask("POST", `/circles/${tea.circle}/join`, {});
  const [ana, bob] = [await open(tea.ana, tea), await open(tea.bob, tea)];
  await say(bob, "Hello");
  await message(ana, "Hello").getByRole("button", { name: tea.bob.name }).click();
  await expectAccessible(ana);
  await ana.getByRole("button", { name: "Write to them" }).click();
  await ana.getByRole("heading", { name: tea.bob.name, exact: true }).waitFor();
  await say(ana, "Between us");
  await bob.getByRole("link", { name: "Conversations" }).getByText("1 unread").waitFor();
  await bob.getByRole("link", { name: "Conversations" }).click();
  await place(bob, tea.ana.name).click();
  await message(bob, "Between us").waitFor();

  await bob.getByRole("button", { name: "New conversation" }).first().click();
  await bob.getByRole("dialog").getByRole("checkbox", { name: new RegExp(tea.ana.name) }).check();
  await bob.getByRole("dialog").getByRole("checkbox", { name: new RegExp(cyd.name) }).check();
  await bob.getByLabel("Name of the group").fill("Three");
  await expectAccessible(bob);
  await bob.getByRole("button", { name: "Begin", exact: true }).click();
  await bob.getByRole("heading", { name: "Three", exact: true }).waitFor();
  await say(bob, "All of us");
  await place(ana, "Three").click();
  await message(ana, "All of us").waitFor();

  await message(ana, "All of us").getByRole("button", { name: tea.bob.name }).click();
  await ana.getByRole("button", { name: "Block" }).click();
  await ana.getByText(/You block them/).waitFor();
  await ana.keyboard.press("Escape");
  await ana.getByText("A message of somebody whom you block.").waitFor();
  await say(bob, "Do you hear me?");
  await message(bob, "Do you hear me?").waitFor();
  expect(await ana.getByText("Do you hear me?").count()).toBe(0);
});

test("people are added to a group that is there, by some letters and by their whole name", async () => {
  const tea = await world();
  const [cyd, dan] = [await server.person(`cyd${tea.made}`), await server.person(`dan${tea.made}`)];
  await cyd.ask("POST", `/circles/${tea.circle}/join`, {});
  const { stream } = await tea.ana.ask<{ stream: string }>("POST", "/groups", { users: [tea.bob.id], name: "Party" });
  await post(tea.bob, stream, "before you came");
  const [page, other] = [await chat(browser, server, tea.ana, `/s/${stream}`), await chat(browser, server, cyd)];
  await message(page, "before you came").waitFor();
  await fromMenu(page, "Menu of Party", "Add people");
  const dialog = page.getByRole("dialog", { name: "Add people" });
  const box = (name: string) => dialog.getByRole("checkbox", { name: new RegExp(name) });
  await box(cyd.name).waitFor();
  expect(await box(tea.bob.name).count()).toBe(0);
  await dialog.getByRole("textbox", { name: "Whom" }).fill("cyd");
  await box(cyd.name).check();
  // Whoever is chosen is seen, also where others are looked for.
  await dialog.getByRole("textbox", { name: "Whom" }).fill("nobody-here");
  expect(await box(cyd.name).isChecked()).toBe(true);
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByText(`${cyd.name} is in the group now.`).waitFor();
  await other.getByRole("link", { name: "Conversations" }).click();
  await place(other, "Party").click();
  await message(other, "before you came").waitFor();

  // Whoever is in no circle of one's own.
  await page.getByRole("button", { name: "People", exact: true }).click();
  await page.getByRole("complementary").getByRole("button", { name: "Add people" }).click();
  await dialog.getByRole("textbox", { name: "Whom" }).fill("nobody-at-all");
  await page.keyboard.press("Enter");
  await dialog.getByRole("alert").filter({ hasText: /./ }).waitFor();
  await dialog.getByRole("textbox", { name: "Whom" }).fill(`@${dan.name}`);
  await page.keyboard.press("Enter");
  await page.getByRole("complementary").getByRole("button", { name: dan.name }).waitFor();
  expect((await dan.ask<{ conversations: { stream: { id: string } }[] }>("GET", "/window")).conversations.map((one) => one.stream.id)).toEqual([stream]);
});

test("names are completed, emoji are chosen, and what is written is looked at before it is sent", async () => {
  const tea = await world();
  const [page, bob] = [await open(tea.ana, tea), await open(tea.bob, tea)];
  await composer(page).pressSequentially(`Hello @${tea.bob.name.slice(0, 2)}`);
  await page.getByRole("option", { name: new RegExp(tea.bob.name) }).waitFor();
  await expectAccessible(page);
  await composer(page).press("Enter");
  await composer(page).pressSequentially("**now**");
  await page.getByRole("button", { name: "Formatting" }).click();
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("strong").getByText("now").waitFor();
  await page.getByRole("button", { name: "Write", exact: true }).click();
  await page.getByRole("button", { name: "Emoji", exact: true }).click();
  await page.getByRole("dialog", { name: "Emoji" }).getByRole("combobox").fill("rocket");
  await page.getByRole("option", { name: "rocket" }).first().waitFor();
  await page.keyboard.press("Enter");
  await expect.poll(() => composer(page).inputValue()).toBe(`Hello @${tea.bob.name} **now**🚀`);
  await composer(page).press("Enter");
  await bob.getByRole("article").getByRole("button", { name: `@${tea.bob.name}` }).waitFor();
  await bob.getByRole("article").getByText("🚀").waitFor();
});

test("streams, roles and emoji are completed, and lead where they say", async () => {
  const tea = await world();
  const ops = await streamOf(tea.ana, tea, "ops");
  const big = await streamOf(tea.ana, tea, "Big operations");
  await tea.ana.ask("POST", `/circles/${tea.circle}/roles`, { name: "cooks", rank: 5, allow: [] });
  const page = await open(tea.ana, tea);
  const write = async (typed: string, offered: string) => {
    await composer(page).pressSequentially(typed);
    await page.getByRole("option", { name: offered }).first().waitFor();
    await composer(page).press("Enter");
    await page.getByRole("listbox").waitFor({ state: "detached" });
  };
  await composer(page).click();
  await write("See #op", "#ops");
  await write("and #Big", "#Big operations");
  await write("with @coo", "cooks");
  await write(":teap", ":teapot:");
  expect(await composer(page).inputValue()).toBe(`See #ops and [#Big operations](${server.url}/s/${big}) with @cooks 🫖 `);
  await composer(page).press("Enter");
  const said = page.getByRole("article").filter({ hasText: "See" });
  await said.locator("time").waitFor();
  await said.getByRole("link", { name: "Big operations" }).click();
  await page.getByRole("heading", { name: "Big operations", exact: true }).waitFor();
  await page.goBack();
  await said.getByRole("link", { name: "ops", exact: true }).or(said.getByRole("link", { name: "#ops", exact: true })).click();
  await expect.poll(() => page.evaluate(() => location.pathname)).toBe(`/s/${ops}`);
  await page.close();
});

test("inside of code Enter begins a line, and sends behind it", async () => {
  const tea = await world();
  const page = await open(tea.ana, tea);
  await composer(page).click();
  for (const line of ["```", "one", "two"]) {
    await composer(page).pressSequentially(line);
    await composer(page).press("Enter");
  }
  await composer(page).pressSequentially("```");
  expect(await composer(page).inputValue()).toBe("```\none\ntwo\n```");
  await composer(page).press("Enter");
  await page.getByRole("article").locator("pre").getByText("one").waitFor();
  await page.close();
});

test("one goes anywhere by a few letters, and finds what means one in the inbox", async () => {
  const tea = await world();
  const ops = await streamOf(tea.ana, tea, "operations");
  const page = await open(tea.bob, tea);
  await place(page, "operations").waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("opr");
  await page.getByRole("option", { name: /operations/ }).first().waitFor();
  await expectAccessible(page);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "operations", exact: true }).waitFor();
  await page.keyboard.press("Alt+ArrowUp");
  await page.getByRole("heading", { name: "general", exact: true }).waitFor();
  await post(tea.ana, ops, `Look at this, @${tea.bob.name}`);
  await place(page, "operations").getByText("1 for you").waitFor();
  await page.getByRole("link", { name: "Inbox" }).click();
  await page.getByRole("region", { name: "Inbox" }).getByText("Look at this").waitFor();
  await expectAccessible(page);
  await page.getByRole("region", { name: "Inbox" }).getByRole("link", { name: /Look at this/ }).click();
  await page.getByRole("heading", { name: "operations", exact: true }).waitFor();
  await page.getByRole("article").getByText("Look at this").waitFor();
});

test("whoever opened a menu with the pointer is back at its message, wherever the pointer went", async () => {
  const tea = await world();
  await post(tea.bob, tea.stream, "first");
  await post(tea.ana, tea.stream, "second");
  const page = await open(tea.ana, tea);
  const row = page.getByRole("listitem").filter({ has: message(page, "first") });
  await row.hover();
  await row.getByRole("button", { name: "More about this message" }).click();
  await page.getByRole("menu").waitFor();
  await message(page, "second").getByText("second", { exact: true }).hover();
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  expect(await row.evaluate((node) => node.contains(document.activeElement))).toBe(true);
});
