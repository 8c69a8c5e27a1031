// Files in the chat: what a message has with it, and how it is looked at and saved.

import { readFile } from "node:fs/promises";
import type { Locator, Page } from "playwright-core";
import { expect, test } from "vitest";
import { expectAccessible, expectFits, type Look } from "./browser.js";
import { chat, message, post, type Tea, worldOf } from "./chat.js";
import { blob, png, sendFromTerminal, upload, wav } from "./files.js";
import { FILES, type Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage(FILES);

const world = () => worldOf(server);
const open = (who: Person, { stream }: Tea, look: Look = {}) => chat(browser, server, who, `/s/${stream}`, look);
const viewer = (page: Page, name: string) => page.getByRole("dialog", { name });
const isLoaded = (image: Locator) => expect.poll(() => image.evaluate((img) => (img as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);

test("what comes from a terminal is shown: pictures in a grid and in full, by the keyboard", async () => {
  const tea = await world();
  const page = await open(tea.bob, tea);
  await sendFromTerminal(tea.ana, tea.stream, png("hills.png", 800, 500));
  const hills = page.getByRole("button", { name: "Open hills.png" });
  await isLoaded(hills.getByRole("img", { name: "hills.png" }));
  const shape = (await hills.boundingBox())!;
  expect(shape.width / shape.height).toBeCloseTo(1.6, 1);

  const files = [];
  for (const one of [png("one.png"), png("two.png", 30, 90), png("three.png"), png("four.png"), png("five.png")]) files.push(await upload(tea.ana, one));
  await post(tea.ana, tea.stream, "five", { files });
  await page.getByRole("button", { name: "Open four.png, +1 more" }).waitFor();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Open two.png" }).press("Enter");
  await viewer(page, "two.png").getByText("Picture 3 of 6").waitFor();
  await isLoaded(viewer(page, "two.png").getByRole("img"));
  await expectAccessible(page);
  await page.keyboard.press("ArrowRight");
  await viewer(page, "three.png").waitFor();
  await page.keyboard.press("+");
  await expect.poll(() => viewer(page, "three.png").getByRole("button", { name: "Smaller" }).isEnabled()).toBe(true);
  // Before the first of the message is the last of the one before.
  for (const [key, name] of [["ArrowLeft", "two.png"], ["ArrowLeft", "one.png"], ["ArrowLeft", "hills.png"], ["ArrowRight", "one.png"], ["ArrowRight", "two.png"], ["ArrowRight", "three.png"]] as const) {
    await page.keyboard.press(key);
    await viewer(page, name).waitFor();
  }
  const saving = page.waitForEvent("download");
  await viewer(page, "three.png").getByRole("link", { name: "Download three.png" }).click();
  expect((await saving).suggestedFilename()).toBe("three.png");
  await page.keyboard.press("Escape");
  await viewer(page, "three.png").waitFor({ state: "detached" });
  expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Open two.png");
  await page.close();
});

test("sounds are played, other files are saved as they were, and a message that is deleted takes them with it", async () => {
  const tea = await world();
  const page = await open(tea.bob, tea, { theme: "dark" });
  const report = blob("report of the year.bin", 300_000);
  const files = [await upload(tea.ana, wav("bell.wav")), await upload(tea.ana, report), await upload(tea.ana, png("tea.png"))];
  const seq = await post(tea.ana, tea.stream, "", { files });
  const sound = page.getByLabel("bell.wav", { exact: true });
  await expect.poll(() => sound.evaluate((audio) => (audio as HTMLAudioElement).duration)).toBeCloseTo(1, 1);
  await expectAccessible(page);
  const saving = page.waitForEvent("download");
  await page.getByRole("link", { name: /report of the year\.bin/ }).click();
  const saved = await saving;
  expect(saved.suggestedFilename()).toBe("report of the year.bin");
  expect((await readFile(await saved.path())).equals(report.buffer)).toBe(true);

  // Without a text, its files say what it is.
  await post(tea.ana, tea.stream, "Look above", { reply_to: seq });
  await message(page, "Look above").getByText("3 files").waitFor();
  // What is still being asked for when its message goes is not found.
  const whole = page.waitForResponse((response) => response.url().endsWith(`/files/${files[2]}`));
  await page.getByRole("button", { name: "Open tea.png" }).click();
  await viewer(page, "tea.png").waitFor();
  await (await whole).finished();
  await tea.ana.ask("DELETE", `/streams/${tea.stream}/messages/${seq}`);
  await viewer(page, "tea.png").waitFor({ state: "detached" });
  await page.getByText("report of the year.bin").waitFor({ state: "detached" });
  await page.close();
});

test.each([["light", 1280], ["dark", 360]] as const)("they fit and are accessible, %s, %i wide", async (theme, width) => {
  const tea = await world();
  const files = [];
  for (const one of [png("wide.png", 2000, 300), wav("a sound with a name that is so long that it does not fit.wav"), blob("a file with a name that is so long that it does not fit anywhere.tar.gz", 9)]) files.push(await upload(tea.ana, one));
  await post(tea.ana, tea.stream, "All sorts", { files });
  const page = await open(tea.bob, tea, { theme, width });
  await isLoaded(page.getByRole("img", { name: "wide.png" }));
  await page.locator("audio").waitFor();
  await expectAccessible(page);
  await expectFits(page);
  await page.close();
});
