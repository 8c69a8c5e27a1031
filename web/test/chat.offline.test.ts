// The page without a connection: it opens with what it showed last, says so, and has the truth once it is
// connected. With the session goes what was kept of it.

import type { Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { expectAccessible } from "./browser.js";
import { chat, composer, forgive, message, place, post, say, streamOf, texts, type World, worldOf } from "./chat.js";
import { png, upload } from "./files.js";
import { FILES } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage(FILES);

afterAll(() => forgive(browser));

/** With another stream, `ops`. */
async function world(): Promise<World & { readonly ops: string }> {
  const tea = await worldOf(server);
  const ops = await streamOf(tea.ana, tea, "ops");
  return { ops, ...tea };
}

/** What is kept by the browser, by its names. */
const kept = (page: Page) => page.evaluate(() => new Promise<Record<string, string>>((resolve) => {
  const asked = indexedDB.open("kith");
  // It is the page that makes it.
  asked.onupgradeneeded = () => asked.transaction?.abort();
  asked.onerror = () => resolve({});
  asked.onsuccess = () => {
    asked.result.onversionchange = () => asked.result.close();
    const all = asked.result.transaction("shown").objectStore("shown").getAll();
    all.onsuccess = () => resolve(Object.fromEntries((all.result as { key: string; value: unknown }[]).map(({ key, value }) => [key.split(" ")[1] ?? "", JSON.stringify(value)])));
  };
}));

/** When these words are kept, and the page itself is. */
async function keeps(page: Page, words: string): Promise<void> {
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await expect.poll(async () => Object.values(await kept(page)).join("\n")).toContain(words);
}

test("what was shown last is there without a connection, marked as such, and replaced by the truth", async () => {
  const tea = await world();
  await post(tea.bob, tea.stream, "the kettle is on");
  const gone = await post(tea.bob, tea.stream, "soon deleted");
  await post(tea.bob, tea.ops, "all quiet", { files: [await upload(tea.bob, png("quiet.png"))] });
  const page = await chat(browser, server, tea.ana, `/s/${tea.stream}`);
  await message(page, "the kettle is on").waitFor();
  await place(page, "ops").click();
  await page.getByRole("img", { name: "quiet.png" }).waitFor();
  await keeps(page, "all quiet");
  await keeps(page, "the kettle is on");

  await page.context().setOffline(true);
  await page.reload();
  await page.getByText(/You see what was here on/).waitFor();
  await message(page, "all quiet").getByText("quiet.png").waitFor();
  await expectAccessible(page);
  await place(page, "general").click();
  await message(page, "the kettle is on").getByText(tea.bob.name).waitFor();
  await message(page, "soon deleted").waitFor();
  await say(page, "sent from nowhere");
  await page.getByText("Waits for a connection").waitFor();

  await tea.bob.ask("DELETE", `/streams/${tea.stream}/messages/${gone}`);
  await post(tea.bob, tea.stream, "said meanwhile");
  await page.context().setOffline(false);
  await message(page, "said meanwhile").waitFor({ timeout: 40_000 });
  await message(page, "soon deleted").waitFor({ state: "detached" });
  await page.getByText("Waits for a connection").waitFor({ state: "detached" });
  expect(await page.getByText(/You see what was here on/).count()).toBe(0);
  await expect.poll(() => texts(tea.bob, tea.stream)).toEqual(["the kettle is on", "said meanwhile", "sent from nowhere"]);
  // What is kept follows.
  await expect.poll(async () => (await kept(page))[tea.stream]).not.toContain("soon deleted");
  await page.close();
});

test("what waits for a connection can be taken back before it is sent, also by the page after", async () => {
  const tea = await world();
  const asked = await post(tea.bob, tea.stream, "Tea or coffee?");
  const page = await chat(browser, server, tea.ana, `/s/${tea.stream}`);
  await message(page, "Tea or coffee?").waitFor();
  await keeps(page, "Tea or coffee?");
  await page.context().setOffline(true);
  await page.reload();
  await page.getByText(/You see what was here on/).waitFor();
  const mine = (text: string) => page.getByRole("article", { name: "Your message" }).filter({ hasText: text });
  await message(page, "Tea or coffee?").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Reply", exact: true }).click();
  for (const text of ["coffee", "for all of us", "and cake"]) await say(page, text);
  await mine("and cake").getByRole("button", { name: "Take it back" }).click();
  await mine("and cake").waitFor({ state: "detached" });
  await expect.poll(() => composer(page).inputValue()).toBe("and cake");
  await composer(page).fill("");
  await expectAccessible(page);
  // The page after knows that it was not sent either; what it answers comes back as well.
  await page.reload();
  await mine("coffee").getByRole("button", { name: "Take it back" }).click();
  await expect.poll(() => composer(page).inputValue()).toBe("coffee");
  await page.getByText(`Your answer to ${tea.bob.name}:`).waitFor();
  await composer(page).fill("tea");
  await composer(page).press("Enter");
  await mine("tea").getByText("Waits for a connection").waitFor();

  await page.context().setOffline(false);
  await message(page, "tea").waitFor({ timeout: 40_000 });
  expect(await texts(tea.bob, tea.stream)).toEqual(["Tea or coffee?", "for all of us", "tea"]);
  const { messages } = await tea.bob.ask<{ messages: { reply_to?: number }[] }>("GET", `/streams/${tea.stream}/messages`);
  expect(messages.map(({ reply_to }) => reply_to)).toEqual([undefined, undefined, asked]);
  await page.close();
});

test("a circle that one was removed from meanwhile is gone with the connection, and what was kept of it", async () => {
  const tea = await world();
  await post(tea.ana, tea.stream, "between members");
  const page = await chat(browser, server, tea.bob, `/s/${tea.stream}`);
  await keeps(page, "between members");
  await page.context().setOffline(true);
  await page.reload();
  await message(page, "between members").waitFor();
  await tea.ana.ask("DELETE", `/circles/${tea.circle}/members/${tea.bob.id}`);
  await page.context().setOffline(false);
  await message(page, "between members").waitFor({ state: "detached", timeout: 40_000 });
  await expect.poll(async () => Object.values(await kept(page)).join("\n")).not.toContain("between members");
  await page.close();
});

test("what was written without a connection for a stream that is removed meanwhile can be copied", async () => {
  const tea = await world();
  const page = await chat(browser, server, tea.bob, `/s/${tea.ops}`);
  await say(page, "before");
  await keeps(page, "before");
  await page.context().setOffline(true);
  await page.reload();
  await page.getByText(/You see what was here on/).waitFor();
  await composer(page).fill("for nobody by now");
  await composer(page).press("Enter");
  await page.getByRole("article", { name: "Your message" }).filter({ hasText: "for nobody by now" }).getByText("Waits for a connection").waitFor();
  await tea.ana.ask("DELETE", `/streams/${tea.ops}`);
  await page.context().setOffline(false);
  await page.getByText("ops was removed, or you may not read it any longer.").waitFor({ timeout: 40_000 });
  await expect.poll(() => page.evaluate(() => location.pathname)).toBe(`/s/${tea.stream}`);
  await page.getByText("A message could not be sent: where it was to go is not there any longer.").waitFor();
  await expectAccessible(page);
  // Until it was copied, it is offered by every page.
  await page.reload();
  await page.getByRole("button", { name: "Copy what you wrote" }).click();
  await composer(page).press("Control+V");
  await expect.poll(() => composer(page).inputValue()).toBe("for nobody by now");
  await composer(page).fill("");
  await expect.poll(() => page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("kith.outbox.")))).toEqual([]);
  await page.close();
});

