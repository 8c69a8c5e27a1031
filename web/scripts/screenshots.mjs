// Pictures of the main pages, in light and dark, at four widths, of a server that begins with the demo.
// Written to the folder that is named, or to `web/screenshots`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { heard, launch } from "./real.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = process.env.KITH_PROGRAM ?? join(root, "target/debug/kith");
const folder = process.argv[2] ?? join(root, "web/screenshots");

const SIZES = [[360, 740], [768, 1024], [1280, 800], [1920, 1080]];
const THEMES = ["light", "dark"];
const WAIT_MS = 20_000;
/** Nobody else opens so many pages in a minute. */
const SETTINGS = { KITH_REQUESTS_PER_SECOND: "100000", KITH_REQUESTS_BURST: "100000" };

/** Each page: how one comes there, where one is signed in. */
const PAGES = {
  stream: async (page) => {
    await page.getByRole("article").last().waitFor();
  },
  places: async (page, narrow) => {
    if (narrow) await page.getByRole("button", { name: "Circles and streams" }).click();
    await page.getByRole("navigation").waitFor();
  },
  thread: async (page) => {
    const thread = page.getByRole("button", { name: /\d+ repl(y|ies)/ }).last();
    // It may be further up than what is in view.
    for (let turns = 0; turns < 20 && (await thread.count()) === 0; turns += 1) {
      await page.getByRole("region", { name: /^Messages in/ }).evaluate((box) => box.scrollBy(0, -box.clientHeight / 2));
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    }
    await thread.click();
    await page.getByRole("region", { name: "Messages in the thread" }).getByRole("article").last().waitFor();
  },
  people: async (page) => {
    await page.getByRole("button", { name: "People", exact: true }).click();
    await page.getByRole("complementary").getByText("Owner").waitFor();
  },
  inbox: async (page, _narrow, url) => {
    await page.goto(`${url}/inbox`);
    await page.getByRole("region", { name: "Inbox" }).getByRole("listitem").first().waitFor();
  },
  switcher: async (page) => {
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").getByRole("option").first().waitFor();
  },
  search: async (page) => {
    await page.keyboard.press("Control+Shift+f");
    const panel = page.getByRole("complementary", { name: "Search" });
    await panel.getByRole("combobox", { name: "Search" }).fill("kiln");
    await panel.getByRole("list").getByRole("link").first().waitFor();
  },
  profile: async (page) => {
    const people = page.getByRole("complementary", { name: "People" });
    // They may be there still.
    if ((await people.count()) === 0) await page.getByRole("button", { name: "People", exact: true }).click();
    await people.getByRole("listitem").getByRole("button").first().click();
    await page.getByRole("dialog").getByRole("heading").first().waitFor();
  },
  "circle-settings": async (page, narrow) => {
    if (narrow) await page.getByRole("button", { name: "Circles and streams" }).click();
    await page.getByRole("button", { name: "Menu of Riverside Makers" }).click();
    await page.getByRole("menuitem", { name: "Settings of Riverside Makers" }).click();
    await page.getByRole("dialog").getByRole("tab").first().waitFor();
  },
  admin: async (page, _narrow, url) => {
    await page.goto(`${url}/admin/overview`);
    await page.getByRole("main").getByRole("img").first().waitFor();
  },
  inspector: async (page, _narrow, url) => {
    await page.goto(`${url}/inspector`);
    await page.getByRole("heading", { name: "Inspector" }).waitFor();
    await page.getByRole("tree").getByRole("treeitem").first().waitFor();
  },
  settings: async (page, _narrow, url) => {
    await page.goto(`${url}/settings/appearance`);
    await page.getByRole("heading", { level: 1 }).first().waitFor();
  },
};

const data = mkdtempSync(join(tmpdir(), "kith-"));
const server = spawn(program, ["serve", "--demo", "--listen", "127.0.0.1:0", "--data", join(data, "data")], { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, ...SETTINGS } });
const exited = once(server, "exit");
let browser;
try {
  const [, url, name, password] = await heard(server, /listening on (.*)\n[^]*sign in as (\w+),.*the password is: (.*)\n/);
  browser = await launch();
  mkdirSync(folder, { recursive: true });
  const looks = THEMES.flatMap((theme) => SIZES.map(([width, height]) => ({ theme, width, height })));
  let session;
  const open = async ({ theme, width, height }) => {
    const look = { viewport: { width, height }, colorScheme: theme, reducedMotion: "reduce", locale: "en-GB" };
    const context = await browser.newContext(session === undefined ? look : { ...look, storageState: session });
    context.setDefaultTimeout(WAIT_MS);
    return context.newPage();
  };
  const shoot = (page, what, { theme, width }) => page.screenshot({ path: join(folder, `${what}-${theme}-${width}.png`) });

  for (const look of looks) {
    const page = await open(look);
    await page.goto(url);
    await page.getByLabel("User name").waitFor();
    await shoot(page, "sign-in", look);
    await page.context().close();
  }
  const first = await open({ theme: "light", width: 1280, height: 800 });
  await first.goto(url);
  await first.getByLabel("User name").fill(name);
  await first.getByLabel("Password").fill(password);
  await first.getByRole("button", { name: "Sign in" }).click();
  await first.getByRole("navigation").locator("a[href^='/c/']").first().click();
  await first.getByRole("navigation").getByRole("link", { name: "general" }).click();
  await first.getByRole("heading", { name: "general", exact: true }).waitFor();
  await first.getByRole("article").last().waitFor();
  const home = new URL(first.url()).pathname;
  session = await first.context().storageState();
  await first.context().close();

  for (const look of looks) {
    const page = await open(look);
    for (const [what, go] of Object.entries(PAGES)) {
      await page.goto(url + home);
      await page.getByRole("article").last().waitFor();
      await go(page, look.width < 760, url);
      await page.evaluate(() => document.fonts.ready);
      await shoot(page, what, look);
    }
    await page.context().close();
  }
  console.log(`pictures are in ${folder}`);
} finally {
  await browser?.close();
  server.kill("SIGKILL");
  await exited;
  rmSync(data, { recursive: true, force: true });
}
