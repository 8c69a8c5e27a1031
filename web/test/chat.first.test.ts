// The first minute: an account, a circle, an invite, and talking.

import { expect, test } from "vitest";
import { expectAccessible, expectFits } from "./browser.js";
import { chat, composer, message, place, post, say, streamOf, teaOf } from "./chat.js";
import { PASSWORD } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage();

test("the first account owns the site, makes a circle, and talks with whom it invites", async () => {
  const ana = await browser.page();
  await ana.goto(server.owner);
  await ana.getByText("This site is yours").waitFor();
  await ana.getByLabel("Your name").fill("Ana Łucja");
  expect(await ana.getByLabel("User name").inputValue()).toBe("ana.lucja");
  await ana.getByLabel("User name").fill("ana");
  await ana.getByLabel("Password").fill(PASSWORD);
  await ana.getByRole("button", { name: "Sign up" }).click();
  await ana.getByText("Where do you want to begin?").waitFor();
  expect(await ana.evaluate(() => [location.pathname, location.hash])).toEqual(["/", ""]);
  await ana.getByRole("main").getByRole("button", { name: "Make a circle" }).click();
  await ana.getByLabel("Name of the circle").fill("Tea");
  await ana.getByRole("button", { name: "Make it" }).click();

  // An empty circle tells its owner the next step.
  await ana.getByText("You are the first here.").waitFor();
  await ana.getByRole("button", { name: "Invite people" }).click();
  const link = ana.getByLabel("Invite link");
  await expect.poll(() => link.inputValue()).toMatch(/\/invite\/[0-9A-Za-z]+$/);
  const invite = await link.inputValue();
  await ana.keyboard.press("Escape");
  await say(ana, "Is anybody there?");
  await message(ana, "Is anybody there?").waitFor();

  // Bob has no account yet.
  const bob = await browser.page({ width: 360, height: 740 });
  await bob.goto(invite);
  await bob.getByText("You are invited to Tea").waitFor();
  await bob.getByLabel("Your name").fill("Bob");
  await bob.getByLabel("Password").fill(PASSWORD);
  await bob.getByRole("button", { name: "Sign up" }).click();
  await message(bob, "Is anybody there?").waitFor();
  await say(bob, "Yes");
  await message(ana, "Yes").waitFor();
  await ana.getByText("You are the first here.").waitFor({ state: "hidden" });
  expect(browser.takeComplaints()).toEqual([]);

  // Cyd has one, and comes by the same link.
  const cyd = await server.person("cyd");
  const other = await chat(browser, server, cyd, new URL(invite).pathname);
  await other.getByRole("dialog").getByText("2 members").waitFor();
  await other.getByRole("button", { name: "Join", exact: true }).click();
  await message(other, "Yes").waitFor();
  await other.goto(invite);
  await message(other, "Yes").waitFor();
});

test("whoever signs out and in again is where they were, and a wrong password is said", async () => {
  const ana = await server.person("ana1");
  const { stream } = await teaOf(ana);
  const page = await chat(browser, server, ana, `/s/${stream}`);
  await say(page, "Hello");
  await message(page, "Hello").waitFor();
  await page.getByRole("button", { name: "Your menu" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByLabel("User name").fill("ana1");
  await page.getByLabel("Password").fill("the wrong password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("There is no such user name with this password.").waitFor();
  expect(browser.takeComplaints().filter((text) => !text.includes("401"))).toEqual([]);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await message(page, "Hello").waitFor();
});

test("what is unread is counted, for the user apart, until it was really seen", async () => {
  const [ana, bob] = [await server.person("ana2"), await server.person("bob2")];
  const { circle, stream } = await teaOf(ana, [bob], "Counts");
  const ops = await streamOf(ana, { circle }, "ops");
  const page = await chat(browser, server, bob, `/s/${stream}`);
  await composer(page).waitFor();
  await place(page, "ops").waitFor();
  await post(ana, ops, "one");
  await place(page, "ops").getByText("1 unread").waitFor();
  await post(ana, ops, "two");
  await post(ana, ops, "for @bob2");
  await place(page, "ops").getByText("1 for you").waitFor();
  await expect.poll(() => page.title()).toBe("(1) general – Kith");
  await place(page, "ops").click();
  await message(page, "two").waitFor();
  await message(page, "@bob2").waitFor();
  await page.getByRole("heading", { name: "New", exact: true }).waitFor();
  await expect.poll(() => place(page, "ops").textContent()).not.toContain("1");
  const read = async () => (await bob.ask<{ unread: number }>("GET", `/streams/${ops}/unread`)).unread;
  await expect.poll(read).toBe(0);
  // Back and forward go from stream to stream.
  await page.goBack();
  await page.getByRole("heading", { name: "general", exact: true }).waitFor();
  await page.goForward();
  await page.getByRole("heading", { name: "ops", exact: true }).waitFor();
  await page.reload();
  await message(page, "one").waitFor();
  await expect.poll(() => page.getByRole("heading", { name: "New", exact: true }).count()).toBe(0);
});

test("older messages come as one scrolls to them, and what is looked at stays in its place", async () => {
  const ana = await server.person("ana3");
  const { stream } = await teaOf(ana, [], "Long");
  for (let n = 1; n <= 170; n += 1) await post(ana, stream, `number ${n}`);
  const page = await chat(browser, server, ana, `/s/${stream}`);
  await message(page, "number 170").waitFor();
  const list = page.getByRole("region", { name: "Messages in general" });
  // All of them are of one day, the line of which goes to the first that is there.
  const top = () => list.evaluate((box) => box.scrollTop);
  await expect.poll(top).toBeGreaterThan(1000);
  await list.evaluate((box) => box.scrollTo(0, 0));
  await expect.poll(top).toBeGreaterThan(1000);
  await expect.poll(async () => {
    await list.evaluate((box) => box.scrollTo(0, 0));
    return page.getByText("general begins here").isVisible();
  }).toBe(true);
  await message(page, "number 1").waitFor();
  await page.getByRole("button", { name: "To the latest" }).click();
  await message(page, "number 170").waitFor();
  await page.getByRole("button", { name: "To the latest" }).waitFor({ state: "hidden" });
});

test("where there is room, a thread and the people stand beside the messages, accessible and not too wide", async () => {
  const [ana, bob] = [await server.person("ana4"), await server.person("bob4")];
  const { stream } = await teaOf(ana, [bob], "Looks");
  const seq = await post(ana, stream, "Morning!");
  await post(bob, stream, "In here", { thread: seq });
  const page = await chat(browser, server, ana, `/s/${stream}`, { width: 1920, theme: "dark" });
  await page.getByRole("button", { name: "1 reply" }).click();
  await page.getByRole("button", { name: "People", exact: true }).click();
  await page.getByRole("complementary", { name: "People" }).getByText("Owner").waitFor();
  await message(page, "In here").waitFor();
  await expectAccessible(page);
  await expectFits(page);
});
