// Videos in the chat: their place, playing, and what can be done where one cannot be played.

import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { expectAccessible, expectFits } from "./browser.js";
import { chat, message, post, worldOf } from "./chat.js";
import { upload } from "./files.js";
import { slow } from "./network.js";
import { FILES } from "./server.js";
import { browser, server, stage } from "./stage.js";
import { brokenWebm, webm } from "./video.js";

stage(FILES);

/** One for each second. */
const COLOURS = ["#c02020", "#20c020", "#2020c0", "#c0c020", "#20c0c0", "#c020c0", "#c0c0c0", "#602020", "#206020", "#202060", "#606020", "#c06020"];

test("a video has its place before it is there, is played and sought by keys, and only what is looked at is loaded", async () => {
  const { ana, bob, stream } = await worldOf(server);
  const page = await chat(browser, server, bob, `/s/${stream}`);
  const kettle = await webm(page, "kettle.webm", { width: 320, height: 240, colours: COLOURS, padding: 1_000_000 });
  const asked: { from: string | undefined; status: number }[] = [];
  page.on("response", (response) => {
    if (/\/files\/f_/.test(response.url())) asked.push({ from: response.request().headers()["range"], status: response.status() });
  });
  let let_through = () => {};
  const held = new Promise<void>((resolve) => (let_through = resolve));
  await page.route(/\/files\/f_[^/]*$/, async (route) => {
    await held;
    await route.continue();
  });
  await post(ana, stream, "Watch it boil", { files: [await upload(ana, kettle)] });
  const video = message(page, "Watch it boil").locator("video");
  const place = () => video.boundingBox();
  await video.waitFor();
  const before = await place();
  // So that not all of it can be there before anybody asked for it.
  const network = await slow(page);
  await network(1_000_000);
  let_through();
  await expect.poll(() => video.evaluate((video) => (video as HTMLVideoElement).duration)).toBe(COLOURS.length);
  await page.unroute(/\/files\/f_[^/]*$/);
  expect(await place()).toEqual(before);
  expect(before!.width / before!.height).toBeCloseTo(16 / 9, 1);
  await expectAccessible(page);
  await expectFits(page);

  const is = (what: "paused" | "currentTime") => video.evaluate((video, what) => (video as HTMLVideoElement)[what], what);
  /** Of which second the picture is that is seen. */
  const seen = () => video.evaluate((video, colours) => {
    const canvas = new OffscreenCanvas(1, 1);
    const brush = canvas.getContext("2d")!;
    brush.drawImage(video as HTMLVideoElement, 0, 0, 1, 1);
    const shown = brush.getImageData(0, 0, 1, 1).data;
    const far = colours.map((colour) => [1, 3, 5].reduce((sum, at, part) => sum + Math.abs(parseInt(colour.slice(at, at + 2), 16) - shown[part]!), 0));
    return far.indexOf(Math.min(...far));
  }, COLOURS);
  const seek = (to: number) => video.evaluate((video, to) => new Promise((sought) => {
    video.addEventListener("seeked", sought, { once: true });
    (video as HTMLVideoElement).currentTime = to;
  }), to);
  // What is far from what is there is asked for by itself, while nobody plays it and more comes.
  asked.length = 0;
  await seek(10.5);
  await expect.poll(seen).toBe(10);
  const parts = () => asked.filter(({ from }) => /^bytes=[1-9]/.test(from ?? ""));
  await expect.poll(() => parts().length).toBeGreaterThan(0);
  expect(parts().every(({ status }) => status === 206)).toBe(true);
  await network(-1);

  await seek(0);
  await video.focus();
  await page.keyboard.press("Space");
  await expect.poll(() => is("paused")).toBe(false);
  await expect.poll(() => is("currentTime")).toBeGreaterThan(0.2);
  await page.keyboard.press("Space");
  await expect.poll(() => is("paused")).toBe(true);
  // Each goes on by a hundredth.
  const then = Number(await is("currentTime"));
  for (let press = 0; press < 10; press += 1) await page.keyboard.press("ArrowRight");
  await expect.poll(() => is("currentTime")).toBeGreaterThan(then + 1);

  const saving = page.waitForEvent("download");
  await message(page, "Watch it boil").getByRole("link", { name: "Download kettle.webm" }).click();
  const saved = await saving;
  expect(saved.suggestedFilename()).toBe("kettle.webm");
  expect((await readFile(await saved.path())).equals(kettle.buffer)).toBe(true);
  await page.close();
});

test("of a video that cannot be played this is said, and it can be saved or tried again", async () => {
  const { ana, bob, stream } = await worldOf(server);
  const broken = brokenWebm("broken.webm");
  await post(ana, stream, "Does it play?", { files: [await upload(ana, broken)] });
  const page = await chat(browser, server, bob, `/s/${stream}`, { width: 360, theme: "dark" });
  const line = message(page, "Does it play?");
  await line.getByText("This browser cannot play broken.webm.").waitFor();
  expect(await line.locator("video").count()).toBe(0);
  await expectAccessible(page);
  await expectFits(page);
  const saving = page.waitForEvent("download");
  await line.getByRole("link", { name: /broken\.webm/ }).click();
  expect((await readFile(await (await saving).path())).equals(broken.buffer)).toBe(true);
  await line.getByRole("button", { name: "Try again" }).click();
  await line.getByText("This browser cannot play broken.webm.").waitFor();
  browser.takeComplaints();
  await page.close();
});
