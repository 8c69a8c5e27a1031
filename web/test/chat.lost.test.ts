// What happens when something goes wrong: nothing that was typed is lost, and nothing happens twice.

import type { WebSocketRoute } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Chromium, expectAccessible, signIn } from "./browser.js";
import { chat, composer, forgive, message, place, post, say, streamOf, teaOf, texts } from "./chat.js";
import { png } from "./files.js";
import { BUSY, FILES, PASSWORD, Server } from "./server.js";

let browser: Chromium;

beforeAll(async () => {
  browser = await Chromium.start();
});

afterAll(async () => {
  await browser.end();
});

test("what is sent without a connection waits, is shown as such, and is there once", async () => {
  const server = await Server.start(BUSY);
  const [ana, bob] = [await server.person("ana"), await server.person("bob")];
  const { stream } = await teaOf(ana, [bob]);
  const [here, there] = [await chat(browser, server, ana, `/s/${stream}`), await chat(browser, server, bob, `/s/${stream}`)];
  await say(here, "before");
  await message(there, "before").waitFor();
  await server.kill();
  await here.getByText("No connection.").waitFor();
  await say(here, "first");
  await say(here, "second");
  await expect.poll(() => here.getByText("Waits for a connection").count()).toBe(2);
  await composer(here).fill("begun");
  // Even the page may go: another one in its place sends what waits.
  await server.again();
  await message(there, "second").waitFor({ timeout: 40_000 });
  await here.getByText("No connection.").waitFor({ state: "detached" });
  await expect.poll(() => here.getByText("Waits for a connection").count()).toBe(0);
  expect(await texts(bob, stream)).toEqual(["before", "first", "second"]);
  expect(await composer(here).inputValue()).toBe("begun");
  forgive(browser);
  await here.close();
  await there.close();
  await server.end();
});

test("what waits is sent by the page that is opened next, and drafts are still there", async () => {
  const server = await Server.start(BUSY);
  const ana = await server.person("ana");
  const { circle, stream } = await teaOf(ana);
  await streamOf(ana, { circle }, "ops");
  const page = await chat(browser, server, ana, `/s/${stream}`);
  await composer(page).fill("a draft");
  await place(page, "ops").click();
  await page.getByRole("heading", { name: "ops", exact: true }).waitFor();
  await place(page, "general").getByText("Begun to write").waitFor();
  await server.kill();
  await page.getByText("No connection.").waitFor();
  await say(page, "from before");
  await page.getByText("Waits for a connection").waitFor();
  const again = server.again();
  await page.goto("about:blank");
  await again;
  await page.goto(server.url);
  await message(page, "from before").waitFor();
  await place(page, "general").click();
  await expect.poll(() => composer(page).inputValue()).toBe("a draft");
  forgive(browser);
  await page.close();
  await server.end();
});

test("slow mode and a time-out are seen before one writes, and end by themselves", async () => {
  const server = await Server.start(BUSY);
  const [ana, bob] = [await server.person("ana"), await server.person("bob")];
  const { circle, stream } = await teaOf(ana, [bob]);
  const page = await chat(browser, server, bob, `/s/${stream}`);
  await composer(page).waitFor();
  const { name } = { name: "general" };
  await ana.ask("PUT", `/streams/${stream}`, { name, slow_seconds: 3600 });
  await page.getByText("Slow: 3,600 s").waitFor();
  await post(bob, stream, "elsewhere");
  await message(page, "elsewhere").waitFor();
  await page.getByText(/^Your next message in/).waitFor();
  await ana.ask("PUT", `/streams/${stream}`, { name, slow_seconds: 0 });
  await page.getByText(/^Your next message in/).waitFor({ state: "detached" });
  // Timed out, one sees it before one writes, and learns when it is over.
  await composer(page).fill("too late");
  await ana.ask("PUT", `/circles/${circle}/members/${bob.id}/timeout`, { seconds: 3600 });
  await page.getByText("You may only read until").waitFor();
  await ana.ask("PUT", `/circles/${circle}/members/${bob.id}/timeout`, { seconds: 0 });
  await expect.poll(() => composer(page).inputValue()).toBe("too late");
  await page.close();
  await server.end();
});