test.each(["signs out", "has the session revoked", "has it revoked while the page is closed"])("whoever %s leaves nothing in the browser", async (how) => {
  const tea = await world();
  await post(tea.bob, tea.stream, "not for the next one");
  const page = await chat(browser, server, tea.ana, `/s/${tea.stream}`);
  await keeps(page, "not for the next one");
  const revoke = async () => {
    const { sessions } = await tea.ana.ask<{ sessions: { id: string; current: boolean }[] }>("GET", "/sessions");
    for (const { id } of sessions.filter(({ current }) => !current)) await tea.ana.ask("DELETE", `/sessions/${id}`);
  };
  if (how === "signs out") {
    await page.getByRole("button", { name: "Your menu" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
  } else if (how === "has the session revoked") {
    await revoke();
  } else {
    const { url } = server;
    await page.goto("about:blank");
    await revoke();
    await page.goto(url);
  }
  await page.getByLabel("User name").waitFor();
  await expect.poll(() => kept(page)).toEqual({});
  await page.context().setOffline(true);
  await page.reload();
  await page.getByText("The server cannot be reached.").waitFor();
  expect(await page.getByText("not for the next one").count()).toBe(0);
  await page.close();
});

test("a page that was kept without a connection shows its composer and what was begun", async () => {
  const tea = await world();
  const page = await chat(browser, server, tea.ana, `/s/${tea.stream}`);
  await say(page, "first");
  await keeps(page, "first");
  await composer(page).fill("half a sent");
  await page.context().setOffline(true);
  await page.reload();
  await expect.poll(() => composer(page).inputValue()).toBe("half a sent");
  await page.close();
});

test("a page that was kept asks once what there is when it is opened again", async () => {
  const tea = await world();
  const page = await chat(browser, server, tea.ana, `/s/${tea.stream}`);
  await say(page, "once");
  await keeps(page, "once");
  let asked = 0;
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => (asked += String(payload).includes('{"window":{}}') ? 1 : 0)));
  await page.reload();
  await post(tea.bob, tea.stream, "and once more");
  await message(page, "and once more").waitFor();
  await page.waitForLoadState("networkidle");
  expect(asked).toBe(1);
  await page.close();
});

