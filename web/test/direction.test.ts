// Pages whose lines begin at the right: everything stands mirrored, and nothing sticks out. No language
// of the pages is written so yet; the direction alone is turned.

import type { Locator } from "playwright-core";
import { expect, test } from "vitest";
import { expectAccessible, expectFits } from "./browser.js";
import { chat, message, post, streamOf, teaOf } from "./chat.js";
import { expectMirrored, turn } from "./mirror.js";
import { browser, server, stage } from "./stage.js";

stage();

test.each([360, 1280])("a stream, a thread and the people are mirrored and fit (%i wide)", async (width) => {
  const [ana, bob] = [await server.person(`ana-${width}`), await server.person(`bob-${width}`)];
  const { stream } = await teaOf(ana, [bob], "Tea");
  const first = await post(bob, stream, "Good morning");
  const seq = await post(ana, stream, "Morning! ".repeat(30).trim(), { reply_to: first });
  await post(bob, stream, "In here", { thread: seq });
  const page = await chat(browser, server, ana, `/s/${stream}`, { width, height: 800 });
  await message(page, "Good morning").first().waitFor();
  const head = page.getByRole("heading", { name: "general", exact: true });
  const people = page.getByRole("button", { name: "People", exact: true });
  const send = page.getByRole("button", { name: "Send" });
  const smiley = page.getByRole("button", { name: "Emoji", exact: true });
  const wide: Record<string, Locator> = width < 760 ? {} : { navigation: page.getByRole("navigation") };
  await expectMirrored(page, { head, people, send, smiley, message: message(page, "Good morning"), text: page.getByRole("article").getByText("Good morning", { exact: true }), main: page.getByRole("main"), ...wide });
  await expectFits(page);
  await expectAccessible(page);

  await page.getByRole("button", { name: "1 reply" }).click();
  await message(page, "In here").waitFor();
  await expectFits(page);
  await turn(page, "ltr");
  await expectMirrored(page, { thread: page.getByRole("region", { name: "Messages in the thread" }), reply: message(page, "In here") });
  await expectFits(page);
  if (width < 760) await page.getByRole("button", { name: "Back" }).click();

  await turn(page, "ltr");
  await people.click();
  const panel = page.getByRole("complementary", { name: "People" });
  await panel.getByText("Owner").waitFor();
  if (width > 760) await expectMirrored(page, { panel, member: panel.getByRole("button", { name: new RegExp(bob.name) }) });
  else await turn(page, "rtl");
  await panel.getByRole("button", { name: new RegExp(bob.name) }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Write to them" }).waitFor();
  await expectFits(page);
  await turn(page, "ltr");
  await expectMirrored(page, { write: page.getByRole("button", { name: "Write to them" }), block: page.getByRole("button", { name: "Block" }) });
});

test("a name that does not fit loses its own end, whichever way the page is written", async () => {
  const cyd = await server.person("cyd");
  const { circle, stream } = await teaOf(cyd, [], "Tea");
  await streamOf(cyd, { circle }, "a-stream-with-a-name-that-is-too-long-for-the-panel-it-is-in");
  const page = await chat(browser, server, cyd, `/s/${stream}`);
  const clipped = page.getByRole("navigation").locator(".clip", { hasText: "a-stream-with-a-name" });
  await clipped.waitFor();
  await turn(page, "rtl");
  expect(await clipped.evaluate((name) => getComputedStyle(name).direction)).toBe("ltr");
  // It stands where those of the other direction do.
  expect(await page.getByRole("navigation").locator(".clip", { hasText: /^general/ }).evaluate((name) => getComputedStyle(name).textAlign)).toBe("right");
  await expectFits(page);
});

test.each([360, 1280])("settings are mirrored and fit (%i wide)", async (width) => {
  const cyd = await server.person(`cyd-${width}`);
  const page = await chat(browser, server, cyd, "/", { width, height: 800 });
  for (const part of ["appearance", "notifications", "account", "sessions"]) {
    await page.goto(`${server.url}/settings/${part}`);
    // Not that of the page while it loads.
    const heading = page.getByRole("heading", { level: 1 }).filter({ hasNotText: "Kith" });
    await heading.first().waitFor();
    await expectMirrored(page, { heading });
    await expectFits(page);
  }
});
