// Every page of the chat is accessible and fits, light and dark, wide and narrow, wherever lines begin: each
// address that there is, and what each shows where there is nothing, no connection and no session. What is
// opened above them is in `chat.dialogs.test.ts`, the inspector in `shown.test.ts`.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { parseRoute } from "../src/chat/model/route.js";
import { NARROW_PX } from "../src/chat/view.svelte.js";
import { expectFits, faults, signIn, type Look } from "./browser.js";
import { chat, post, say, streamOf, teaOf } from "./chat.js";
import { png, upload } from "./files.js";
import { FILES, type Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage(FILES);

/** Ana has everything and administers the site, bob may read little, cyd has nothing yet. */
type Who = "nobody" | "ana" | "bob" | "cyd";

interface Visit {
  readonly who: Who;
  /** Where it is; what stands in braces is made beforehand. */
  readonly path: string;
  /** What one sees there, after what is done first. */
  readonly shows: string | ((page: Page, narrow: boolean) => Promise<unknown>);
}

const people = {} as Record<Exclude<Who, "nobody">, Person>;
/** What stands in the braces of addresses. */
const made: Record<string, string | number> = { token: "0123456789abcdef" };

const source = (path: string) => readFileSync(fileURLToPath(new URL(`../src/chat/${path}`, import.meta.url)), "utf8");

/** The parts that the settings or the administration have. */
function parts(of: "settings" | "admin"): readonly string[] {
  return [...source(`${of}/parts.ts`).matchAll(/\{ part: "(\w+)"/g)].map(([, part = ""]) => part);
}

const addressOf = (path: string) => new URL(path.replace(/\{(\w+)\}/g, (_, name: string) => String(made[name])), server.url);

/** A part is there, with all that it asks the server for. */
async function isWhole(page: Page): Promise<void> {
  await page.getByRole("main").getByRole("heading", { level: 1 }).filter({ hasNotText: "Kith" }).waitFor();
  await page.getByText("Loading …").waitFor({ state: "hidden" });
}

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

const VISITS: readonly Visit[] = [
  { who: "nobody", path: "/", shows: "Welcome" },
  { who: "nobody", path: "/signin", shows: async (page) => {
    await signIn(page, "ana", "the wrong password");
    await page.getByText("There is no such user name with this password.").waitFor();
  } },
  { who: "nobody", path: "/signup", shows: "As others see it." },
  { who: "nobody", path: "/invite/{code}", shows: "You are invited to Tea" },
  { who: "nobody", path: "/invite/nowhere", shows: "This invite is not valid, or no longer." },
  { who: "nobody", path: "/signup#owner={token}", shows: "This site is yours" },
  { who: "nobody", path: "/reset#{token}", shows: "Choose one that you use nowhere else." },
  { who: "cyd", path: "/", shows: "Where do you want to begin?" },
  { who: "cyd", path: "/inbox", shows: "Nothing here." },
  { who: "cyd", path: "/invite/{code}", shows: "2 members" },
  { who: "cyd", path: "/invite/nowhere", shows: "This invite is not valid, or no longer." },
  { who: "cyd", path: "/signup#owner={token}", shows: "Nobody owns this site yet." },
  { who: "bob", path: "/admin", shows: "There is nothing here" },
  { who: "bob", path: "/c/{sealed}", shows: "No stream that you can read." },
  { who: "bob", path: "/s/{archive}", shows: "This stream is archived. Nobody can write in it." },
  { who: "bob", path: "/s/{alone}", shows: "You are the first here." },
  { who: "ana", path: "/inbox", shows: "answers you" },
  { who: "ana", path: "/c/{circle}", shows: async (page, narrow) => {
    if (narrow) await page.getByRole("navigation").getByRole("link", { name: "ops" }).waitFor();
    else await page.getByRole("link", { name: "https://tea.example" }).waitFor();
  } },
  { who: "ana", path: "/s/{ops}", shows: "ops begins here" },
  { who: "ana", path: "/s/{stream}", shows: async (page) => {
    await page.getByRole("link", { name: "https://tea.example" }).waitFor();
    await page.getByRole("img", { name: "kettle.png" }).waitFor();
  } },
  { who: "ana", path: "/s/{stream}/{first}", shows: async (page) => {
    await button(page, "1 pinned message").click();
    await page.getByRole("dialog").getByText("Good morning").waitFor();
  } },
  { who: "ana", path: "/s/{stream}/{answer}/thread", shows: "In here" },
  { who: "ana", path: "/s/{stream}", shows: async (page) => {
    await button(page, "People").click();
    await page.getByRole("complementary", { name: "People" }).getByText("Owner").waitFor();
  } },
  { who: "ana", path: "/s/{stream}", shows: async (page) => {
    await button(page, "Search").click();
    const side = page.getByRole("complementary", { name: "Search" });
    await side.getByRole("combobox").fill("morning");
    await side.locator("mark").first().waitFor();
  } },
  { who: "ana", path: "/d/{bob}", shows: "Your conversation with bob" },
  { who: "ana", path: "/p/{bob}", shows: "There is no private session with bob in this page" },
  { who: "ana", path: "/settings", shows: "Settings" },
  ...parts("settings").map((part): Visit => ({ who: "ana", path: `/settings/${part}`, shows: isWhole })),
  { who: "ana", path: "/admin", shows: "Site administration" },
  ...parts("admin").map((part): Visit => ({ who: "ana", path: `/admin/${part}`, shows: isWhole })),
  // From here on without a connection, and then without a session.
  { who: "ana", path: "/s/{stream}", shows: async (page) => {
    await page.routeWebSocket(/./, (socket) => void socket.close());
    await page.reload();
    await page.getByText("No connection.").waitFor();
    await page.getByText("You see what was here on").waitFor();
    await say(page, "sent from nowhere");
    await page.getByText("Waits for a connection").waitFor();
  } },
  { who: "bob", path: "/", shows: async (page) => {
    await page.evaluate(() => localStorage.removeItem("kith.shown"));
    await page.routeWebSocket(/./, (socket) => void socket.close());
    await page.reload();
    await page.getByText("The server cannot be reached.").waitFor();
  } },
  { who: "cyd", path: "/", shows: async (page) => {
    await page.getByText("Where do you want to begin?").waitFor();
    const { sessions } = await people["cyd"].ask<{ sessions: { id: string; current: boolean }[] }>("GET", "/sessions");
    for (const { id } of sessions.filter(({ current }) => !current)) await people["cyd"].ask("DELETE", `/sessions/${id}`);
    await page.getByText("Please sign in again").waitFor();
  } },
];

beforeAll(async () => {
  for (const name of ["ana", "bob", "cyd"] as const) people[name] = await server.person(name);
  const { ana, bob } = people;
  const tea = await teaOf(ana, [bob]);
  const { stream } = tea;
  const first = await post(bob, stream, "# Good morning\n\n**ana**, look at `kettle.rs`:\n\n```rust\nfn main() { println!(\"tea\"); }\n```\n\n> It boils\n\n- water\n- ||leaves||\n\nhttps://tea.example and @ana");
  const answer = await post(ana, stream, "Morning!", { reply_to: first });
  await post(bob, stream, "In here", { thread: answer });
  await post(bob, stream, "Soon", { reply_to: answer });
  await post(ana, stream, "a picture", { files: [await upload(ana, png("kettle.png"))] });
  await ana.ask("PUT", `/streams/${stream}/messages/${first}/reactions/🫖`, {});
  await ana.ask("PUT", `/streams/${stream}/messages/${first}/pin`, {});
  const { code } = await ana.ask<{ code: string }>("POST", `/circles/${tea.circle}/invites`, {});
  const ops = await streamOf(ana, tea, "ops");
  const archive = await streamOf(ana, tea, "archive");
  await ana.ask("PUT", `/streams/${archive}`, { name: "archive", archived: true });
  const sealed = await teaOf(ana, [bob], "Sealed");
  const window = await ana.ask<{ circles: { circle: { id: string; everyone: string } }[] }>("GET", "/window");
  const everyone = window.circles.find(({ circle }) => circle.id === sealed.circle)?.circle.everyone ?? "";
  await ana.ask("PUT", `/streams/${sealed.stream}/deny`, { deny: { [everyone]: ["read"] } });
  const { stream: alone } = await teaOf(bob, [], "Alone");
  await ana.ask("PUT", `/blocks/${(await server.person("dee")).id}`, {});
  await ana.ask("POST", "/site/owner", { token: server.owner.split("#owner=")[1] });
  Object.assign(made, { circle: tea.circle, sealed: sealed.circle, stream, ops, archive, alone, first, answer, code, bob: bob.id });
});

/** A window of somebody, signed in where they are anybody. */
async function windowOf(who: Who, look: Look): Promise<Page> {
  return who === "nobody" ? browser.page(look) : chat(browser, server, people[who], "/", look);
}

test("every address of the page is visited below", () => {
  const all = new Set([...source("model/route.ts").matchAll(/readonly at: "(\w+)"/g)].map(([, at]) => at));
  const visited = new Set(VISITS.map(({ path }) => parseRoute(addressOf(path).pathname).at));
  expect([...visited].toSorted()).toEqual([...all].toSorted());
  expect(parts("settings").length + parts("admin").length).toBeGreaterThan(10);
});

test.each([
  { theme: "light", width: 1280 },
  { theme: "light", width: 360 },
  { theme: "dark", width: 1280 },
  { theme: "dark", width: 360 },
] as const)("every page is accessible and fits ($theme, $width wide)", async ({ theme, width }) => {
  const windows = new Map<Who, Page>();
  const failed: string[] = [];
  for (const { who, path, shows } of VISITS) {
    const page = windows.get(who) ?? (await windowOf(who, { theme, width }));
    windows.set(who, page);
    try {
      await page.goto(addressOf(path).href);
      if (typeof shows === "function") await shows(page, width < NARROW_PX);
      else await page.getByText(shows).first().waitFor();
      failed.push(...(await faults(page)).map((fault) => `${who} at ${path}: ${fault}`));
      for (const dir of ["rtl", "ltr"]) {
        await page.evaluate((dir) => (document.documentElement.dir = dir), dir);
        await expectFits(page);
      }
    } catch (error) {
      failed.push(`${who} at ${path}: ${String(error)}`);
    }
  }
  expect(failed).toEqual([]);
  // The browser itself tells of answers with an error, and of connections that were cut off.
  expect(browser.takeComplaints().filter((text) => !/status of 40[134]|WebSocket/.test(text))).toEqual([]);
  for (const page of windows.values()) await page.close();
}, 240_000);