test("a link to a message leads there, also where there is something new since the page was kept", async () => {
  const tea = await world();
  const first = await post(tea.bob, tea.stream, "the one that is linked");
  for (let n = 0; n < 40; n += 1) await post(tea.bob, tea.stream, `number ${n}`);
  const page = await chat(browser, server, tea.ana, `/s/${tea.stream}`);
  await message(page, "number 39").waitFor();
  await keeps(page, "number 39");
  await page.goto("about:blank");
  for (let n = 40; n < 80; n += 1) await post(tea.bob, tea.stream, `number ${n}`);
  await page.goto(`${server.url}/s/${tea.stream}/${first}`);
  await place(page, "general").getByText(/\d+ unread/).waitFor();
  await page.waitForLoadState("networkidle");
  const shown = await message(page, "the one that is linked").boundingBox();
  const box = await page.getByRole("region", { name: /^Messages in/ }).boundingBox();
  expect(shown!.y).toBeGreaterThanOrEqual(box!.y);
  await page.close();
});

test("a notification that is followed while the page loads leads to its place", async () => {
  const tea = await world();
  const page = await chat(browser, server, tea.ana, `/s/${tea.stream}`);
  await page.reload();
  await place(page, "general").waitFor();
  // As the service worker says it.
  await page.evaluate((open) => void navigator.serviceWorker.dispatchEvent(new MessageEvent("message", { data: { open } })), `/s/${tea.ops}`);
  await page.getByRole("heading", { name: "ops", exact: true }).waitFor();
  await page.close();
});

test("a picture of somebody that did not come without a connection comes with it", async () => {
  const tea = await world();
  await tea.bob.ask("PUT", "/users/me/avatar", { file: await upload(tea.bob, png("bob.png")) });
  await post(tea.bob, tea.stream, "look at me");
  const page = await chat(browser, server, tea.ana, `/s/${tea.stream}`);
  await keeps(page, "look at me");
  await page.route("**/avatar*", (asked) => asked.abort());
  await page.context().setOffline(true);
  const failed = page.waitForEvent("requestfailed", (asked) => asked.url().includes("/avatar"));
  await page.reload();
  await message(page, "look at me").waitFor();
  await failed;
  expect(await message(page, "look at me").locator(".avatar img.loaded").count()).toBe(0);
  await page.unroute("**/avatar*");
  await page.context().setOffline(false);
  await message(page, "look at me").locator(".avatar img.loaded").waitFor({ timeout: 40_000 });
  await page.close();
});
