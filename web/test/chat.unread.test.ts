// What is unread is told outside of what one looks at, and is gone once it was seen.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { expectAccessible } from "./browser.js";
import { chat, message, place, post, streamOf, type Tea, teaOf } from "./chat.js";
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
  ops = await streamOf(ana, tea, "ops");
});

const icon = (page: Page) => page.locator('link[rel="icon"]').getAttribute("href");

test("the tab tells what is unread anywhere, without what is muted", async () => {
  const page = await chat(browser, server, bob, `/s/${tea.stream}`);
  await expect.poll(() => page.title()).toBe("general – Kith");
  await post(ana, ops, "something new");
  await expect.poll(() => page.title()).toBe("• general – Kith");
  await expect.poll(() => icon(page)).toContain("icon-new");
  await post(ana, ops, "Look, @bob");
  await expect.poll(() => page.title()).toBe("(1) general – Kith");
  await expect.poll(() => icon(page)).toContain("icon-loud");
  // What is chosen on another device counts at once.
  await bob.ask("PUT", `/preferences/notify:${ops}`, { value: { muted: true } });
  await expect.poll(() => page.title()).toBe("general – Kith");
  await bob.ask("PUT", `/preferences/notify:${ops}`, { value: { level: "all" } });
  await expect.poll(() => page.title()).toBe("(1) general – Kith");
  await place(page, "ops").click();
  await expect.poll(() => page.title()).toBe("ops – Kith");
  await expect.poll(() => icon(page)).not.toMatch(/icon-(new|loud)/);
});

test("a mention in a thread is told where the thread is, and is gone with it", async () => {
  const root = await post(bob, tea.stream, "Who brings milk?");
  const page = await chat(browser, server, bob, `/s/${tea.stream}`);
  await message(page, "Who brings milk?").waitFor();
  await post(ana, tea.stream, "You do, @bob", { thread: root });
  await place(page, "general").getByText("1 for you").waitFor();
  await message(page, "Who brings milk?").getByRole("button", { name: /1 reply.*1 unread/ }).click();
  await place(page, "general").getByText("1 for you").waitFor({ state: "detached" });
  await page.getByRole("region", { name: "Thread", exact: true }).getByText("You do").waitFor();
  await expectAccessible(page);
});

test("whoever points at messages in a window without the focus has seen them", async () => {
  const page = await chat(browser, server, bob, `/s/${tea.stream}`);
  await page.evaluate(() => (document.hasFocus = () => false));
  await post(ana, tea.stream, "Behind you, @bob");
  await place(page, "general").getByText("1 for you").waitFor();
  const box = await page.getByRole("region", { name: /^Messages in/ }).boundingBox();
  if (box === null) throw new Error("there are no messages");
  await page.mouse.move(box.x + 50, box.y + 50);
  await page.mouse.move(box.x + 60, box.y + 70);
  await place(page, "general").getByText("1 for you").waitFor({ state: "detached" });
});

test("many unread messages are not loaded to find where they begin", async () => {
  const stream = await streamOf(ana, tea, "many");
  await post(ana, stream, "the last that was read");
  const seen = await chat(browser, server, bob, `/s/${stream}`);
  await message(seen, "the last that was read").waitFor();
  await expect.poll(async () => (await bob.ask<{ unread: number }>("GET", `/streams/${stream}/unread`)).unread).toBe(0);
  await seen.close();
  const all = Array.from({ length: 600 }, (_, place) => place + 1);
  for (let from = 0; from < all.length; from += 20) await Promise.all(all.slice(from, from + 20).map((n) => post(ana, stream, `number ${n}`)));

  const page = await chat(browser, server, bob, "/inbox");
  let asked = 0;
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => (asked += String(payload).includes('"messages"') ? 1 : 0)));
  await page.goto(`${server.url}/s/${stream}`);
  await message(page, "the last that was read").waitFor();
  await page.getByRole("heading", { name: "New", exact: true }).waitFor();
  await page.waitForLoadState("networkidle");
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThan(8);
});
