// The chat in the hand, and as dense and as still as one wants it.

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { expectAccessible, expectFits } from "./browser.js";
import { chat, composer, message, place, post, say, streamOf, worldOf } from "./chat.js";
import { Fingers } from "./fingers.js";
import { browser, server, stage } from "./stage.js";

stage();

const PHONE = { width: 390, height: 780, touch: true } as const;

/** A finger that stays where it is until `until` is there. */
async function hold(page: Page, x: number, y: number, until: () => Promise<unknown>): Promise<void> {
  const fingers = await Fingers.on(page);
  await fingers.down([x, y]);
  await until();
  await fingers.up();
  await fingers.end();
}

/** A finger that moves to the side. */
async function swipe(page: Page, by: number): Promise<void> {
  const fingers = await Fingers.on(page);
  const from = by > 0 ? 60 : 330;
  await fingers.draw([[from, 400], [from + by, 400]]);
  await fingers.end();
}

/** What is in view of the panels that take each other's place. */
const inView = (page: Page) => page.evaluate(() => [...document.querySelectorAll<HTMLElement>("[data-panel]")].filter((panel) => {
  const { left, right } = panel.getBoundingClientRect();
  return left > -5 && right < innerWidth + 5;
}).map(({ dataset }) => dataset["panel"]));

test("on a phone one swipes between places and messages, a long touch opens the menu of a place, and a touch the tools of a message", async () => {
  const { ana, bob, circle, stream, made } = await worldOf(server);
  await streamOf(ana, { circle }, "ops");
  await post(bob, stream, "touch me");
  const page = await chat(browser, server, ana, `/s/${stream}`, PHONE);
  await message(page, "touch me").waitFor();
  await expect.poll(() => inView(page)).toEqual(["main"]);
  await swipe(page, 260);
  await expect.poll(() => inView(page)).toEqual(["places"]);
  const link = await place(page, "ops").boundingBox();
  if (link === null) throw new Error("there is no such place");
  const menu = page.getByRole("menu", { name: "Menu of ops" });
  await hold(page, link.x + link.width / 2, link.y + link.height / 2, () => menu.waitFor());
  await expectFits(page);
  await page.getByRole("menuitem", { name: "Add to favourites" }).tap();
  await page.getByRole("heading", { name: "Favourites" }).waitFor();
  await place(page, "ops").tap();
  await page.getByRole("heading", { name: "ops", exact: true }).waitFor();
  await expect.poll(() => inView(page)).toEqual(["main"]);
  await swipe(page, 260);
  await place(page, "general").tap();

  // A message that is touched shows what can be done with it.
  await message(page, "touch me").getByText("touch me").tap();
  await page.getByRole("button", { name: "More about this message" }).tap();
  await page.getByRole("menuitem", { name: "Reply", exact: true }).tap();
  await page.getByText(`Your answer to bob${made}:`).waitFor();
  await say(page, "touched");
  await message(page, "touched").getByRole("button", { name: /Answers:/ }).waitFor();
  await expectAccessible(page);
  await page.close();
});

test("a long touch on a reaction says who has it and changes nothing, a short one adds one's own", async () => {
  const { ana, bob, stream } = await worldOf(server);
  const seq = await post(bob, stream, "react to me");
  await bob.ask("PUT", `/streams/${stream}/messages/${seq}/reactions/🫖`, {});
  const page = await chat(browser, server, ana, `/s/${stream}`, PHONE);
  const reaction = message(page, "react to me").getByRole("button", { name: `🫖: ${bob.name}` });
  const box = await reaction.boundingBox();
  if (box === null) throw new Error("there is no such reaction");
  const who = page.getByRole("dialog", { name: "Who reacted with 🫖" });
  await hold(page, box.x + box.width / 2, box.y + box.height / 2, () => who.getByText(bob.name, { exact: true }).waitFor());
  await expectAccessible(page);
  await expectFits(page);
  expect(await page.getByRole("menu").count()).toBe(0);
  expect(await reaction.getAttribute("aria-pressed")).toBe("false");
  await page.touchscreen.tap(200, 30);
  await who.waitFor({ state: "detached" });
  await reaction.tap();
  await message(page, "react to me").getByRole("button", { name: `🫖: ${ana.name} and ${bob.name}`, pressed: true }).waitFor();
  expect(await who.count()).toBe(0);
  await page.close();
});

