// The inspector as developers use it, with somebody else at work in the same circle.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { Client } from "@kith/client";
import type { Look } from "./browser.js";
import { change, makeCircle, type Made } from "./circle.js";
import type { Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage();

let ana: Person;
let bob: Person;

beforeAll(async () => {
  [ana, bob] = [await server.person("ana"), await server.person("bob")];
});

/** The inspector in a new circle, once its topics are followed. */
async function open(who: Person = ana, look: Look = { width: 1600, height: 900 }): Promise<Made & { page: Page }> {
  const made = await makeCircle(ana, [bob]);
  const page = await browser.open(server, `/inspector#${made.circle}`, who, look);
  await row(page, "lights").getByText("true").waitFor();
  return { ...made, page };
}

/** Somebody at a program. */
async function client(who: Person): Promise<Client> {
  const { default: WebSocket } = await import("ws");
  return Client.connect({ url: server.url, auth: { token: who.token }, WebSocket: WebSocket as never });
}

const row = (page: Page, name: string) =>
  page.getByRole("treeitem").filter({ has: page.getByText(name, { exact: true }) });
const topic = (page: Page) => page.getByRole("article");
const timeline = (page: Page) => page.getByRole("region", { name: "Timeline" });

/** Chooses a topic and waits for it. */
async function choose(page: Page, name: string, full: string): Promise<void> {
  await row(page, name).last().click();
  await topic(page).getByRole("heading", { name: full, exact: true }).waitFor();
}

async function refusal(page: Page, code: string): Promise<void> {
  const told = page.getByRole("alert").filter({ hasText: code });
  await told.waitFor();
  await told.getByRole("button", { name: "Dismiss" }).first().click();
}

test("the tree shows what topics hold as it changes, and is searched", async () => {
  const { page, topics } = await open();
  await row(page, "cups").getByText("4").waitFor();
  await change(bob, topics["kettle/cups"], { add: { by: 3 } });
  await row(page, "cups").getByText("7").waitFor();
  const count = () => page.getByRole("treeitem").count();
  const before = await count();
  await page.getByLabel("Search topics").fill("board list");
  await expect.poll(count).toBe(2);
  await page.getByLabel("Search topics").fill("");
  await expect.poll(count).toBe(before);
  // Folders close and open by the keyboard, and the place goes along.
  const board = page.getByRole("treeitem", { expanded: true }).first();
  await board.focus();
  await page.keyboard.press("ArrowLeft");
  await expect.poll(count).toBe(before - 6);
  await page.keyboard.press("ArrowRight");
  await expect.poll(count).toBe(before);
  await page.keyboard.press("End");
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toContain("pointer");
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toContain("motto");
  await page.keyboard.press("Enter");
  await topic(page).getByRole("heading", { name: "motto" }).waitFor();
});

test("topics that others make and remove come and go", async () => {
  const { page, circle, topics } = await open();
  await ana.ask("POST", `/circles/${circle}/topics`, { name: "later", holds: "int", value: 1 });
  await row(page, "later").waitFor();
  await choose(page, "motto", "motto");
  await ana.ask("DELETE", `/topics/${topics["motto"]}`);
  await page.getByText("This topic is gone").waitFor();
  await expect.poll(() => row(page, "motto").count()).toBe(0);
});

test("the timeline tells transactions with their author, and is filtered", async () => {
  const { page, topics } = await open();
  await bob.ask("POST", "/topics/changes", {
    changes: [
      { topic: topics["kettle/cups"], change: { add: { by: 1 } } },
      { topic: topics["board/todo"], change: { insert: { value: "jam" } } },
    ],
  });
  await change(ana, topics["motto"], { set: { value: "Off." } });
  const lines = timeline(page).getByRole("listitem");
  await expect.poll(() => lines.count()).toBe(2);
  const both = lines.filter({ hasText: "bob" });
  await both.getByText("+1").waitFor();
  await both.getByRole("button").first().click();
  await both.getByText('inserted "jam" at 3').waitFor();
  await both.getByText('"element": "~').waitFor();
  await timeline(page).getByLabel("Topics with").fill("todo");
  await expect.poll(() => lines.count()).toBe(1);
  await timeline(page).getByLabel("Topics with").fill("");
  await timeline(page).getByLabel("Of whom").selectOption({ label: "ana" });
  await expect.poll(() => lines.count()).toBe(1);
  await lines.getByText('set to "Off.", was "Kettle is on."').waitFor();
  await timeline(page).getByLabel("Of whom").selectOption({ label: "Everybody" });
  // Held, it does not move on; going on, nothing is missing.
  await timeline(page).getByRole("button", { name: "Hold" }).click();
  await change(bob, topics["flags/lights"], { set: { value: false } });
  await row(page, "lights").getByText("false").waitFor();
  expect(await lines.count()).toBe(2);
  await timeline(page).getByRole("button", { name: "Go on" }).click();
  await expect.poll(() => lines.count()).toBe(3);
});

test("each transaction says how long it took, and older ones are asked for", async () => {
  const made = await makeCircle(ana, [bob]);
  await bob.ask("POST", "/topics/changes", {
    changes: [
      { topic: made.topics["kettle/cups"], change: { add: { by: 2 } } },
      { topic: made.topics["board/todo"], change: { insert: { value: "jam" } } },
    ],
  });
  for (let by = 1; by <= 60; by += 1) await change(ana, made.topics["kettle/temperature"], { set: { value: by } });
  const page = await browser.open(server, `/inspector#${made.circle}`, ana, { width: 1600, height: 900 });
  await row(page, "temperature").getByText("60").waitFor();
  const lines = timeline(page).getByRole("listitem");
  await timeline(page).getByText("Nothing yet.").waitFor();
  await change(bob, made.topics["motto"], { set: { value: "Off." } });
  const live = lines.filter({ hasText: 'set to "Off."' });
  // From the server's decision until it was here: told, and no longer than the test waits for anything.
  await expect.poll(() => live.locator(".delay").textContent()).toMatch(/^\d+(\.\d+)? m?s$/);

  const older = timeline(page).getByRole("button", { name: "Older ones" });
  await older.click();
  await lines.filter({ hasText: "set to 60, was 59" }).waitFor();
  expect(await lines.filter({ hasText: "made it" }).count()).toBe(0);
  while ((await timeline(page).getByText("There is nothing before.").count()) === 0) {
    await older.click();
    await expect.poll(() => older.isEnabled()).toBe(true);
  }
  // Those of before are whole and in their order, below what was told live, and nobody measured them.
  const both = lines.filter({ hasText: "bob" }).nth(1);
  await both.getByText("+1").waitFor();
  expect(await both.locator(".delay").textContent()).toBe("–");
  await both.getByRole("button").first().click();
  await both.locator(".detail").getByText('inserted "jam" at 3').waitFor();
  await both.locator(".detail").getByText("added 2").waitFor();
  expect(await lines.first().textContent()).toContain('set to "Off."');
  expect(await lines.last().textContent()).toContain("made it");
  const temperatures = await lines.filter({ hasText: "kettle/temperature" }).count();
  expect(temperatures).toBe(61);
  await timeline(page).getByLabel("Topics with").fill("motto");
  await expect.poll(() => lines.count()).toBe(2);
  await timeline(page).getByRole("button", { name: "Clear" }).click();
  await expect.poll(() => lines.count()).toBe(0);
  await older.click();
  await expect.poll(() => lines.count()).toBe(2);
});

test("any event that is kept can be travelled to, and who did what is told", async () => {
  const { page, topics } = await open();
  for (const value of ["jam", "bread"]) await change(bob, topics["board/todo"], { insert: { value } });
  await choose(page, "todo", "board/todo");
  const past = page.getByRole("region", { name: "Past" });
  await past.getByText('inserted "bread" at 4').waitFor();
  await past.getByLabel("Number of the event").fill("2");
  await past.getByLabel("Number of the event").press("Enter");
  const then = past.getByLabel("Value after event 2");
  await then.waitFor();
  expect(await then.textContent()).toContain("jam");
  expect(await then.textContent()).not.toContain("bread");
  await past.getByRole("slider").focus();
  await page.keyboard.press("ArrowLeft");
  await past.getByLabel("Value after event 1").waitFor();
  await past.getByText("made it: list").first().waitFor();
  await past.getByRole("button", { name: "Now" }).click();
  await expect.poll(() => past.getByLabel(/Value after/).count()).toBe(0);
  await topic(page).getByRole("button", { name: "Who changed 3" }).click();
  await topic(page).getByRole("status").filter({ hasText: /bob, .*inserted "jam" at 3/ }).waitFor();
  await choose(page, "pointer", "pointer");
  await past.getByText("nothing of its past is written down").waitFor();
});

test("every kind is changed in its place, also by others at the same time", async () => {
  const { page, topics } = await open();
  const value = topic(page).getByRole("region", { name: "Value", exact: true });
  const set = async (label: string, text: string, button: string) => {
    await value.getByLabel(label, { exact: true }).fill(text);
    await value.getByRole("button", { name: button, exact: true }).click();
  };

  await choose(page, "lights", "flags/lights");
  await value.getByRole("switch").click();
  await row(page, "lights").getByText("false").waitFor();

  await choose(page, "temperature", "kettle/temperature");
  await set("New number", "20.5", "Set");
  await value.getByRole("button", { name: "Add 1" }).click();
  await row(page, "temperature").getByText("21.5").waitFor();

  await choose(page, "motto", "motto");
  await value.getByLabel("Value").fill("Kettle is off.");
  await change(bob, topics["motto"], { splice: { at: 0, delete: 0, insert: "The " } });
  await row(page, "motto").getByText('"The Kettle is off."').waitFor();

  await choose(page, "notes", "board/todo/notes");
  await value.getByLabel("Value").fill("Hello");
  await value.getByRole("button", { name: "Save" }).click();
  await row(page, "notes").getByText("1 update", { exact: true }).waitFor();
  await change(bob, topics["board/todo/notes"], { splice: { at: 5, delete: 0, insert: ", ana" } });
  await expect.poll(() => value.getByLabel("Value").inputValue()).toBe("Hello, ana");

  await choose(page, "done", "board/done");
  await set("New item", '{"a":1}', "Put in");
  await value.getByRole("button", { name: 'Remove "milk"' }).click();
  await row(page, "done").getByText('[{"a":1}]').waitFor();

  await choose(page, "todo", "board/todo");
  await set("New element", '"jam"', "Insert at the end");
  await value.getByRole("button", { name: "Move 3 up" }).click();
  await value.getByRole("button", { name: "Edit 0" }).click();
  await value.getByLabel("Value of 0").fill('"wine"');
  await page.keyboard.press("Enter");
  await value.getByRole("button", { name: "Remove 1" }).click();
  await row(page, "todo").last().getByText('["wine","jam","biscuits"]').waitFor();

  await choose(page, "people", "board/people");
  await value.getByLabel("New key").fill("cyd");
  await set("New value", "{}", "Put");
  await value.getByRole("button", { name: "Rename bob" }).click();
  await value.getByLabel("New key of bob").fill("dan");
  await page.keyboard.press("Enter");
  await value.getByRole("button", { name: "Remove ana" }).click();
  await row(page, "people").getByText('{"cyd":{},"dan":{"role":"guest"}}').waitFor();

  await choose(page, "meta", "board/meta");
  await value.getByLabel("Path", { exact: true }).fill('["rows", 0]');
  await value.getByLabel("Value at the path").fill("7");
  await value.getByRole("button", { name: "Put", exact: true }).click();
  await row(page, "meta").getByText("[7,2,3]").waitFor();
  await value.getByRole("button", { name: "Remove", exact: true }).click();
  await row(page, "meta").getByText("[2,3]").waitFor();
  await value.getByRole("button", { name: "Edit all of it" }).click();
  await value.getByLabel("The whole value as JSON").fill('{"a": 9007199254740993}');
  await value.getByRole("button", { name: "Set all of it" }).click();
  await row(page, "meta").getByText('{"a":9007199254740993}').waitFor();

  await choose(page, "doorbell", "doorbell");
  await set("Arguments", '{"door":"front"}', "Emit");
  await timeline(page).getByText('emitted {"door":"front"}').waitFor();
});

test("what is refused is taken back and said, and steps are taken back and done again", async () => {
  const { page, topics } = await open();
  await choose(page, "cups", "kettle/cups");
  const set = async (text: string) => {
    await topic(page).getByLabel("New whole number").fill(text);
    await topic(page).getByRole("button", { name: "Set", exact: true }).click();
  };
  await set("11");
  await refusal(page, "topic.invalid");
  await row(page, "cups").getByText("4").waitFor();
  await set('"four"');
  await refusal(page, "topic.wrong_kind");
  await set("no JSON");
  await topic(page).getByRole("alert").getByText("This is no JSON").waitFor();
  await set("5");
  await row(page, "cups").getByText("5").waitFor();
  await page.getByRole("button", { name: "Undo 1" }).click();
  await row(page, "cups").getByText("4").waitFor();
  await page.getByRole("button", { name: "Redo 1" }).click();
  await row(page, "cups").getByText("5").waitFor();
  await page.getByRole("button", { name: "Redo 0" }).waitFor();
  // What somebody else wrote over stays, and what is before it can be reached.
  await change(bob, topics["kettle/cups"], { set: { value: 7 } });
  await row(page, "cups").getByText("7").waitFor();
  await page.getByRole("button", { name: "Undo 1" }).click();
  await refusal(page, "topic.overwritten");
  await page.getByRole("button", { name: "Forget the step" }).click();
  await page.getByRole("button", { name: "Undo 0" }).waitFor();
  await page.getByRole("button", { name: "Forget the step" }).waitFor({ state: "detached" });
});

test("topics are made with rules and with who may, changed and removed", async () => {
  const { page, circle } = await open();
  await page.getByRole("button", { name: "New topic" }).click();
  const form = page.getByRole("form", { name: "New topic" });
  await form.getByLabel(/^Name/).fill("made/here");
  await form.getByLabel("Kind").selectOption("int");
  await form.getByLabel(/^First value/).fill("3");
  await form.getByLabel("Most changes a second").fill("50");
  await form.getByLabel(/member may not write/i).check();
  await form.getByRole("button", { name: "Make it" }).click();
  await topic(page).getByRole("heading", { name: "made/here" }).waitFor();
  await topic(page).getByText("narrowed").waitFor();
  type Listed = { topics: { id: string; rules: object }[] };
  const listed = await bob.ask<Listed>("GET", `/circles/${circle}/topics?begin=made`);
  expect(listed.topics[0]?.rules).toEqual({ changes_per_second: 50 });
  const id = listed.topics[0]?.id;
  await expect(change(bob, id, { add: { by: 1 } })).rejects.toThrow("permission.denied");

  await topic(page).getByRole("button", { name: "Rules …" }).click();
  const rules = page.getByRole("form", { name: "Change the topic" });
  await rules.getByLabel(/^Name/).fill("made/there");
  await rules.getByLabel(/member may not write/i).uncheck();
  await rules.getByLabel("No part of undo and redo").check();
  await rules.getByRole("button", { name: "Save" }).click();
  await topic(page).getByRole("heading", { name: "made/there" }).waitFor();
  await topic(page).getByText("no_undo").first().waitFor();
  await change(bob, id, { add: { by: 1 } });
  await row(page, "there").getByText("4").waitFor();

  await topic(page).getByRole("button", { name: "Remove …" }).click();
  await topic(page).getByRole("button", { name: "Remove it and what it holds" }).click();
  await expect.poll(() => row(page, "there").count()).toBe(0);
});

test("a guard and how much history is kept are chosen in the form", async () => {
  const { page, circle } = await open();
  await page.getByRole("button", { name: "New topic" }).click();
  const form = page.getByRole("form", { name: "New topic" });
  await form.getByLabel(/^Name/).fill("stock");
  await form.getByLabel("Kind").selectOption("int");
  await form.getByLabel(/^Guard/).fill("rules/stock");
  await form.getByLabel("History that is kept").selectOption({ label: "The last events" });
  await form.getByRole("button", { name: "Make it" }).click();
  await form.getByRole("alert").getByText("How many of the last events are kept?").waitFor();
  await form.getByLabel("How many of the last").fill("40");
  await form.getByRole("button", { name: "Make it" }).click();
  await topic(page).getByRole("heading", { name: "stock" }).waitFor();
  const rules = async () => {
    const { topics } = await bob.ask<{ topics: { id: string; rules?: object }[] }>("GET", `/circles/${circle}/topics?begin=stock`);
    return topics[0]?.rules;
  };
  expect(await rules()).toEqual({ guard: "rules/stock", history: { last: 40 } });
  await topic(page).getByText("guard rules/stock").waitFor();
  await topic(page).getByText("history last 40").waitFor();

  await topic(page).getByRole("button", { name: "Rules …" }).click();
  const again = page.getByRole("form", { name: "Change the topic" });
  expect(await again.getByLabel("How many of the last").inputValue()).toBe("40");
  await again.getByLabel(/^Guard/).fill("");
  await again.getByLabel("History that is kept").selectOption({ label: "What is needed to go on" });
  await again.getByRole("button", { name: "Save" }).click();
  await topic(page).getByText("history none").waitFor();
  expect(await rules()).toEqual({ history: "none" });
});

test("JSON that Yjs merges is made, shown, changed in its parts and looked at as it was", async () => {
  const { page, circle } = await open();
  await page.getByRole("button", { name: "New topic" }).click();
  const form = page.getByRole("form", { name: "New topic" });
  await form.getByLabel(/^Name/).fill("shared");
  await form.getByLabel("Kind").selectOption("json");
  await form.getByLabel(/^First value/).fill('{"rows":[1]}');
  await form.getByLabel(/^Merged by Yjs/).check();
  await form.getByRole("button", { name: "Make it" }).click();
  const value = topic(page).getByLabel("Value", { exact: true });
  await value.getByText('"rows"').waitFor();
  const { topics } = await bob.ask<{ topics: { id: string }[] }>("GET", `/circles/${circle}/topics?begin=shared`);
  const id = topics[0]?.id;
  await change(bob, id, { put: { path: ["by"], value: "bob" } });
  await value.getByText('"by": "bob"').waitFor();
  await topic(page).getByLabel("Path", { exact: true }).fill('["rows", 1]');
  await topic(page).getByLabel("Value at the path").fill('{"a":2}');
  await topic(page).getByRole("button", { name: "Put", exact: true }).click();
  await value.getByText('"a": 2').waitFor();
  type Told = { json: object };
  expect((await bob.ask<Told>("GET", `/topics/${id}`)).json).toEqual({ by: "bob", rows: [1, { a: 2 }] });
  await topic(page).getByLabel("Path", { exact: true }).fill('["nothing", "here"]');
  await topic(page).getByRole("button", { name: "Remove", exact: true }).click();
  await refusal(page, "topic.path_not_found");
  await topic(page).getByLabel("Number of the event").fill("1");
  await topic(page).getByLabel("Number of the event").press("Enter");
  const then = topic(page).getByLabel("Value after event 1");
  await then.getByText('"rows"').waitFor();
  expect(await then.textContent()).not.toContain("bob");
});

test("how much a topic is followed and written to is plotted", async () => {
  const { page, topics } = await open();
  const other = await browser.open(server, page.url().slice(server.url.length), bob, { width: 1600 });
  await row(other, "lights").getByText("true").waitFor();
  await choose(page, "cups", "kettle/cups");
  await topic(page).getByText(/^2\s+connections follow it$/).waitFor();
  await change(bob, topics["kettle/cups"], { add: { by: 1 } });
  await topic(page).locator("figcaption", { hasText: /^0\.[1-9] events a second$/ }).waitFor();
  await row(page, "cups").getByRole("img", { name: /events a second/ }).waitFor();
  // The line goes up where something happened.
  const points = (label: string) => topic(page).getByRole("img", { name: label }).locator("polyline").getAttribute("points");
  const heights = async (label: string) => ((await points(label)) ?? "").split(" ").map((point) => Number(point.split(",")[1]));
  await expect.poll(async () => new Set(await heights("Events a second in the last two minutes")).size).toBeGreaterThan(1);
  await expect.poll(async () => (await heights("Followers in the last two minutes")).length).toBeGreaterThan(2);
  // A member who does not manage feeds is told why there is nothing.
  await choose(other, "cups", "kettle/cups");
  await topic(other).getByText(/Not told:.*manage_feeds/).waitFor();
});

test("how much streams and the circle are followed and written to is plotted", async () => {
  const { page, circle } = await open();
  const { streams } = await bob.ask<{ streams: { stream: { id: string; name: string } }[] }>("GET", `/circles/${circle}`);
  const { id, name } = streams[0]?.stream ?? { id: "", name: "" };
  await page.getByRole("tab", { name: "Feeds" }).click();
  const feeds = page.getByRole("region", { name: "Feeds" });
  const line = (name: string) => feeds.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
  // The page itself follows the circle, and no stream.
  await line("Tea").getByRole("cell", { name: "1", exact: true }).waitFor();
  await line(`#${name}`).getByRole("cell", { name: "0", exact: true }).waitFor();
  const heights = async () => {
    const points = await line(`#${name}`).getByRole("img", { name: /^Events a second/ }).locator("polyline").getAttribute("points");
    return (points ?? "").split(" ").map((point) => Number(point.split(",")[1]));
  };
  await expect.poll(async () => (await heights()).length).toBeGreaterThan(1);
  expect(new Set(await heights()).size).toBe(1);
  await bob.ask("PUT", `/streams/${id}/messages/said-1`, { text: "The kettle is on." });
  await expect.poll(async () => new Set(await heights()).size).toBeGreaterThan(1);
  // Somebody who reads there is counted, and a stream that is made is there.
  const reader = await client(bob);
  await reader.stream(id as `s_${string}`);
  await line(`#${name}`).getByRole("cell", { name: "1", exact: true }).waitFor();
  reader.close();
  await ana.ask("POST", `/circles/${circle}/streams`, { name: "ops" });
  await line("#ops").waitFor();
  const other = await browser.open(server, page.url().slice(server.url.length), bob, { width: 1600 });
  await other.getByRole("tab", { name: "Feeds" }).click();
  await other.getByText(/Not told:.*manage_feeds/).waitFor();
});
