// Where one writes: formats, by the mouse, by keys and by touch; and what is offered to whoever begins to talk.

import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import { expectAccessible, expectFits, signIn } from "./browser.js";
import { chat, composer, forgive, message, post, say, streamOf, type World, worldOf } from "./chat.js";
import { hold, type Held } from "./network.js";
import { BUSY, Server, type Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage();

const PHONE = { width: 390, height: 780, touch: true } as const;

const row = (page: Page) => page.getByRole("toolbar", { name: "Formatting" });
const opener = (page: Page) => page.getByRole("button", { name: "Formatting" });
const written = (page: Page, text: string) => expect.poll(() => composer(page).inputValue()).toBe(text);
const isWriting = (page: Page) => composer(page).evaluate((area) => area === document.activeElement);

test("a row of formats is opened and closed, stays as it was, and gives what is marked a format", async () => {
  const { ana, bob, stream } = await worldOf(server);
  const seq = await post(bob, stream, "a thread");
  const page = await chat(browser, server, ana, `/s/${stream}`);
  await composer(page).fill("one two");
  // Keys work without it.
  await composer(page).press("Control+A");
  for (const [key, becomes] of [["b", "**one two**"], ["i", "***one two***"], ["e", "***`one two`***"]] as const) {
    await page.keyboard.press(`Control+${key}`);
    await written(page, becomes);
  }
  for (const before of ["***one two***", "**one two**", "one two"]) {
    await page.keyboard.press("Control+z");
    await written(page, before);
  }
  expect(await row(page).count()).toBe(0);
  await opener(page).click();
  await row(page).waitFor();
  await expectInPlace(page);
  await page.keyboard.press("End");
  await page.keyboard.press("Shift+Control+ArrowLeft");
  await row(page).getByRole("button", { name: "Bold" }).click();
  await written(page, "one **two**");
  expect(await isWriting(page)).toBe(true);
  // It is one stop before where one writes, and arrows go along it.
  await page.keyboard.press("Shift+Tab");
  for (const name of ["Bold", "Italic", "Strikethrough"]) {
    expect(await row(page).getByRole("button", { name }).evaluate((one) => one === document.activeElement), name).toBe(true);
    if (name !== "Strikethrough") await page.keyboard.press("ArrowRight");
  }
  await page.keyboard.press("Enter");
  await written(page, "one **~~two~~**");
  expect(await isWriting(page)).toBe(true);
  await expectAccessible(page);
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await page.getByRole("deletion").getByText("two").waitFor();
  await expectAccessible(page);
  await page.keyboard.press("Enter");
  await written(page, "one **~~two~~**");
  expect(await isWriting(page)).toBe(true);

  await page.goto(`${server.url}/s/${stream}/${seq}/thread`);
  const thread = page.getByRole("region", { name: "Thread", exact: true });
  await thread.getByRole("toolbar", { name: "Formatting" }).waitFor();
  await thread.getByRole("button", { name: "Formatting" }).click();
  await expect.poll(() => row(page).count()).toBe(0);
  await page.reload();
  await thread.getByRole("button", { name: "Formatting" }).waitFor();
  expect(await row(page).count()).toBe(0);
  await page.close();
});

test("on a phone a format is given by a touch, and one goes on writing", async () => {
  const { ana, stream } = await worldOf(server);
  const page = await chat(browser, server, ana, `/s/${stream}`, { ...PHONE, theme: "dark" });
  await composer(page).tap();
  await page.keyboard.type("tea");
  await composer(page).evaluate((area) => (area as HTMLTextAreaElement).select());
  await opener(page).tap();
  await row(page).getByRole("button", { name: "Italic" }).tap();
  await written(page, "*tea*");
  expect(await isWriting(page)).toBe(true);
  await row(page).getByRole("button", { name: "List" }).tap();
  await written(page, "- *tea*");
  await expectInPlace(page);
  await expectFits(page);
  await expectAccessible(page);
  // The last of them is reached where there is no room for all.
  await row(page).getByRole("button", { name: "Preview" }).tap();
  await page.getByRole("emphasis").getByText("tea").waitFor();
  await row(page).getByRole("button", { name: "Write", exact: true }).tap();
  await written(page, "- *tea*");
  await page.close();
});

test("on a phone streams, emoji and roles are completed by a touch, however little room a keyboard leaves", async () => {
  const tea = await worldOf(server);
  const ops = await streamOf(tea.ana, tea, "ops");
  await tea.ana.ask("POST", `/circles/${tea.circle}/roles`, { name: "cooks", rank: 5, allow: [] });
  const page = await chat(browser, server, tea.ana, `/s/${tea.stream}`, PHONE);
  const list = page.getByRole("listbox", { name: "Suggestions" });
  const option = (name: string) => list.getByRole("option", { name }).first();
  await composer(page).tap();
  for (const [typed, offered, becomes] of [["See #op", "#ops", "See #ops "], ["with @coo", "cooks", "See #ops with @cooks "], ["and :teap", ":teapot:", "See #ops with @cooks and 🫖 "]] as const) {
    await page.keyboard.type(typed);
    await option(offered).waitFor();
    await expectAccessible(page);
    await option(offered).tap();
    await written(page, becomes);
    expect(await isWriting(page)).toBe(true);
    expect(await list.count()).toBe(0);
  }
  await page.setViewportSize({ width: 390, height: 330 });
  await page.keyboard.type(":sho");
  await option(":").waitFor();
  const [box, last] = [list, list.getByRole("option").last()];
  const within = async () => {
    const [outer, inner] = [await box.boundingBox(), await last.boundingBox()];
    return outer !== null && inner !== null && outer.y >= 0 && inner.y >= outer.y && inner.y + inner.height <= outer.y + outer.height + 1;
  };
  await page.keyboard.press("ArrowUp");
  await expect.poll(within).toBe(true);
  expect(await last.getAttribute("aria-selected")).toBe("true");
  await expectFits(page);
  await page.keyboard.press("Escape");
  expect(await list.count()).toBe(0);
  await page.setViewportSize(PHONE);
  await page.getByRole("button", { name: "Send" }).tap();
  const said = page.getByRole("article").filter({ hasText: "and 🫖 :sho" });
  await said.locator("time").waitFor();
  await said.getByRole("link", { name: /ops$/ }).tap();
  await expect.poll(() => page.evaluate(() => location.pathname)).toBe(`/s/${ops}`);
  await page.close();
});

test("emoji of a few letters are offered and taken by keys, and whoever may not mean everybody is offered no roles", async () => {
  const tea = await worldOf(server);
  await tea.ana.ask("POST", `/circles/${tea.circle}/roles`, { name: "cooks", rank: 5, allow: [] });
  await tea.ana.ask("POST", `/circles/${tea.circle}/roles`, { name: tea.ana.name.slice(0, 2), rank: 6, allow: [] });
  const page = await chat(browser, server, tea.bob, `/s/${tea.stream}`);
  const options = page.getByRole("listbox", { name: "Suggestions" }).getByRole("option");
  await composer(page).pressSequentially(":sho");
  await options.first().waitFor();
  const offered = await options.allTextContents();
  // By the names that begin so, though some have others that are more usual.
  expect(offered.slice(0, 5).filter((one) => !/:sho\w+:/.test(one)), offered.join()).toEqual([]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  await written(page, `${/^\s*(\P{ASCII}+)/u.exec(offered[1] ?? "")?.[1]?.trim()} `);
  await composer(page).fill("");
  // Ana and nobody else, though a role is called alike.
  await composer(page).pressSequentially(`@${tea.ana.name.slice(0, 2)}`);
  await expect.poll(() => options.allTextContents()).toEqual([expect.stringContaining(`@${tea.ana.name}`)]);
  await page.keyboard.press("Enter");
  await written(page, `@${tea.ana.name} `);
  await page.keyboard.type("@coo");
  await expect.poll(() => options.count()).toBe(0);
  await page.close();
});
/** Bob's page, which is told what anybody is called once `names` is let go. */
async function unnamed(): Promise<{ tea: World; page: Page; names: Held }> {
  const tea = await worldOf(server);
  const page = await browser.page();
  const names = await hold(page, '"get":{"users"');
  await page.goto(`${server.url}/s/${tea.stream}`);
  await signIn(page, tea.bob.name);
  return { tea, page, names };
}

test("whoever is named before their name is known is offered once it is", async () => {
  const { tea, page, names } = await unnamed();
  const options = page.getByRole("listbox", { name: "Suggestions" }).getByRole("option");
  await composer(page).pressSequentially(`Ask @${tea.ana.name}`);
  await expect.poll(names.count).toBeGreaterThan(0);
  expect(await options.count()).toBe(0);
  names.letGo();
  await expect.poll(() => options.allTextContents()).toEqual([expect.stringContaining(`@${tea.ana.name}`)]);
  await page.keyboard.press("Enter");
  await written(page, `Ask @${tea.ana.name} `);
  await page.close();
});

test("whoever is looked for before their name is known is offered once it is", async () => {
  const { tea, page, names } = await unnamed();
  await composer(page).press("Control+Shift+F");
  const find = page.getByRole("complementary", { name: "Search" });
  await find.getByRole("combobox").pressSequentially("from:an");
  await expect.poll(names.count).toBeGreaterThan(0);
  const option = find.getByRole("option", { name: new RegExp(tea.ana.name) });
  expect(await option.count()).toBe(0);
  names.letGo();
  await option.click();
  await expect.poll(() => find.getByRole("combobox").inputValue()).toBe(`from:${tea.ana.name} `);
  await page.close();
});

/** The row is above the whole of the field, which is beside its buttons. */
async function expectInPlace(page: Page): Promise<void> {
  const [above, field, send] = [await row(page).boundingBox(), await composer(page).boundingBox(), await page.getByRole("button", { name: "Send" }).boundingBox()];
  if (above === null || field === null || send === null) throw new Error("it is not there");
  expect(above.y + above.height).toBeLessThanOrEqual(field.y + 2);
  expect(above.width).toBeGreaterThan(field.width);
  expect(field.width).toBeGreaterThan(150);
  expect(field.height).toBeLessThan(80);
  expect(send.x).toBeGreaterThanOrEqual(field.x + field.width - 1);
  expect(send.x + send.width).toBeLessThanOrEqual(page.viewportSize()?.width ?? 0);
}

/** The chat of somebody whose browser was not asked yet, and answers so when it is. */
async function unasked(person: Person, stream: string, answer: "granted" | "denied", at = server): Promise<Page> {
  const page = await browser.page({ offers: true });
  await page.addInitScript((answer) => {
    class Asked {
      static permission = "default";
      static requestPermission = () => {
        // Browsers ask only for whoever pressed something.
        if (navigator.userActivation.isActive) Asked.permission = answer;
        return Promise.resolve(Asked.permission);
      };
    }
    Object.assign(globalThis, { Notification: Asked });
  }, answer);
  await page.goto(`${at.url}/s/${stream}`);
  await signIn(page, person.name);
  await composer(page).waitFor();
  return page;
}

const offer = (page: Page) => page.getByRole("region", { name: "Allow notifications" });

test("notifications are offered to whoever says something first, until that was answered", async () => {
  const { ana, bob, stream } = await worldOf(server);
  const page = await unasked(ana, stream, "granted");
  await post(bob, stream, "not for ana alone");
  await message(page, "not for ana alone").waitFor();
  expect(await offer(page).count()).toBe(0);
  await say(page, "hello");
  await offer(page).waitFor();
  await expectAccessible(page);
  // Whoever does not answer is asked another time.
  await page.reload();
  await composer(page).waitFor();
  expect(await offer(page).count()).toBe(0);
  await say(page, "again");
  await offer(page).getByRole("button", { name: "No, thanks" }).click();
  await offer(page).waitFor({ state: "detached" });
  for (const text of ["without a word of it", "and after it was opened again"]) {
    await say(page, text);
    await message(page, text).waitFor();
    await post(bob, stream, `Look, @${ana.name}: ${text}`);
    await page.getByRole("article").filter({ hasText: `: ${text}` }).waitFor();
    expect(await offer(page).count()).toBe(0);
    await page.reload();
    await message(page, text).waitFor();
  }
  await page.close();
});

test("without a connection nothing is offered, and with it again notifications are", async () => {
  const own = await Server.start(BUSY);
  onTestFinished(() => own.end());
  const { ana, stream } = await worldOf(own);
  const page = await unasked(ana, stream, "granted", own);
  await own.kill();
  await page.getByText("No connection.").waitFor();
  await say(page, "into nothing");
  await page.getByText("Waits for a connection").waitFor();
  expect(await offer(page).count()).toBe(0);
  await own.again();
  await message(page, "into nothing").waitFor({ timeout: 40_000 });
  await say(page, "hello");
  await offer(page).waitFor();
  forgive(browser);
  await page.close();
});

test.each([["granted", "Notifications are on."], ["denied", "This browser does not allow Kith to notify you."]] as const)("whoever is meant is offered notifications, and told what came of it: %s", async (answer, told) => {
  const { ana, bob, stream } = await worldOf(server);
  const page = await unasked(ana, stream, answer);
  await post(bob, stream, `Tea, @${ana.name}?`);
  await offer(page).getByRole("button", { name: "Allow notifications" }).click();
  await page.getByText(told).waitFor();
  expect(await offer(page).count()).toBe(0);
  await page.close();
});
