// Slash commands of services, and topics that are shown live in messages.

import { Client, map, schema, ServiceFailure } from "@kith/client";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectAccessible, expectFits } from "./browser.js";
import { chat, composer, message, post, say, teaOf, type Tea } from "./chat.js";
import { change, makeCircle } from "./circle.js";
import type { Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage();

let ana: Person;
let bob: Person;
let tea: Tea;
let bot: Client;
const POLL = schema({ question: map(), votes: map() });

beforeAll(async () => {
  [ana, bob] = [await server.person("ana"), await server.person("bob")];
  tea = await teaOf(ana, [bob]);
  const { default: WebSocket } = await import("ws");
  bot = await Client.connect({ url: server.url, auth: { token: ana.token }, WebSocket: WebSocket as never });
  const circle = tea.circle as never;
  // As `examples/poll-bot.mjs` does it.
  await bot.offer<{ text: string }>({ circle, name: "chat/poll", about: "Ask everybody", hint: "question | option | option" }, async ({ text }, { called }) => {
    const [question, ...options] = text.split("|").map((part) => part.trim()).filter(Boolean);
    if (question === undefined || options.length < 2) throw new ServiceFailure("poll.no_options", "a poll needs a question and two options");
    const poll = await bot.open(circle, POLL, { create: true, prefix: `polls/${called.call}/` });
    await poll.question.set({ question, options });
    await bot.command({ post: { stream: called.stream as never, text: `${question}?`, topic: poll.votes.id } });
    return { text: "Your poll is **asked**." };
  });
  await bot.offer({ circle, name: "chat/wait", about: "Never answers" }, (_args, { signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)));
});

afterAll(() => bot.close());

const open = (who: Person, theme: "light" | "dark" = "light") => chat(browser, server, who, `/s/${tea.stream}`, { theme });
const given = (page: Page) => page.getByRole("log", { name: "What became of your commands" });
const live = (page: Page, name: string) => page.getByRole("region", { name: `Live: ${name}` });

test("a command is completed, called, answered to its caller alone, and its poll is live for everybody", async () => {
  const [page, other] = [await open(bob), await open(ana, "dark")];
  await composer(page).pressSequentially("/po");
  await page.getByRole("option", { name: /\/poll.*question \| option \| option/ }).waitFor();
  await expectAccessible(page);
  await composer(page).press("Enter");
  await expect.poll(() => composer(page).inputValue()).toBe("/poll ");
  await page.getByText("/poll question | option | option").waitFor();
  await composer(page).pressSequentially("Tea");
  await composer(page).press("Enter");
  await given(page).getByText("a poll needs a question and two options").waitFor();
  await expectAccessible(page);
  await given(page).getByRole("button", { name: "Write it again" }).click();
  await expect.poll(() => composer(page).inputValue()).toBe("/poll Tea");
  await composer(page).press("End");
  await composer(page).pressSequentially(" or coffee | tea | coffee");
  await composer(page).press("Enter");
  await given(page).getByText("only you see this").waitFor();
  await given(page).getByRole("strong").getByText("asked").waitFor();
  await message(other, "Tea or coffee?").waitFor();
  expect(await given(other).count()).toBe(0);

  const [mine, theirs] = [page.getByRole("list", { name: "Tea or coffee" }), other.getByRole("list", { name: "Tea or coffee" })];
  await mine.getByRole("button", { name: /^tea 0/ }).click();
  await theirs.getByRole("button", { name: /^tea 1/ }).waitFor();
  await theirs.getByRole("button", { name: /^coffee 0/ }).press("Enter");
  await page.getByText("2 votes").waitFor();
  await expect.poll(() => mine.getByRole("button", { name: /^tea/ }).getAttribute("aria-pressed")).toBe("true");
  await expectAccessible(page);
  await expectAccessible(other);
  // Whoever chose can take it back.
  await mine.getByRole("button", { name: /^tea 1/ }).click();
  await other.getByText("1 vote", { exact: true }).waitFor();
  await given(page).getByRole("button", { name: "Dismiss" }).click();
  await given(page).waitFor({ state: "detached" });
});

test("what is no command is not said by a slip, and a command that takes long is cancelled", async () => {
  const page = await open(bob);
  await say(page, "/pol Tea?");
  await page.getByText("There is no command /pol here.").waitFor();
  await expectAccessible(page);
  expect(await message(page, "/pol Tea?").count()).toBe(0);
  await composer(page).press("Enter");
  await message(page, "/pol Tea?").waitFor();
  await composer(page).fill("/wait now");
  await composer(page).press("Enter");
  await given(page).getByText("is being done …").waitFor();
  await given(page).getByRole("button", { name: "Cancel" }).click();
  await given(page).waitFor({ state: "detached" });
  expect(await composer(page).inputValue()).toBe("");
});

test("a topic of every kind is shown as it is, and changed by those who may", async () => {
  const made = await makeCircle(ana, [bob]);
  const { circle } = made;
  const { streams } = await ana.ask<{ streams: { stream: { id: string } }[] }>("GET", `/circles/${circle}`);
  const stream = streams[0]?.stream.id ?? "";
  for (const [name, topic] of Object.entries(made.topics)) await post(ana, stream, `here is ${name}`, { topic });
  const page = await chat(browser, server, ana, `/s/${stream}`, { height: 1600 });
  const other = await chat(browser, server, bob, `/s/${stream}`, { height: 1600, theme: "dark", width: 360 });
  await live(page, "motto").getByRole("textbox", { name: "motto" }).waitFor();

  await live(page, "flags/lights").getByRole("switch").click();
  await expect.poll(() => live(other, "flags/lights").getByRole("switch").getAttribute("aria-checked")).toBe("false");
  await live(page, "kettle/cups").getByRole("button", { name: "One more: kettle/cups" }).click();
  await expect.poll(() => live(other, "kettle/cups").getByRole("textbox").inputValue()).toBe("5");
  await live(other, "kettle/cups").getByRole("textbox").fill("9");
  await live(other, "kettle/cups").getByRole("textbox").press("Enter");
  await expect.poll(() => live(page, "kettle/cups").getByRole("textbox").inputValue()).toBe("9");
  // What the schema of the topic refuses is taken back, and said.
  await live(page, "kettle/cups").getByRole("textbox").fill("11");
  await live(page, "kettle/cups").getByRole("textbox").press("Enter");
  await page.getByRole("alert").filter({ hasText: /schema|maximum|conform/i }).first().waitFor();
  await expect.poll(() => live(page, "kettle/cups").getByRole("textbox").inputValue()).toBe("9");
  await live(page, "board/todo").getByRole("textbox", { name: "Add to board/todo" }).fill("sugar");
  await live(page, "board/todo").getByRole("textbox", { name: "Add to board/todo" }).press("Enter");
  await live(other, "board/todo").getByText("sugar").waitFor();
  await live(other, "board/todo").getByRole("button", { name: "Up: sugar" }).click();
  await expect.poll(() => live(page, "board/todo").getByRole("listitem").allInnerTexts()).toEqual(["water", "tea", "sugar", "biscuits"]);
  await live(page, "board/done").getByRole("button", { name: "Take out: milk" }).click();
  await live(other, "board/done").getByText("Nothing in it yet.").waitFor();
  await live(page, "motto").getByRole("textbox").fill("Tea is ready.");
  await expect.poll(() => live(other, "motto").getByRole("textbox").inputValue()).toBe("Tea is ready.");
  await live(page, "doorbell").getByRole("button", { name: "Do it" }).click();
  await live(other, "doorbell").getByText("Last: ana").waitFor();
  await change(ana, made.topics["board/todo/notes"], { splice: { at: 0, delete: 0, insert: "Boil the kettle." } });
  await live(page, "board/todo/notes").getByText("Boil the kettle.").waitFor();
  // A text is written in by both at the same time.
  const [here, there] = [live(page, "board/todo/notes"), live(other, "board/todo/notes")];
  for (const one of [here, there]) {
    await one.getByRole("button", { name: "Edit board/todo/notes" }).click();
    await expect.poll(() => one.getByRole("textbox").inputValue()).toBe("Boil the kettle.");
  }
  await here.getByRole("textbox").press("Control+Home");
  await there.getByRole("textbox").press("Control+End");
  await Promise.all([here.getByRole("textbox").pressSequentially("First: "), there.getByRole("textbox").pressSequentially(" Then pour.")]);
  for (const one of [here, there]) await expect.poll(() => one.getByRole("textbox").inputValue()).toBe("First: Boil the kettle. Then pour.");
  await expectAccessible(page);
  await here.getByRole("textbox").pressSequentially("!");
  await here.getByRole("button", { name: "Done" }).click();
  await here.getByText("First: !Boil the kettle. Then pour.").waitFor();
  await live(page, "board/meta").getByText("Groceries").waitFor();
  await live(page, "board/people").getByText("owner").waitFor();
  await expectAccessible(page);
  await expectAccessible(other);
  await expectFits(other);
  await ana.ask("DELETE", `/topics/${made.topics["motto"]}`);
  await expect.poll(() => page.getByText("What was shown live here is gone.").count()).toBe(1);
}, 120_000);

test("whoever edits a text keeps the focus where they put it, and what was written last is said without a word", async () => {
  const { circle, topics } = await makeCircle(ana, [bob]);
  const topic = topics["board/todo/notes"];
  const { streams } = await ana.ask<{ streams: { stream: { id: string } }[] }>("GET", `/circles/${circle}`);
  const stream = streams[0]?.stream.id ?? "";
  await change(ana, topic, { splice: { at: 0, delete: 0, insert: "Boil the kettle." } });
  await post(ana, stream, "here are the notes", { topic });
  const page = await chat(browser, server, ana, `/s/${stream}`);
  const notes = live(page, "board/todo/notes");
  const area = notes.getByRole("textbox");
  await notes.getByRole("button", { name: "Edit board/todo/notes" }).click();
  await expect.poll(() => area.evaluate((node) => node === document.activeElement)).toBe(true);
  // What others do does not take the focus from where it is by now.
  await composer(page).click();
  await change(bob, topic, { splice: { at: 0, delete: 0, insert: "First: " } });
  await expect.poll(() => area.inputValue()).toBe("First: Boil the kettle.");
  expect(await composer(page).evaluate((node) => node === document.activeElement)).toBe(true);
  await area.press("Control+End");
  await area.pressSequentially(" Pour.");
  await notes.getByRole("button", { name: "Done" }).click();
  await notes.getByText("First: Boil the kettle. Pour.").waitFor();
  const edit = notes.getByRole("button", { name: "Edit board/todo/notes" });
  expect(await edit.evaluate((node) => node === document.activeElement)).toBe(true);
  expect(await page.getByRole("alert").allInnerTexts()).toEqual([]);
});
