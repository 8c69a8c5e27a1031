// The chat over networks and servers as they are: slow, gone in the middle of a word, and shared with those
// at a terminal.

import type { Page, WebSocketRoute } from "playwright-core";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { heard } from "../scripts/real.mjs";
import { Chromium, expectAccessible, signIn } from "./browser.js";
import { chat, composer, forgive, message, place, post, say, texts, worldOf } from "./chat.js";
import { blob } from "./files.js";
import { slow } from "./network.js";
import { BUSY, FILES, serve, Server } from "./server.js";
import { Shell } from "./shell.js";

let browser: Chromium;

beforeAll(async () => {
  browser = await Chromium.start();
});

afterAll(async () => {
  await browser.end();
});

/** Makes the network of a page as slow as in a train; what comes back says how much of a second goes up from then on. */
async function inTrain(page: Page): Promise<(up: number) => Promise<unknown>> {
  const network = await slow(page, 300);
  const set = (up: number) => network(150_000, up);
  // A file goes up for as long as the test wants.
  await set(1000);
  return set;
}

test("over a slow network the page opens, and what is said does not wait for a file that is on its way", async () => {
  const server = await Server.start(FILES);
  const { ana, bob, stream } = await worldOf(server);
  await post(bob, stream, "from before");
  const page = await chat(browser, server, ana, `/s/${stream}`);
  const upload = await inTrain(page);
  await page.reload();
  await message(page, "from before").waitFor();
  const asked = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Attach files" }).click();
  await (await asked).setFiles([blob("kettle.bin", 60_000)]);
  await composer(page).fill("with a file");
  await composer(page).press("Enter");
  // It says what it waits for, and others go before.
  await page.getByText("Waits for its files").waitFor();
  await say(page, "meanwhile");
  await expect.poll(() => texts(bob, stream)).toContain("meanwhile");
  await post(bob, stream, "an answer");
  await message(page, "an answer").waitFor();
  await page.getByText("Waits for its files").waitFor();
  await upload(200_000);
  await expect.poll(() => texts(bob, stream)).toContain("with a file");
  await message(page, "with a file").getByText("kettle.bin").waitFor();
  expect((await texts(bob, stream)).toSorted()).toEqual(["an answer", "from before", "meanwhile", "with a file"]);
  await page.close();
  await server.end();
});

test.each(["before the server has it", "before the page hears that the server has it"])("what is on its way when the server is killed, %s, is there once", async (when) => {
  const server = await Server.start(BUSY);
  const { ana, bob, stream } = await worldOf(server);
  const page = await chat(browser, server, ana, `/s/${stream}`);
  /** What comes no further, from either side, while it is held. */
  let held: "nothing" | "what is sent" | "what is answered" = "nothing";
  const stopped: string[] = [];
  await page.routeWebSocket(/./, (socket: WebSocketRoute) => {
    const upstream = socket.connectToServer();
    socket.onMessage((data) => {
      if (held === "what is sent") stopped.push(String(data));
      else upstream.send(data);
    });
    upstream.onMessage((data) => {
      if (held !== "what is answered") socket.send(data);
    });
  });
  await page.reload();
  await say(page, "from before");
  await message(page, "from before").waitFor();
  await expect.poll(() => texts(bob, stream)).toEqual(["from before"]);
  held = when === "before the server has it" ? "what is sent" : "what is answered";
  await say(page, "in the middle");
  if (held === "what is sent") await expect.poll(() => stopped.join(" ")).toContain("in the middle");
  else await expect.poll(() => texts(bob, stream)).toContain("in the middle");
  await server.kill();
  held = "nothing";
  await page.getByText("No connection.").waitFor();
  await server.again();
  await page.getByText("No connection.").waitFor({ state: "detached" });
  await expect.poll(() => texts(bob, stream)).toEqual(["from before", "in the middle"]);
  await say(page, "and after");
  await expect.poll(() => texts(bob, stream)).toEqual(["from before", "in the middle", "and after"]);
  await message(page, "and after").waitFor();
  expect(await message(page, "in the middle").count()).toBe(1);
  expect(await page.getByText("Waits for a connection").count()).toBe(0);
  forgive(browser);
  await page.close();
  await server.end();
});

