// Links to messages show what they lead to, to those who may read it and as it is by now.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { expectAccessible, expectFits } from "./browser.js";
import { chat, message, post, streamOf, type World, worldOf } from "./chat.js";
import { browser, server, stage } from "./stage.js";

stage();

let world: World;
/** A stream that bob does not see. */
let ops: string;

beforeAll(async () => {
  world = await worldOf(server);
  const window = await world.ana.ask<{ circles: { circle: { everyone: string } }[] }>("GET", "/window");
  const deny = { [window.circles[0]?.circle.everyone ?? ""]: ["read"] };
  ops = await streamOf(world.ana, world, "ops", { deny });
});

const preview = (page: Page, says: string) => page.getByRole("article").getByRole("link", { name: says });

test("a link to a message shows who said it and how it begins, as it is by now, and leads there", async () => {
  const { ana, bob, stream, made } = world;
  const far = await post(ana, stream, "The **kettle** is ||not|| on\nsince noon");
  for (let n = 0; n < 80; n += 1) await post(ana, stream, `number ${n}`);
  const link = await post(bob, stream, `As somebody said: ${server.url}/s/${stream}/${far}`);
  for (const theme of ["light", "dark"] as const) {
    const page = await chat(browser, server, bob, `/s/${stream}/${link}`, theme === "light" ? {} : { theme, width: 360 });
    const shown = preview(page, "The kettle is ▒▒▒ on since noon");
    await shown.waitFor();
    await shown.getByText(`ana${made}`).waitFor();
    await expectAccessible(page);
    await expectFits(page);
    if (theme === "light") {
      await ana.ask("PATCH", `/streams/${stream}/messages/${far}`, { text: "The kettle is off" });
      await preview(page, "The kettle is off").click();
      await expect.poll(() => page.evaluate(() => location.pathname)).toBe(`/s/${stream}/${far}`);
      await message(page, "The kettle is off").first().waitFor();
      await page.goBack();
      await ana.ask("PATCH", `/streams/${stream}/messages/${far}`, { text: "The **kettle** is ||not|| on\nsince noon" });
    }
    await page.close();
  }
});

test("what one may not read, what is gone, and who is blocked is not shown, and the link stays", async () => {
  const { ana, bob, stream } = world;
  const secret = await post(ana, ops, "nobody else sees this");
  const gone = await post(ana, stream, "soon it is gone");
  await post(ana, stream, `Secret: ${server.url}/s/${ops}/${secret}`);
  await post(ana, stream, `Gone: ${server.url}/s/${stream}/${gone}`);
  const own = await chat(browser, server, ana, `/s/${stream}`);
  await preview(own, "nobody else sees this").waitFor();
  await preview(own, "soon it is gone").waitFor();
  await ana.ask("DELETE", `/streams/${stream}/messages/${gone}`);
  await preview(own, "soon it is gone").waitFor({ state: "detached" });

  const answers = await post(bob, stream, "said by bob");
  const last = await post(ana, stream, `Blocked: ${server.url}/s/${stream}/${answers}`);
  await preview(own, "said by bob").waitFor();
  await ana.ask("PUT", `/blocks/${bob.id}`, {});
  await preview(own, "said by bob").waitFor({ state: "detached" });
  await ana.ask("DELETE", `/blocks/${bob.id}`);
  await preview(own, "said by bob").waitFor();

  const other = await chat(browser, server, bob, `/s/${stream}/${last}`);
  // This one comes last, so everything that is shown is shown by now.
  await preview(other, "said by bob").waitFor();
  expect(await preview(other, "nobody else sees this").count()).toBe(0);
  await other.getByRole("article").filter({ hasText: "Secret:" }).getByRole("link").waitFor();
});
