// Two tabs of one browser: what waits is theirs together, what is begun is not taken from one by the other.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Chromium } from "./browser.js";
import { chat, composer, forgive, message, say, teaOf, texts } from "./chat.js";
import { BUSY, Server } from "./server.js";

let browser: Chromium;

beforeAll(async () => {
  browser = await Chromium.start();
});

afterAll(async () => {
  await browser.end();
});

/** A message of one's own that is not on the server yet. */
const mine = (page: Page, text: string) => page.getByRole("article", { name: "Your message" }).filter({ hasText: text });

/** A stream that is open in two tabs. */
async function open(server: Server) {
  const [ana, bob] = [await server.person("ana"), await server.person("bob")];
  const { stream } = await teaOf(ana, [bob]);
  const here = await chat(browser, server, ana, `/s/${stream}`);
  await composer(here).waitFor();
  const there = await here.context().newPage();
  await there.goto(`${server.url}/s/${stream}`);
  await composer(there).waitFor();
  return { bob, stream, here, there };
}

test.each(["stays", "is closed"])("what both wrote without a connection is sent once and in order, what was taken back is not (one %s)", async (how) => {
  const server = await Server.start(BUSY);
  const { bob, stream, here, there } = await open(server);
  await server.kill();
  for (const page of [here, there]) await page.getByText("No connection.").waitFor();
  for (const [writer, other, text] of [[here, there, "one"], [there, here, "two"], [here, there, "three"], [here, there, "four"], [there, here, "five"]] as const) {
    await say(writer, text);
    await mine(other, text).getByText("Waits for a connection").waitFor();
  }
  // Wherever something was written, it is taken back in either.
  for (const [page, other, text] of [[here, there, "four"], [here, there, "five"]] as const) {
    await mine(page, text).getByRole("button", { name: "Take it back" }).click();
    await mine(other, text).waitFor({ state: "detached" });
    await expect.poll(() => composer(page).inputValue()).toBe(text);
    await composer(page).fill("");
  }
  if (how === "is closed") await here.close();
  await server.again();
  const left = how === "is closed" ? [there] : [here, there];
  for (const page of left) {
    for (const text of ["one", "two", "three"]) await message(page, text).waitFor({ timeout: 40_000 });
    await expect.poll(() => page.getByRole("article", { name: "Your message" }).count()).toBe(0);
    expect(await page.getByRole("article").count()).toBe(3);
  }
  expect(await texts(bob, stream)).toEqual(["one", "two", "three"]);
  forgive(browser);
  for (const page of left) await page.close();
  await server.end();
});

test("what waits is sent as long as a tab has it, whatever became of what the browser kept", async () => {
  const server = await Server.start(BUSY);
  const { bob, stream, here, there } = await open(server);
  await server.kill();
  for (const page of [here, there]) await page.getByText("No connection.").waitFor();
  await say(here, "one");
  await mine(there, "one").waitFor();
  await there.evaluate(() => localStorage.clear());
  await say(there, "two");
  await mine(here, "two").getByText("Waits for a connection").waitFor();
  expect(await mine(here, "one").count()).toBe(1);
  await server.again();
  for (const page of [here, there]) {
    for (const text of ["one", "two"]) await message(page, text).waitFor({ timeout: 40_000 });
    await expect.poll(() => page.getByRole("article", { name: "Your message" }).count()).toBe(0);
    expect(await page.getByRole("article").count()).toBe(2);
    await expect.poll(() => page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("kith.outbox.")))).toEqual([]);
  }
  expect((await texts(bob, stream)).toSorted()).toEqual(["one", "two"]);
  forgive(browser);
  for (const page of [here, there]) await page.close();
  await server.end();
});

test("what is begun in one tab takes nothing from what is begun in the other", async () => {
  const server = await Server.start(BUSY);
  const { here, there } = await open(server);
  await composer(here).fill("half of this");
  await composer(there).fill("and half of that");
  for (const page of [here, there]) await page.reload();
  await expect.poll(() => composer(here).inputValue()).toBe("half of this");
  await expect.poll(() => composer(there).inputValue()).toBe("and half of that");
  await composer(here).press("Enter");
  await message(there, "half of this").waitFor();
  expect(await composer(there).inputValue()).toBe("and half of that");
  await there.reload();
  await expect.poll(() => composer(there).inputValue()).toBe("and half of that");
  await here.close();
  await there.close();
  await server.end();
});

test("a page that was put aside does not send what was taken back meanwhile", async () => {
  const server = await Server.start(BUSY);
  const { bob, stream, here, there } = await open(server);
  // As long as it is put aside, it hears of nothing.
  await there.addInitScript(() => addEventListener("storage", (event) => event.stopImmediatePropagation(), true));
  await there.reload();
  await composer(there).waitFor();
  await server.kill();
  for (const page of [here, there]) await page.getByText("No connection.").waitFor();
  await say(there, "kept");
  await say(there, "taken back");
  await mine(here, "taken back").getByRole("button", { name: "Take it back" }).click();
  await expect.poll(() => composer(here).inputValue()).toBe("taken back");
  await composer(here).fill("");
  await mine(there, "taken back").waitFor();
  await there.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  await mine(there, "taken back").waitFor({ state: "detached" });
  await mine(there, "kept").waitFor();
  await server.again();
  for (const page of [here, there]) await message(page, "kept").waitFor({ timeout: 40_000 });
  expect(await texts(bob, stream)).toEqual(["kept"]);
  forgive(browser);
  for (const page of [here, there]) await page.close();
  await server.end();
});