test("somebody at a page and somebody at a command line are in one talk", async () => {
  const server = await Server.start(BUSY);
  const { ana, bob, stream, made } = await worldOf(server);
  const page = await chat(browser, server, ana, `/s/${stream}`);
  const shell = await Shell.of(server.url, bob.name);
  onTestFinished(() => shell.end());
  const where = `Tea ${made}/general`;
  const reads = shell.begin("read", where, "--follow");
  await shell.run("send", where, "The **kettle** is on");
  await page.getByRole("article").filter({ hasText: "The kettle is on" }).getByText("kettle", { exact: true }).waitFor();
  await say(page, "I am coming");
  await reads(/I am coming/);
  const [{ seq } = { seq: 0 }] = (await ana.ask<{ messages: { seq: number; text: string }[] }>("GET", `/streams/${stream}/messages`)).messages.filter(({ text }) => text === "I am coming");
  await shell.run("send", where, "Bring milk", "--reply-to", String(seq));
  await message(page, "Bring milk").getByRole("button", { name: /Answers:.*I am coming/ }).waitFor();
  await shell.run("dm", `@${ana.name}`, "Only for you");
  await page.getByRole("navigation").getByRole("link", { name: "Conversations" }).click();
  await place(page, bob.name).click();
  await message(page, "Only for you").waitFor();
  await say(page, "And for you");
  await expect.poll(() => shell.run("read", `@${ana.name}`)).toContain("And for you");
  await page.close();
  await server.end();
});

test("the demo shows its talk to whoever signs in as it says", async () => {
  const data = mkdtempSync(join(tmpdir(), "kith-"));
  const program = serve(data, ["--demo"]);
  onTestFinished(() => {
    program.kill("SIGKILL");
    rmSync(data, { recursive: true });
  });
  const [, url = "", name = "", password = ""] = await heard(program, /^kith: listening on (\S+)[^]*?sign in as (\w+)[^]*?the password is: (.+)\n/);
  const page = await browser.page();
  await page.goto(url);
  await signIn(page, name, password);
  await place(page, "Riverside Makers").click();
  for (const stream of ["announcements", "workshop", "kiln", "lunch"]) await place(page, stream).waitFor();
  await place(page, "kiln").click();
  await page.getByRole("heading", { name: "kiln", exact: true }).waitFor();
  await page.getByRole("region", { name: "Messages in kiln" }).getByRole("article").nth(3).waitFor();
  await expectAccessible(page);
  await say(page, "It works");
  await message(page, "It works").waitFor();
  await page.close();
});

test("the chat is served with a strict policy, and can be installed", async () => {
  const server = await Server.start(BUSY);
  for (const path of ["/", "/inbox", "/s/s_nowhere/7"]) {
    const page = await fetch(server.url + path, { headers: { accept: "text/html" } });
    expect(page.status, path).toBe(200);
    const policy = page.headers.get("content-security-policy") ?? "";
    for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "manifest-src 'self'", "worker-src 'self'"]) expect(policy).toContain(part);
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await page.text()).not.toMatch(/<style|style=|<script>|\son\w+=/);
  }
  const html = await (await fetch(server.url)).text();
  const link = /<link[^>]*rel="manifest"[^>]*href="([^"]+)"|<link[^>]*href="([^"]+)"[^>]*rel="manifest"/.exec(html);
  const answer = await fetch(server.url + (link?.[1] ?? link?.[2] ?? "/nothing"));
  expect(answer.headers.get("content-type")).toContain("application/manifest+json");
  const manifest = (await answer.json()) as { name: string; start_url: string; display: string; icons: { src: string; sizes: string; purpose?: string }[] };
  expect(manifest).toMatchObject({ name: "Kith", start_url: "/", display: "standalone" });
  expect(manifest.icons.map(({ sizes }) => sizes)).toEqual(expect.arrayContaining(["192x192", "512x512"]));
  expect(manifest.icons.some(({ purpose }) => purpose === "maskable")).toBe(true);
  for (const { src } of manifest.icons) {
    const icon = await fetch(new URL(src, answer.url));
    expect([icon.status, icon.headers.get("content-type")?.startsWith("image/")], src).toEqual([200, true]);
  }
  await server.end();
});