test("on a phone, whoever chose nothing yet begins with the streams of their circle, and whoever has none with what to do first", async () => {
  const { bob, stream } = await worldOf(server);
  const page = await chat(browser, server, bob, "/", PHONE);
  await place(page, "general").waitFor();
  await expect.poll(() => inView(page)).toEqual(["places"]);
  await place(page, "general").tap();
  await expect.poll(() => inView(page)).toEqual(["main"]);
  await page.goto(`${server.url}/s/${stream.slice(0, -4)}0000`);
  await place(page, "general").waitFor();
  await expect.poll(() => inView(page)).toEqual(["places"]);
  await page.close();

  const cyd = await chat(browser, server, await server.person("cyd"), "/", PHONE);
  await cyd.getByRole("button", { name: "Make a circle" }).waitFor();
  await expect.poll(() => inView(cyd)).toEqual(["main"]);
  await cyd.close();
});

test("on a tablet the list of streams makes room for what is open beside the messages, and is back after it", async () => {
  const { ana, bob, stream } = await worldOf(server);
  const seq = await post(bob, stream, "wide enough");
  await post(ana, stream, "to be read", { thread: seq });
  const page = await chat(browser, server, ana, `/s/${stream}`, { width: 768, height: 1024, touch: true });
  const widthOf = async () => (await composer(page).boundingBox())?.width ?? 0;
  const panel = page.getByRole("complementary");
  const check = async () => {
    await expect.poll(() => place(page, "general").count()).toBe(0);
    expect(await widthOf()).toBeGreaterThan(200);
    await expectFits(page);
    await expectAccessible(page);
  };
  await message(page, "wide enough").waitFor();
  await place(page, "general").waitFor();

  await page.getByRole("button", { name: "People", exact: true }).tap();
  await panel.getByText("Owner").waitFor();
  await check();
  await panel.getByRole("button", { name: "Close" }).tap();
  await place(page, "general").waitFor();

  await page.getByRole("button", { name: "Search", exact: true }).tap();
  await panel.getByRole("combobox", { name: "Search" }).waitFor();
  await check();
  await panel.getByRole("button", { name: "Close" }).tap();
  await place(page, "general").waitFor();

  await page.goto(`${server.url}/s/${stream}/${seq}/thread`);
  await page.getByRole("region", { name: "Messages in the thread" }).getByText("to be read").waitFor();
  await check();
  // The conversations are reached all the same.
  await page.getByRole("link", { name: "Conversations" }).tap();
  await page.getByRole("heading", { name: "Conversations" }).waitFor();
  await page.close();
});

test("messages stand closer where one wants it, and nothing moves where one does not", async () => {
  const { ana, bob, stream } = await worldOf(server);
  await post(bob, stream, "first");
  await post(ana, stream, "second");
  const page = await chat(browser, server, ana, `/s/${stream}`, { moving: true });
  const height = async () => {
    const [one, two] = await Promise.all(["first", "second"].map((text) => message(page, text).boundingBox()));
    return (two?.y ?? 0) + (two?.height ?? 0) - (one?.y ?? 0);
  };
  await message(page, "second").waitFor();
  const usual = await height();
  const choose = async (name: string) => {
    await page.goto(`${server.url}/settings/appearance`);
    await page.getByRole("radio", { name, exact: true }).check();
    await page.goto(`${server.url}/s/${stream}`);
    await message(page, "second").waitFor();
  };
  await choose("Compact");
  const compact = await height();
  await choose("Roomy");
  expect(compact).toBeLessThan(usual);
  expect(await height()).toBeGreaterThan(usual);
  await expectFits(page);

  const moves = () => page.evaluate(() => [...document.querySelectorAll("*")].flatMap((one) => [getComputedStyle(one), getComputedStyle(one, "::before")]).filter(({ animationName, transitionDuration }) =>
    animationName !== "none" || transitionDuration.split(", ").some((length) => parseFloat(length) > 0.001)).length);
  expect(await moves()).toBeGreaterThan(0);
  await page.goto(`${server.url}/settings/appearance`);
  await page.getByRole("radio", { name: "As little as possible", exact: true }).check();
  await page.goto(`${server.url}/s/${stream}`);
  await message(page, "second").waitFor();
  expect(await moves()).toBe(0);
  await page.close();
});
