// Favourites, and the order of circles, streams and sections: by dragging, by keys and by menus.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { expectAccessible, expectFits, signIn } from "./browser.js";
import { chat, composer, fromMenu, fromPlace, place, post, streamOf, teaOf, worldOf } from "./chat.js";
import { hold } from "./network.js";
import type { Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage();

let ana: Person;
let bob: Person;

beforeAll(async () => {
  [ana, bob] = [await server.person("ana"), await server.person("bob")];
});

/** What the list of streams says, from top to bottom: names of sections and of streams. */
const listed = (page: Page) => page.getByRole("navigation").locator(".streams").locator("h4, [data-place] a").allInnerTexts().then((all) => all.map((one) => one.trim()).join(" "));
const item = (page: Page, name: string) => page.getByRole("navigation").locator("[data-place]").filter({ has: page.getByRole("link", { name, exact: true }) });

test.each(["light", "dark"] as const)("streams are put into an order and sections, for everybody at once (%s)", async (theme) => {
  const { circle, stream } = await teaOf(ana, [bob], `Order ${theme}`);
  for (const name of ["one", "two", "three"]) await streamOf(ana, { circle }, name);
  const [page, other] = [await chat(browser, server, ana, `/s/${stream}`, { theme }), await chat(browser, server, bob, `/s/${stream}`)];
  await expect.poll(() => listed(page)).toBe("general one two three");
  // By the keyboard: the focus goes with it.
  await place(page, "three").focus();
  await page.keyboard.press("Control+Shift+ArrowUp");
  await expect.poll(() => listed(other)).toBe("general one three two");
  await expect.poll(() => place(page, "three").evaluate((one) => one === document.activeElement)).toBe(true);
  await page.keyboard.press("Control+Shift+ArrowUp");
  await expect.poll(() => listed(other)).toBe("general three one two");
  // By the menu into a section that is not there yet.
  await fromPlace(page, "two", "Move to a section …");
  await page.getByLabel("Name of the section").fill("Work");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Save" }).click();
  await expect.poll(() => listed(other)).toBe("general three one Work two");
  // By dragging: beside another, and onto a section.
  await item(page, "one").dragTo(item(page, "general"), { targetPosition: { x: 40, y: 3 } });
  await expect.poll(() => listed(other)).toBe("one general three Work two");
  await item(page, "three").dragTo(page.getByRole("heading", { name: "Work", exact: true }));
  await expect.poll(() => listed(other)).toBe("one general Work two three");
  await expectAccessible(page);
  await expectFits(page);
  // Sections have names and an order as well.
  await fromPlace(page, "one", "Move to a section …");
  await page.getByRole("dialog").getByRole("textbox").fill("Fun");
  await page.keyboard.press("Enter");
  await expect.poll(() => listed(other)).toBe("general Work two three Fun one");
  await fromMenu(page, "Menu of the section Fun", "Move up");
  await expect.poll(() => listed(other)).toBe("general Fun one Work two three");
  await fromMenu(page, "Menu of the section Fun", "Rename the section");
  await page.getByLabel("Name of the section").fill("Play");
  await page.keyboard.press("Enter");
  await expect.poll(() => listed(other)).toBe("general Play one Work two three");
  // Who may not is offered nothing of it.
  await place(other, "general").click({ button: "right" });
  await other.getByRole("menuitem", { name: "Mark as read" }).waitFor();
  expect(await other.getByRole("menuitem", { name: /^Move/ }).count()).toBe(0);
  await other.keyboard.press("Escape");
});

test("what is changed between what the page is told and what it follows is shown", async () => {
  const { circle, stream } = await teaOf(ana, [bob], "Between");
  const ids = [stream];
  for (const name of ["one", "two"]) ids.push(await streamOf(ana, { circle }, name));
  const page = await browser.page();
  const followed = await hold(page, "subscribe");
  await page.goto(`${server.url}/s/${stream}`);
  await signIn(page, bob.name);
  await expect.poll(() => listed(page)).toBe("general one two");
  await expect.poll(followed.count).toBeGreaterThan(0);
  ids.push(await streamOf(ana, { circle }, "three"));
  await ana.ask("PUT", `/circles/${circle}/streams`, { sections: [{ streams: ids.toReversed() }] });
  followed.letGo();
  await expect.poll(() => listed(page)).toBe("three two one general");
  await page.close();
});

test("favourites are at hand wherever one is, in an order of one's own, on every device", async () => {
  const cyd = await server.person("cyd");
  const [tea, ops] = [await teaOf(ana, [cyd], "Tea"), await teaOf(ana, [cyd], "Ops")];
  await cyd.ask("POST", "/directs", { user: ana.id }).catch(() => {});
  const kettle = await streamOf(ana, tea, "kettle");
  const [page, other] = [await chat(browser, server, cyd, `/s/${kettle}`), await chat(browser, server, cyd, `/s/${ops.stream}`, { theme: "dark" })];
  const favourites = (where: Page) => where.getByRole("list", { name: "Favourites" }).getByRole("link");
  await fromMenu(page, "Menu of kettle", "Add to favourites");
  // In another circle it says where it is.
  await expect.poll(() => favourites(other).allInnerTexts()).toEqual([expect.stringMatching(/kettle\s+Tea/)]);
  await fromPlace(other, "general", "Add to favourites");
  await expect.poll(() => favourites(page).count()).toBe(2);
  await expectAccessible(page);
  await expectAccessible(other);
  await favourites(page).last().focus();
  await page.keyboard.press("Control+Shift+ArrowUp");
  await expect.poll(async () => (await favourites(other).allInnerTexts())[0]).toMatch(/^general/);
  await page.getByRole("link", { name: "Conversations" }).click();
  await favourites(page).filter({ hasText: "kettle" }).click();
  await page.getByRole("heading", { name: "kettle", exact: true }).waitFor();
  await fromPlace(page, "kettle", "Remove from favourites");
  await expect.poll(() => favourites(other).count()).toBe(1);
  await page.reload();
  await composer(page).waitFor();
  await expect.poll(() => favourites(page).count()).toBe(1);
});

test("circles are in an order of one's own", async () => {
  const dia = await server.person("dia");
  const { stream } = await teaOf(dia, [], "Aa");
  for (const name of ["Bb", "Cc"]) await teaOf(dia, [], name);
  const [page, other] = [await chat(browser, server, dia, `/s/${stream}`), await chat(browser, server, dia, `/s/${stream}`)];
  const circles = (where: Page) => where.getByRole("navigation").locator(".rail [data-place]").allInnerTexts().then((all) => all.map((one) => one.slice(-2)).join(" "));
  await expect.poll(() => circles(page)).toBe("Aa Bb Cc");
  await item(page, "Cc").dragTo(item(page, "Aa"), { targetPosition: { x: 10, y: 3 } });
  await expect.poll(() => circles(other)).toBe("Cc Aa Bb");
  await place(page, "Cc").focus();
  await page.keyboard.press("Control+Shift+ArrowDown");
  await expect.poll(() => circles(other)).toBe("Aa Cc Bb");
  await fromPlace(page, "Bb", "Move up");
  await expect.poll(() => circles(other)).toBe("Aa Bb Cc");
  await place(page, "Aa").click({ button: "right" });
  await expectAccessible(page);
});

test.each(["light", "dark"] as const)("what is archived is folded away at the end of the list, and is taken out of the archive there (%s)", async (theme) => {
  const { circle, stream } = await teaOf(ana, [bob], `Past ${theme}`);
  const attic = await streamOf(ana, { circle }, "attic");
  await streamOf(ana, { circle }, "cellar");
  const page = await chat(browser, server, ana, `/s/${stream}`, { theme });
  await expect.poll(() => listed(page)).toBe("general attic cellar");
  expect(await page.getByRole("button", { name: "Archived" }).count()).toBe(0);
  for (const name of ["attic", "cellar"]) {
    await fromPlace(page, name, `Settings of ${name}`);
    await page.getByRole("switch", { name: "Archived" }).check();
    await page.getByRole("button", { name: "Save" }).click();
    await place(page, name).waitFor({ state: "detached" });
  }
  const fold = page.getByRole("button", { name: "Archived 2" });
  expect(await fold.getAttribute("aria-expanded")).toBe("false");
  await fold.press("Enter");
  await expect.poll(() => listed(page)).toBe("general attic cellar");
  await expectAccessible(page);
  await expectFits(page);
  // The one that is looked at is there also when it is folded.
  await place(page, "attic").click();
  await page.getByText("This stream is archived. Nobody can write in it.").waitFor();
  await fold.click();
  await expect.poll(() => listed(page)).toBe("general attic");
  await fromPlace(page, "attic", "Take it out of the archive");
  await composer(page).waitFor();
  await page.getByRole("button", { name: "Archived 1" }).waitFor();
  await expect.poll(() => listed(page)).toBe("general attic");
  // Whoever may not manage streams finds it as well, and cannot.
  const other = await chat(browser, server, bob, `/s/${attic}`);
  await other.getByRole("button", { name: "Archived 1" }).click();
  await place(other, "cellar").click({ button: "right" });
  await other.getByRole("menuitem", { name: "Mark as read" }).waitFor();
  expect(await other.getByRole("menuitem", { name: "Take it out of the archive" }).count()).toBe(0);
  await page.close();
  await other.close();
});

test("a favourite that is archived is with its circle's others, and a favourite in its place again when it is taken out", async () => {
  const tea = await worldOf(server);
  const [attic, cellar] = [await streamOf(tea.ana, tea, "attic"), await streamOf(tea.ana, tea, "cellar")];
  await tea.bob.ask("PUT", "/preferences/favourites", { value: [attic, cellar] });
  const page = await chat(browser, server, tea.bob, `/s/${tea.stream}`);
  const favourites = () => page.getByRole("list", { name: "Favourites" }).getByRole("link").allInnerTexts().then((all) => all.map((one) => one.trim()).join(" "));
  await expect.poll(favourites).toBe("attic cellar");
  await tea.ana.ask("PUT", `/streams/${attic}`, { name: "attic", archived: true, slow_seconds: 0 });
  await expect.poll(favourites).toBe("cellar");
  await page.getByRole("button", { name: "Archived 1" }).click();
  await expect.poll(() => page.getByRole("list", { name: "Archived" }).getByRole("link").allInnerTexts()).toEqual(["attic"]);
  await expectAccessible(page);
  await tea.ana.ask("PUT", `/streams/${attic}`, { name: "attic", archived: false, slow_seconds: 0 });
  await expect.poll(favourites).toBe("attic cellar");
  expect(await page.getByRole("button", { name: /^Archived/ }).count()).toBe(0);
  await page.close();
});

test("Alt and the arrows go in the order that is shown, past what is archived; with Shift to what is unread, past what is muted", async () => {
  const eve = await server.person("eve");
  const tea = await teaOf(eve, [bob], "Steps");
  const [last, section, archived, first, muted] = [
    await streamOf(eve, tea, "last"), await streamOf(eve, tea, "section"), await streamOf(eve, tea, "archived"), await streamOf(eve, tea, "first"), await streamOf(eve, tea, "muted"),
  ];
  await eve.ask("PUT", `/streams/${archived}`, { name: "archived", archived: true, slow_seconds: 0 });
  await eve.ask("PUT", `/circles/${tea.circle}/streams`, { sections: [{ streams: [tea.stream, muted, archived] }, { section: "Work", streams: [section, last, first] }] });
  await eve.ask("PUT", "/preferences/favourites", { value: [first] });
  const page = await chat(browser, server, eve, `/s/${tea.stream}`);
  await expect.poll(() => listed(page)).toBe("first general muted Work section last");
  const at = (name: string) => page.getByRole("heading", { name, exact: true, level: 1 }).waitFor();
  const press = async (keys: string, name: string) => {
    await page.keyboard.press(keys);
    await at(name);
  };
  await at("general");
  for (const name of ["muted", "section", "last", "first", "general"]) await press("Alt+ArrowDown", name);
  for (const name of ["first", "last"]) await press("Alt+ArrowUp", name);

  await fromPlace(page, "muted", "Mute …");
  await page.getByRole("button", { name: "Until you unmute it" }).click();
  for (const stream of [muted, section, first]) await post(bob, stream, "news");
  await place(page, "section").getByText("1 unread").waitFor();
  await place(page, "first").getByText("1 unread").waitFor();
  await press("Alt+Shift+ArrowUp", "section");
  await place(page, "section").getByText("1 unread").waitFor({ state: "detached" });
  await press("Alt+Shift+ArrowUp", "first");
  // Nothing is unread any more.
  await place(page, "first").getByText("1 unread").waitFor({ state: "detached" });
  await page.keyboard.press("Alt+Shift+ArrowUp");
  await press("Alt+ArrowDown", "general");
  await page.close();
});
