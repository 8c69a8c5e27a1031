// Files are attached to messages: chosen, pasted and dropped, past lost connections and closed pages.

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { expectAccessible, expectFits, type Look } from "./browser.js";
import { chat, composer, forgive, message, place, say, streamOf, type Tea, worldOf } from "./chat.js";
import { blob, png, type Made } from "./files.js";
import { FILES, Server, type Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

const SETTINGS = { ...FILES, KITH_FILES__BYTES_MAX: "5000000" };

stage(SETTINGS);

const world = (at = server) => worldOf(at);
const open = (who: Person, { stream }: Tea, look: Look = {}) => chat(browser, server, who, `/s/${stream}`, look);
const tray = (page: Page) => page.getByRole("list", { name: "Files of your message" });
const inTray = (page: Page, name: string) => tray(page).getByRole("listitem").filter({ hasText: name });
const there = (page: Page, name: string) => inTray(page, name).getByText(/^Uploaded/).waitFor();

async function choose(page: Page, files: readonly Made[], within = page.getByRole("region", { name: /^Stream / })): Promise<void> {
  const asked = page.waitForEvent("filechooser");
  await within.getByRole("button", { name: "Attach files" }).click();
  await (await asked).setFiles([...files]);
}

/** Files as the browser hands them over when they are pasted or dropped. */
const handed = (page: Page, files: readonly Made[]) => page.evaluateHandle((all) => {
  const transfer = new DataTransfer();
  for (const { name, mimeType, bytes } of all) transfer.items.add(new File([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))], name, { type: mimeType }));
  return transfer;
}, files.map(({ name, mimeType, buffer }) => ({ name, mimeType, bytes: buffer.toString("base64") })));