test("what is refused stays with the reason, and can be tried again or taken back", async () => {
  const server = await Server.start(BUSY);
  const [ana, bob] = [await server.person("ana"), await server.person("bob")];
  const { circle, stream } = await teaOf(ana, [bob]);
  const page = await chat(browser, server, bob, `/s/${stream}`);
  /** What is on its way to the server while that changes its mind. */
  const held: (() => void)[] = [];
  await page.routeWebSocket(/./, (socket) => {
    const upstream = socket.connectToServer();
    socket.onMessage((data) => {
      if (String(data).includes("too late")) held.push(() => upstream.send(data));
      else upstream.send(data);
    });
    upstream.onMessage((data) => socket.send(data));
  });
  await page.reload();
  const bar = (seconds: number) => ana.ask("PUT", `/circles/${circle}/members/${bob.id}/timeout`, { seconds });
  await composer(page).waitFor();
  for (const text of ["too late for one", "too late for two"]) await say(page, text);
  await expect.poll(() => held.length).toBe(2);
  await bar(3600);
  await page.getByText("You may only read until").waitFor();
  for (const send of held.splice(0)) send();
  const refused = page.getByRole("alert").filter({ hasText: "Not sent." });
  await expect.poll(() => refused.count()).toBe(2);
  await expectAccessible(page);
  await bar(0);
  await composer(page).waitFor();

  // One is sent after all, the other comes back to be written anew.
  await refused.first().getByRole("button", { name: "Try again" }).click();
  await expect.poll(() => held.length).toBe(1);
  held.pop()?.();
  await message(page, "too late for one").waitFor();
  await refused.getByRole("button", { name: "Take it back" }).click();
  await expect.poll(() => composer(page).inputValue()).toBe("too late for two");
  expect(await refused.count()).toBe(0);
  expect(await texts(ana, stream)).toEqual(["too late for one"]);
  await page.close();
  await server.end();
});

test("a change that was begun is there again after a reload, and so is what one answers", async () => {
  const server = await Server.start(BUSY);
  const ana = await server.person("ana");
  const { stream } = await teaOf(ana);
  await post(ana, stream, "The kettle is on");
  await post(ana, stream, "The kettle is off");
  const page = await chat(browser, server, ana, `/s/${stream}`);
  const edit = async (text: string) => {
    await message(page, text).hover();
    await message(page, text).getByRole("button", { name: "More about this message" }).click();
    await page.getByRole("menuitem", { name: "Edit", exact: true }).click();
  };
  const field = page.getByRole("textbox", { name: "Change the message" });
  await edit("The kettle is on");
  await field.fill("The kettle is on since noon");
  // Another one is changed meanwhile, and given up.
  await edit("The kettle is off");
  await expect.poll(() => field.inputValue()).toBe("The kettle is off");
  await field.press("Escape");
  await page.reload();
  await edit("The kettle is on");
  await expect.poll(() => field.inputValue()).toBe("The kettle is on since noon");
  await field.press("Enter");
  await message(page, "The kettle is on since noon").waitFor();
  expect(await texts(ana, stream)).toEqual(["The kettle is on since noon", "The kettle is off"]);

  await message(page, "The kettle is off").hover();
  await message(page, "The kettle is off").getByRole("button", { name: "Reply", exact: true }).click();
  await composer(page).fill("Who said so?");
  await page.reload();
  await page.getByText("Your answer to ana:").waitFor();
  await composer(page).press("Enter");
  await message(page, "Who said so?").waitFor();
  const { messages } = await ana.ask<{ messages: { text: string; reply_to?: number }[] }>("GET", `/streams/${stream}/messages`);
  expect(messages.at(-1)).toMatchObject({ text: "Who said so?", reply_to: expect.any(Number) as unknown });
  await page.close();
  await server.end();
});

test("a session that is revoked leads to signing in, with what was typed kept", async () => {
  const server = await Server.start(BUSY);
  const ana = await server.person("ana");
  const { stream } = await teaOf(ana);
  const page = await chat(browser, server, ana, `/s/${stream}`);
  await composer(page).fill("half a sentence");
  const { sessions } = await ana.ask<{ sessions: { id: string; current: boolean }[] }>("GET", "/sessions");
  for (const { id } of sessions.filter(({ current }) => !current)) await ana.ask("DELETE", `/sessions/${id}`);
  await page.getByText("Please sign in again").waitFor();
  await page.getByLabel("User name").fill("ana");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect.poll(() => composer(page).inputValue()).toBe("half a sentence");
  forgive(browser);
  await page.close();
  await server.end();
});

