// What is muted is quiet: in the list of places, at its circle, in the title, and where one goes by keys.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { expectAccessible, expectFits } from "./browser.js";
import { chat, fromPlace, place, post, streamOf, type World, worldOf } from "./chat.js";
import { browser, server, stage } from "./stage.js";

stage();

let world: World;
let ops: string;

beforeAll(async () => {
  world = await worldOf(server);
  ops = await streamOf(world.ana, world, "ops");
});

const title = (page: Page) => expect.poll(() => page.title());

test("a stream is muted from its menu, and is neither bold nor counted until it is unmuted", async () => {
  const { ana, bob, stream, made } = world;
  const page = await chat(browser, server, bob, `/s/${stream}`);
  const circle = place(page, `Tea ${made}`);
  await post(ana, ops, `Look, @bob${made}`);
  await place(page, "ops").getByText("1 for you").waitFor();
  await circle.getByText("1 for you").waitFor();
  await title(page).toBe("(1) general – Kith");

  await fromPlace(page, "ops", "Mute …");
  await page.getByRole("dialog", { name: "Mute ops" }).waitFor();
  await expectAccessible(page);
  await page.getByRole("button", { name: "For an hour" }).click();
  await place(page, "ops").getByText("Muted").waitFor({ state: "attached" });
  await place(page, "ops").getByText("1 for you").waitFor({ state: "detached" });
  await circle.getByText("1 for you").waitFor({ state: "detached" });
  await title(page).toBe("general – Kith");
  expect(await place(page, "ops").evaluate((link) => getComputedStyle(link).fontWeight)).toBe("400");
  await page.keyboard.press("Control+k");
  await page.getByRole("option", { name: "ops" }).waitFor();
  expect(await page.getByRole("option", { name: "ops" }).innerText()).toBe(`ops\nTea ${made}`);
  await page.keyboard.press("Escape");
  await expectAccessible(page);

  // The same on every device.
  const other = await chat(browser, server, bob, `/s/${stream}`, { theme: "dark", width: 360 });
  await other.getByRole("button", { name: "Circles and streams" }).click();
  await place(other, "ops").getByText("Muted").waitFor({ state: "attached" });
  await expectAccessible(other);
  await expectFits(other);

  await fromPlace(page, "ops", "Unmute");
  await place(page, "ops").getByText("1 for you").waitFor();
  await circle.getByText("1 for you").waitFor();
  await title(page).toBe("(1) general – Kith");
  await place(other, "ops").getByText("1 for you").waitFor();
});

test("a circle is muted with all of its streams", async () => {
  const { ana, bob, stream, made } = await worldOf(server);
  const page = await chat(browser, server, bob, "/inbox");
  const name = `Tea ${made}`;
  const circle = place(page, name);
  await post(ana, stream, `Look, @bob${made}`);
  await circle.getByText("1 for you").waitFor();
  await fromPlace(page, name, "Mute …");
  await page.getByRole("button", { name: "Until you unmute it" }).click();
  await page.getByRole("link", { name: `${name}, muted` }).waitFor();
  await circle.getByText("1 for you").waitFor({ state: "detached" });
  await title(page).toBe("Inbox – Kith");
  await expect.poll(() => bob.ask<Record<string, unknown>>("GET", "/preferences").then((all) => Object.values(all))).toContainEqual({ muted: true });
  await fromPlace(page, name, "Unmute");
  await circle.getByText("1 for you").waitFor();
  await title(page).toBe("(1) Inbox – Kith");
});
