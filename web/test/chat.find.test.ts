// Looking for messages: by words and filters, everywhere and here, and going to what was found.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { expectAccessible, expectFits } from "./browser.js";
import { chat, composer, message, post, streamOf, type Tea, teaOf } from "./chat.js";
import type { Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage();

let ana: Person;
let bob: Person;
let tea: Tea;
let ops: string;

beforeAll(async () => {
  [ana, bob] = [await server.person("ana"), await server.person("bob")];
  tea = await teaOf(ana, [bob]);
  ops = await streamOf(ana, tea, "Big operations");
  await post(ana, tea.stream, "green tea from Kyōto");
  await post(bob, tea.stream, "I like green tea and https://tea.example");
  const root = await post(bob, ops, "the kettle is broken");
  await post(ana, ops, "a green one is on its way", { thread: root });
  for (let n = 1; n <= 45; n += 1) await post(ana, ops, `report number ${n}`);
});

const panel = (page: Page) => page.getByRole("complementary", { name: "Search" });
const field = (page: Page) => panel(page).getByRole("combobox", { name: "Search" });
const hits = (page: Page) => panel(page).getByRole("list").getByRole("link");

test.each(["light", "dark"] as const)("words are found with what stands around them, and lead to their message (%s)", async (theme) => {
  const page = await chat(browser, server, ana, `/s/${ops}`, { theme });
  await message(page, "report number 45").waitFor();
  await page.getByRole("heading", { name: "Big operations", exact: true }).click();
  await page.keyboard.press("/");
  await expect.poll(() => field(page).evaluate((one) => one === document.activeElement)).toBe(true);
  await panel(page).getByText("Narrow it down").waitFor();
  await expectAccessible(page);
  await page.keyboard.type("green");
  await expect.poll(() => hits(page).count()).toBe(3);
  expect(await hits(page).first().locator("mark").first().textContent()).toBe("green");
  await expectAccessible(page);
  await expectFits(page);
  await panel(page).getByText("Newest first").click();
  await expect.poll(() => hits(page).first().innerText()).toContain("a green one is on its way");
  await panel(page).getByRole("checkbox", { name: "Only in Big operations" }).check();
  await expect.poll(() => hits(page).count()).toBe(1);
  await panel(page).getByText("in a thread").waitFor();
  await panel(page).getByRole("checkbox", { name: "Only in Big operations" }).uncheck();
  await expect.poll(() => hits(page).count()).toBe(3);
  await hits(page).filter({ hasText: "Kyōto" }).click();
  await page.getByRole("heading", { name: "general", exact: true }).waitFor();
  await message(page, "green tea from Kyōto").waitFor();
  // What led somewhere is offered again.
  await panel(page).getByRole("button", { name: "Clear the search" }).click();
  await panel(page).getByRole("button", { name: "green", exact: true }).click();
  await expect.poll(() => hits(page).count()).toBe(3);
  await field(page).press("Escape");
  await panel(page).waitFor({ state: "detached" });
});

test("filters and what they take are completed by the keyboard alone", async () => {
  const page = await chat(browser, server, ana, `/s/${tea.stream}`);
  await composer(page).press("Control+Shift+F");
  await expect.poll(() => panel(page).getByRole("checkbox", { name: "Only in general" }).isChecked()).toBe(true);
  await panel(page).getByRole("checkbox", { name: "Only in general" }).uncheck();
  await field(page).pressSequentially("fr");
  await panel(page).getByRole("option", { name: /^from:/ }).waitFor();
  await field(page).press("Tab");
  await panel(page).getByRole("option", { name: /Yourself/ }).waitFor();
  await field(page).pressSequentially("bo");
  await panel(page).getByRole("option", { name: /bob/ }).waitFor();
  await expectAccessible(page);
  await field(page).press("Enter");
  await expect.poll(() => field(page).inputValue()).toBe("from:bob ");
  await expect.poll(() => hits(page).count()).toBe(2);
  await field(page).pressSequentially("in:big");
  await panel(page).getByRole("option", { name: /Big operations/ }).waitFor();
  await field(page).press("Enter");
  await expect.poll(() => field(page).inputValue()).toBe('from:bob in:"Big operations" ');
  await expect.poll(() => hits(page).count()).toBe(1);
  await field(page).press("ArrowDown");
  await expect.poll(() => hits(page).first().evaluate((one) => one === document.activeElement)).toBe(true);
  await page.keyboard.press("Enter");
  await message(page, "the kettle is broken").waitFor();
  await field(page).fill("has:link");
  await expect.poll(() => hits(page).count()).toBe(1);
});

test("what cannot be asked is said where one asks, and what is not there as well", async () => {
  const page = await chat(browser, server, ana, `/s/${tea.stream}`);
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await field(page).fill("error:disk");
  await panel(page).getByText("There is no such filter.").waitFor();
  await expectAccessible(page);
  await field(page).fill("before:sometime");
  await panel(page).getByText("A filter cannot be read.").waitFor();
  await field(page).fill("from:nobody-here");
  await panel(page).getByText("There is nobody of this name.").waitFor();
  await field(page).fill("coffee");
  await panel(page).getByText("Nothing was found.").waitFor();
  await field(page).fill("");
  await panel(page).getByText("Narrow it down").waitFor();
});

test("more is found as one scrolls, from the quick switcher and on a phone", async () => {
  const page = await chat(browser, server, ana, `/s/${tea.stream}`, { width: 360, height: 700 });
  await message(page, "green tea from Kyōto").waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Go to" }).fill("report");
  await page.getByRole("option", { name: "Search messages for “report”" }).click();
  await expect.poll(() => hits(page).count()).toBeGreaterThanOrEqual(20);
  await expectAccessible(page);
  await expectFits(page);
  for (let last = -1; ; ) {
    const now = await hits(page).count();
    if (now >= 45 || now === last) break;
    last = now;
    await hits(page).last().scrollIntoViewIfNeeded();
    await expect.poll(() => hits(page).count()).toBeGreaterThan(now);
  }
  expect(await hits(page).count()).toBe(45);
  await hits(page).filter({ hasText: "report number 7" }).first().click();
  await page.getByRole("heading", { name: "Big operations", exact: true }).waitFor();
  await message(page, "report number 7").waitFor();
});

test("the quick switcher offers everybody of one's circles, also whoever said nothing yet", async () => {
  const quiet = await server.person("quiet");
  await quiet.ask("POST", `/circles/${tea.circle}/join`, {});
  const page = await chat(browser, server, ana, `/s/${tea.stream}`);
  await message(page, "green tea from Kyōto").waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Go to" }).fill("quiet");
  await page.getByRole("option", { name: /@quiet/ }).click();
  await page.getByRole("heading", { name: "quiet", exact: true, level: 1 }).waitFor();
  await page.close();
});

test("it speaks German, from right to left as well", async () => {
  const page = await browser.page();
  await page.addInitScript(() => localStorage.setItem("kith.language", "de"));
  await page.goto(`${server.url}/s/${tea.stream}`);
  await page.getByLabel("Benutzername").fill("bob");
  await page.getByLabel("Passwort").fill("correct horse battery");
  await page.getByRole("button", { name: "Anmelden" }).click();
  await message(page, "green tea from Kyōto").waitFor();
  await page.getByRole("button", { name: "Suche", exact: true }).click();
  await page.evaluate(() => (document.documentElement.dir = "rtl"));
  await page.getByRole("combobox", { name: "Suche" }).fill("green");
  await expect.poll(() => page.getByRole("complementary", { name: "Suche" }).getByRole("link").count()).toBe(3);
  await expectAccessible(page);
  await expectFits(page);
});