test("whoever is kicked while reading leaves the circle with a word", async () => {
  const server = await Server.start(BUSY);
  const [ana, bob] = [await server.person("ana"), await server.person("bob")];
  const { circle, stream } = await teaOf(ana, [bob]);
  const page = await chat(browser, server, bob, `/s/${stream}`);
  await composer(page).waitFor();
  await ana.ask("DELETE", `/circles/${circle}/members/${bob.id}`);
  await page.getByText("You were removed from Tea.").waitFor();
  await page.getByText("Where do you want to begin?").waitFor();
  await page.close();
  await server.end();
});

test("two tabs agree on what was read and what was said", async () => {
  const server = await Server.start(BUSY);
  const [ana, bob] = [await server.person("ana"), await server.person("bob")];
  const { circle, stream } = await teaOf(ana, [bob]);
  const ops = await streamOf(ana, { circle }, "ops");
  const one = await chat(browser, server, ana, `/s/${stream}`);
  const two = await one.context().newPage();
  await two.goto(`${server.url}/s/${stream}`);
  await composer(two).waitFor();
  await post(bob, ops, "news");
  await place(one, "ops").getByText("1 unread").waitFor();
  await place(two, "ops").getByText("1 unread").waitFor();
  await two.bringToFront();
  await place(two, "ops").click();
  await message(two, "news").waitFor();
  await place(one, "ops").getByText("1 unread").waitFor({ state: "detached" });
  await say(two, "seen");
  await one.bringToFront();
  await place(one, "ops").click();
  await message(one, "seen").waitFor();
  await one.context().close();
  await server.end();
});

test("a page that the server does not listen to any longer begins again, with everything that was kept", async () => {
  const server = await Server.start(FILES);
  const ana = await server.person("ana");
  const { stream } = await teaOf(ana);
  const page = await chat(browser, server, ana, `/s/${stream}`);
  const sockets: WebSocketRoute[] = [];
  await page.routeWebSocket(/./, (socket) => {
    socket.connectToServer();
    sockets.push(socket);
  });
  await page.reload();
  await composer(page).fill("see the picture");
  const asked = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Attach files" }).click();
  await (await asked).setFiles([png("kettle.png")]);
  const files = page.getByRole("list", { name: "Files of your message" });
  await files.getByText(/^Uploaded/).waitFor();
  await sockets.at(-1)?.close({ code: 4408, reason: "too much" });
  await page.getByText("The server refuses this client.").waitFor();
  await expect.poll(() => composer(page).inputValue()).toBe("see the picture");
  await files.getByText(/^Uploaded/).waitFor();
  await composer(page).press("Enter");
  await page.getByRole("img", { name: "kettle.png" }).waitFor();
  await page.close();
  await server.end();
});

test("a menu that does not come is said not to, and comes when it is asked for again", async () => {
  const server = await Server.start(BUSY);
  const ana = await server.person("ana");
  const { stream } = await teaOf(ana);
  const page = await browser.page();
  await page.route("**/assets/Menu-*", (asked) => asked.abort());
  await page.goto(`${server.url}/s/${stream}`);
  await signIn(page, ana.name);
  const button = page.getByRole("button", { name: "Your menu" });
  await button.click();
  await page.getByText("The server cannot be reached.").waitFor();
  await expect.poll(() => button.getAttribute("aria-expanded")).toBe("false");
  await page.unroute("**/assets/Menu-*");
  await button.click();
  await page.getByRole("menu", { name: "Your menu" }).waitFor();
  forgive(browser);
  await page.close();
  await server.end();
});

test("a dialog or a place that does not come is said not to, and comes when it is asked for again", async () => {
  const server = await Server.start(BUSY);
  const ana = await server.person("ana");
  const { stream } = await teaOf(ana);
  const page = await browser.page();
  for (const name of ["Keys", "Inbox"]) await page.route(`**/assets/${name}-*.js`, (asked) => asked.abort());
  await page.goto(`${server.url}/s/${stream}`);
  await signIn(page, ana.name);
  await page.getByRole("navigation").waitFor();
  await page.keyboard.press("Control+/");
  const said = page.getByText("The server cannot be reached.");
  await said.waitFor();
  await page.unroute("**/assets/Keys-*.js");
  await page.keyboard.press("Control+/");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: /^Inbox/ }).click();
  const main = page.getByRole("main");
  await main.getByRole("alert").waitFor();
  await page.unroute("**/assets/Inbox-*.js");
  await expectAccessible(page);
  await main.getByRole("button", { name: "Try again" }).click();
  await main.getByRole("heading", { name: "Inbox" }).waitFor();
  forgive(browser);
  await page.close();
  await server.end();
});