test("they are chosen, pasted and dropped, and go with the message to everybody", async () => {
  const tea = await world();
  const [ana, bob] = [await open(tea.ana, tea), await open(tea.bob, tea)];
  await choose(ana, [png("chosen.png"), blob("chosen.bin", 700_000)]);
  await there(ana, "chosen.bin");
  const clipboardData = await handed(ana, [png("pasted.png")]);
  await composer(ana).evaluate((area, data) => area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })), clipboardData);
  await there(ana, "pasted.png");
  const dataTransfer = await handed(ana, [png("dropped.png")]);
  const list = ana.getByRole("region", { name: /^Stream / });
  await list.dispatchEvent("dragover", { dataTransfer });
  await ana.getByText("Drop to attach to your message in general").waitFor();
  await expectAccessible(ana);
  await list.dispatchEvent("drop", { dataTransfer });
  await there(ana, "dropped.png");
  expect(await ana.getByText("Drop to attach to your message").count()).toBe(0);
  await expectAccessible(ana);
  await say(ana, "Four files");
  expect(await tray(ana).count()).toBe(0);
  for (const page of [ana, bob]) {
    const line = message(page, "Four files");
    for (const name of ["chosen.png", "pasted.png", "dropped.png"]) await line.getByRole("img", { name }).waitFor();
    await line.getByRole("link", { name: /chosen\.bin/ }).waitFor();
  }
  // Of a picture only the picture is sent.
  const picture = message(bob, "Four files").getByRole("img", { name: "chosen.png" });
  await expect.poll(() => picture.evaluate((img) => (img as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
  const { messages } = await tea.bob.ask<{ messages: { seq: number; files: { id: string; name: string; bytes: number }[] }[] }>("GET", `/streams/${tea.stream}/messages`);
  const sent = messages[0]?.files.find(({ name }) => name === "chosen.png");
  const whole = await bob.evaluate(async (path) => (await fetch(path)).text(), `/api/v1/streams/${tea.stream}/messages/${messages[0]?.seq}/files/${sent?.id}`);
  expect(whole.length).toBeGreaterThan(0);
  expect(whole).not.toContain("made for a test");
  // Without a text, too; and in a thread.
  await choose(ana, [png("alone.png")]);
  await ana.getByRole("button", { name: "Send" }).click();
  await bob.getByRole("img", { name: "alone.png" }).waitFor();
  await message(ana, "Four files").hover();
  await message(ana, "Four files").getByRole("button", { name: "Answer in a thread" }).click();
  const thread = ana.getByRole("region", { name: "Thread", exact: true });
  await choose(ana, [blob("inside.bin", 10)], thread);
  await expectAccessible(ana);
  await thread.getByRole("button", { name: "Send" }).click();
  await thread.getByRole("link", { name: /inside\.bin/ }).waitFor();
  await ana.close();
  await bob.close();
});

test("what is too large is refused with words before it is sent, and what is too many is left out", async () => {
  const tea = await world();
  const page = await open(tea.ana, tea, { theme: "dark", width: 360 });
  await choose(page, [blob("huge.bin", 5_000_001), blob("small.bin", 10)]);
  await inTray(page, "huge.bin").getByText("Failed: larger than the 5 MB that this server takes").waitFor();
  await there(page, "small.bin");
  await expectAccessible(page);
  await expectFits(page);
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("A file could not be sent: try it again, or remove it.").waitFor();
  await page.getByRole("button", { name: "Cancel huge.bin" }).click();
  await choose(page, Array.from({ length: 10 }, (_, n) => blob(`${n}.bin`, n + 1)));
  await page.getByText("A message has at most 10 files.").waitFor();
  expect(await tray(page).getByRole("listitem").count()).toBe(10);
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("link", { name: /small\.bin/ }).waitFor();
  await page.close();
});

test("an upload is paused and goes on, past a server that is killed and comes back", async () => {
  const own = await Server.start(SETTINGS);
  const tea = await world(own);
  const [ana, bob] = [await chat(browser, own, tea.ana, `/s/${tea.stream}`), await chat(browser, own, tea.bob, `/s/${tea.stream}`)];
  const large = blob("large.bin", 4_500_000);
  let pieces = 0;
  let killed = Promise.resolve();
  await ana.route("**/api/v1/files/*", async (route) => {
    if (route.request().method() === "PATCH" && (pieces += 1) === 3) await (killed = own.kill());
    await route.continue();
  });
  await choose(ana, [large]);
  await expect.poll(() => pieces).toBeGreaterThanOrEqual(3);
  await killed;
  await ana.getByText("No connection.").waitFor();
  await inTray(ana, "large.bin").getByText("Waiting").waitFor();
  await ana.getByRole("button", { name: "Pause large.bin" }).click();
  await inTray(ana, "large.bin").getByText(/^Paused at (?!0)/).waitFor();
  await ana.getByRole("button", { name: "Continue large.bin" }).click();
  await say(ana, "It is large");
  await ana.getByRole("article", { name: "Your message" }).getByText("large.bin").waitFor();
  await ana.getByText("Waits for a connection").waitFor();
  await own.again();
  const link = message(bob, "It is large").getByRole("link", { name: /large\.bin/ });
  await link.waitFor({ timeout: 40_000 });
  const saving = bob.waitForEvent("download");
  await link.click();
  const { readFile } = await import("node:fs/promises");
  expect((await readFile(await (await saving).path())).equals(large.buffer)).toBe(true);
  await message(ana, "It is large").getByRole("link", { name: /large\.bin/ }).waitFor();
  forgive(browser);
  await ana.close();
  await bob.close();
  await own.end();
});

test("what waits with its files is sent by the page that is opened next, and can be taken back before", async () => {
  const own = await Server.start(SETTINGS);
  const tea = await world(own);
  const page = await chat(browser, own, tea.ana, `/s/${tea.stream}`);
  await composer(page).waitFor();
  // What shows files, and what else is needed here, comes after what one came for.
  await page.waitForFunction(() => {
    const files = performance.getEntriesByType("resource").map(({ name }) => name);
    return [/\/Tray-.*\.js$/, /\/OwnFiles-.*\.js$/, /\/Formatting-.*\.css$/, /\/strip-.*\.js$/].every((one) => files.some((name) => one.test(name)));
  });
  await own.kill();
  await page.getByText("No connection.").waitFor();
  await choose(page, [png("first.png"), blob("second.bin", 400_000)]);
  await say(page, "Later");
  const waits = page.getByRole("article", { name: "Your message" });
  await waits.getByText("Waits for a connection").waitFor();
  await expectAccessible(page);
  await waits.getByRole("button", { name: "Take it back" }).click();
  expect(await composer(page).inputValue()).toBe("Later");
  await inTray(page, "second.bin").waitFor();
  await page.getByRole("button", { name: "Cancel first.png" }).click();
  await composer(page).press("Enter");
  await waits.getByText("second.bin").waitFor();
  const again = own.again();
  await page.goto("about:blank");
  await again;
  await page.goto(own.url);
  const line = message(page, "Later");
  await line.getByRole("link", { name: /second\.bin/ }).waitFor({ timeout: 40_000 });
  expect(await page.getByText("first.png").count()).toBe(0);
  forgive(browser);
  await page.close();
  await own.end();
});

test("a draft keeps its files, over reloads and until one signs out", async () => {
  const tea = await world();
  await streamOf(tea.ana, tea, "ops");
  const page = await open(tea.ana, tea);
  await choose(page, [png("kept.png"), blob("kept.bin", 300_000)]);
  await there(page, "kept.png");
  await there(page, "kept.bin");
  await place(page, "ops").click();
  await place(page, "general").getByText("Begun to write").waitFor();
  expect(await tray(page).count()).toBe(0);
  await place(page, "general").click();
  await there(page, "kept.bin");
  await page.reload();
  await there(page, "kept.png");
  await page.getByRole("button", { name: "Remove kept.bin" }).click();
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("img", { name: "kept.png" }).waitFor();
  await choose(page, [blob("secret.bin", 1000)]);
  await there(page, "secret.bin");
  await page.getByRole("button", { name: "Your menu" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByLabel("User name").waitFor();
  const kept = () => page.evaluate(() => new Promise<number>((resolve) => {
    const asked = indexedDB.open("kith");
    asked.onsuccess = () => {
      const counted = asked.result.transaction("files").objectStore("files").count();
      counted.onsuccess = () => resolve(counted.result);
    };
  }));
  await expect.poll(kept).toBe(0);
  await page.close();
});

test("whoever may not attach files sees it before, and a server that takes none offers nothing", async () => {
  const tea = await world();
  const { circle } = await tea.ana.ask<{ circle: { everyone: string; roles: Record<string, { name: string; allow: string[] }> } }>("GET", `/circles/${tea.circle}`);
  const { name, allow } = circle.roles[circle.everyone] as { name: string; allow: string[] };
  const page = await open(tea.bob, tea);
  await page.getByRole("button", { name: "Attach files" }).waitFor();
  await tea.ana.ask("PUT", `/circles/${tea.circle}/roles/${circle.everyone}`, { name, allow: allow.filter((one) => one !== "attach"), rank: 0 });
  await page.getByRole("button", { name: "You may not attach files here." }).waitFor();
  await expectAccessible(page);
  const dataTransfer = await handed(page, [png("tea.png")]);
  const list = page.getByRole("region", { name: /^Stream / });
  await list.dispatchEvent("dragover", { dataTransfer });
  await list.getByText("You may not attach files here.").waitFor();
  await list.dispatchEvent("drop", { dataTransfer });
  expect(await tray(page).count()).toBe(0);
  await page.close();

  const own = await Server.start({ ...SETTINGS, KITH_FILES__STORE: "off" });
  const without = await world(own);
  const other = await chat(browser, own, without.ana, `/s/${without.stream}`);
  await composer(other).waitFor();
  expect(await other.getByRole("button", { name: "Attach files" }).count()).toBe(0);
  await other.close();
  await own.end();
});
