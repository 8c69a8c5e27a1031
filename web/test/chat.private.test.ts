// Private sessions in the page: with another page, and with a command line.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectAccessible, type Look } from "./browser.js";
import { chat, composer, message, post, say, type World as Pair, worldOf } from "./chat.js";
import { CommandLine } from "./command.js";
import { accept, connected, invitationOf, invite, talkWith } from "./private.js";
import { RELAYING, Server, type Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

/** One that relays, beside that of the others, which does not; it ends after the browser. */
let relaying: Server;

beforeAll(async () => {
  relaying = await Server.start(RELAYING);
});

afterAll(() => relaying.end());

stage();

interface World extends Pair {
  readonly at: Server;
}

const world = async (at: Server): Promise<World> => ({ at, ...(await worldOf(at)) });
const open = (who: Person, { at, stream }: World, look: Look = {}) => chat(browser, at, who, `/s/${stream}`, look);
const lines = (page: Page): Locator => page.getByRole("log");
const words = (page: Page): Promise<string[]> => page.getByRole("list", { name: "Words to compare" }).getByRole("listitem").allInnerTexts();

/** Two pages that are connected. */
async function pair(of: World): Promise<[Page, Page]> {
  const [ana, bob] = [await open(of.ana, of), await open(of.bob, of)];
  await invite(ana, of.bob);
  await accept(bob, of.ana);
  await connected(ana);
  await connected(bob);
  return [ana, bob];
}

/** Both invite each other once both can: whoever cannot yet is not reached. */
async function inviteAtOnce(...pages: readonly Page[]): Promise<void> {
  const buttons = pages.map((page) => page.getByRole("button", { name: "Invite", exact: true }));
  for (const button of buttons) await expect.poll(() => button.isEnabled()).toBe(true);
  await Promise.all(buttons.map((button) => button.click()));
}

const privately = (page: Page, who: Person): Locator => page.getByRole("textbox", { name: `Write to ${who.name} privately` });

async function write(page: Page, who: Person, text: string): Promise<void> {
  await privately(page, who).fill(text);
  await privately(page, who).press("Enter");
}

/** Offers a file of these bytes. */
async function give(page: Page, name: string, buffer: Buffer): Promise<void> {
  const choosing = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Offer files" }).click();
  await (await choosing).setFiles({ name, mimeType: "application/octet-stream", buffer });
}

/** Takes a file and saves it; what was saved. */
async function take(page: Page, name: string): Promise<Buffer> {
  await page.getByRole("button", { name: `Take ${name}`, exact: true }).click();
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: `Save ${name}` }).click();
  const saved = await saving;
  expect(saved.suggestedFilename()).toBe(name);
  return readFileSync(await saved.path());
}

const someBytes = (size: number) => Buffer.from(Uint8Array.from({ length: size }, (_, place) => (place * 7) % 251));

/** Everything that the page keeps in the browser. */
function keptBy(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const kept: unknown[] = [{ ...localStorage }, { ...sessionStorage }];
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const opened = indexedDB.open(name ?? "");
        opened.onsuccess = () => resolve(opened.result);
        opened.onerror = () => reject(opened.error ?? new Error());
      });
      for (const store of database.objectStoreNames) {
        const all = database.transaction(store).objectStore(store).getAll();
        await new Promise((resolve) => (all.onsuccess = resolve));
        kept.push(name, all.result);
      }
      database.close();
    }
    return JSON.stringify(kept);
  });
}

test("two pages meet over the relay, compare words, talk, and pass files both ways", async () => {
  const of = await world(relaying);
  const [ana, bob] = [await open(of.ana, of), await open(of.bob, of)];
  // An invitation is shown wherever one is.
  await bob.goto(`${of.at.url}/settings/appearance`);
  await invite(ana, of.bob);
  const invited = invitationOf(bob, of.ana);
  await invited.getByText(`Accepting does not show ${of.ana.name} your address.`).waitFor();
  await expectAccessible(bob);
  await ana.getByText("It rings on 1 device.").waitFor();
  await expectAccessible(ana);
  await invited.getByRole("button", { name: "Accept", exact: true }).click();
  await connected(ana);
  await connected(bob);
  expect(await words(ana)).toEqual(await words(bob));
  expect(await words(ana)).toHaveLength(7);
  for (const page of [ana, bob]) await page.getByText("Not verified", { exact: true }).waitFor();
  await ana.getByRole("button", { name: "They are the same" }).click();
  await ana.getByText("Verified", { exact: true }).waitFor();
  await expectAccessible(ana);

  await privately(bob, of.ana).pressSequentially("gre");
  await ana.getByText(`${of.bob.name} is writing …`).waitFor();
  await write(bob, of.ana, "green **tea**?");
  await lines(ana).getByRole("strong").getByText("tea").waitFor();
  await write(ana, of.bob, "of course 🍵");
  await lines(bob).getByText("of course 🍵").waitFor();

  const large = someBytes(3 * 1024 * 1024 + 7);
  await give(ana, "../large.bin", large);
  await bob.getByText("Nothing of it is sent before you take it.").waitFor();
  expect((await take(bob, "large.bin")).equals(large)).toBe(true);
  await ana.getByText(`${of.bob.name} has all of it.`).waitFor();
  await give(bob, "small.txt", Buffer.from("biscuits"));
  await give(ana, "other.txt", Buffer.from("milk"));
  expect(String(await take(ana, "small.txt"))).toBe("biscuits");
  // One that is not taken.
  await bob.getByRole("button", { name: "Do not take other.txt" }).click();
  await ana.getByText("Not passed on.").waitFor();
  for (const page of [ana, bob]) expect(await keptBy(page)).not.toMatch(/tea|large|biscuits/);
  // Nor does the browser, which keeps what fields have for when one comes back.
  expect(await privately(ana, of.bob).getAttribute("autocomplete")).toBe("off");

  await bob.getByRole("button", { name: "End the session" }).click();
  for (const page of [ana, bob]) await page.getByRole("strong").getByText("The session was ended.").waitFor();
  await expectAccessible(bob);
  await ana.getByRole("button", { name: "Close and forget" }).click();
  await ana.getByRole("heading", { name: of.bob.name, exact: true }).waitFor();
  // The next time it is known whom one talks to, from either side.
  await ana.getByRole("button", { name: "Talk privately" }).first().click();
  await ana.getByRole("button", { name: "Invite", exact: true }).click();
  await bob.getByRole("button", { name: "Accept", exact: true }).click();
  await ana.getByText("Verified", { exact: true }).waitFor();
  await bob.getByText("Not verified", { exact: true }).waitFor();
});

test("an invitation is refused, taken back, or never answered where nobody is", async () => {
  const of = await world(relaying);
  const [ana, bob] = [await open(of.ana, of), await open(of.bob, of, { theme: "dark" })];
  await invite(ana, of.bob);
  await invitationOf(bob, of.ana).waitFor();
  await expectAccessible(bob);
  await invitationOf(bob, of.ana).getByRole("button", { name: "Refuse" }).click();
  await ana.getByRole("strong").getByText(`${of.bob.name} does not want to talk privately now.`).waitFor();
  await invitationOf(bob, of.ana).waitFor({ state: "detached" });

  await ana.getByRole("button", { name: "Invite again" }).click();
  await ana.getByRole("button", { name: "Invite", exact: true }).click();
  await invitationOf(bob, of.ana).waitFor();
  await ana.getByRole("button", { name: "Take the invitation back" }).click();
  await invitationOf(bob, of.ana).waitFor({ state: "detached" });

  await bob.close();
  await ana.getByRole("button", { name: "Invite again" }).click();
  await ana.getByRole("button", { name: "Invite", exact: true }).click();
  await ana.getByRole("strong").getByText(/is not there, or cannot be reached by you/).waitFor();
});

test("a page that is loaded again has ended its session, and says so on both sides", async () => {
  const of = await world(relaying);
  const [ana, bob] = await pair(of);
  await write(ana, of.bob, "tea?");
  await lines(bob).getByText("tea?").waitFor();
  await bob.reload();
  await ana.getByRole("strong").getByText("The session was ended.").waitFor();
  await bob.getByRole("heading", { name: `There is no private session with ${of.ana.name} in this page` }).waitFor();
  expect(await bob.getByText("tea?").count()).toBe(0);
  await expectAccessible(bob);
});

test("what is said while there is no connection arrives on the next, and files go on", async () => {
  const of = await world(relaying);
  const [ana, bob] = await pair(of);
  const large = someBytes(12 * 1024 * 1024);
  await give(ana, "large.bin", large);
  await bob.getByRole("button", { name: "Take large.bin", exact: true }).click();
  await bob.getByRole("progressbar", { name: "large.bin" }).waitFor();
  await ana.getByRole("button", { name: "Connect anew" }).click();
  await lines(ana).getByText("The connection is lost.").waitFor();
  await write(bob, of.ana, "still there?");
  await lines(ana).getByText("still there?").waitFor();
  const saving = bob.waitForEvent("download");
  await bob.getByRole("button", { name: "Save large.bin" }).click();
  expect(readFileSync(await (await saving).path()).equals(large)).toBe(true);
});

test("whoever is blocked meanwhile is talked to no longer, and is not told why", async () => {
  const of = await world(relaying);
  const [ana, bob] = await pair(of);
  await ana.goBack();
  await ana.getByRole("region", { name: "Private sessions" }).getByText(/Connected/).waitFor();
  await write(bob, of.ana, "are you there?");
  await ana.getByRole("region", { name: "Private sessions" }).getByText("1 new").waitFor();
  await ana.getByRole("complementary", { name: "People" }).getByRole("button", { name: new RegExp(of.bob.name) }).click();
  await ana.getByRole("dialog").getByRole("button", { name: "Block", exact: true }).click();
  await bob.getByRole("strong").getByText("The session was ended.").waitFor();
  await bob.getByRole("button", { name: "Invite again" }).click();
  await bob.getByRole("button", { name: "Invite", exact: true }).click();
  await bob.getByRole("strong").getByText(/is not there, or cannot be reached by you/).waitFor();
});

test("two who invite each other at once have one session", async () => {
  const of = await world(relaying);
  const [ana, bob] = [await open(of.ana, of), await open(of.bob, of)];
  for (const [page, who] of [[ana, of.bob], [bob, of.ana]] as const) {
    await page.getByRole("button", { name: "People", exact: true }).click();
    await page.getByRole("complementary", { name: "People" }).getByRole("button", { name: new RegExp(who.name) }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Talk privately" }).click();
  }
  await inviteAtOnce(ana, bob);
  await connected(ana);
  await connected(bob);
  expect(await words(ana)).toEqual(await words(bob));
  await write(ana, of.bob, "one session");
  await lines(bob).getByText("one session").waitFor();
});

test("another device of somebody who was met is told loudly", async () => {
  const of = await world(relaying);
  const [ana, bob] = await pair(of);
  await ana.getByRole("button", { name: "They are the same" }).click();
  await bob.getByRole("button", { name: "End the session" }).click();
  await bob.close();
  // Another browser has another key.
  const other = await open(of.bob, of);
  await invite(other, of.ana);
  await accept(ana, of.bob);
  await ana.getByRole("alert").getByText(`${of.bob.name} uses a device that was never met here, unlike before.`).waitFor();
  await ana.getByText("Not verified: another device").waitFor();
  await expectAccessible(ana);
  await ana.emulateMedia({ colorScheme: "dark" });
  await expectAccessible(ana);
  await ana.getByRole("button", { name: "They differ" }).click();
  await ana.getByRole("alert").getByText(/The words differed/).waitFor();
  await other.getByRole("strong").getByText("The session was ended.").waitFor();
});

test("devices that find no way to each other are told so soon", async () => {
  const of = await world(relaying);
  const [ana, bob] = [await open(of.ana, of), await open(of.bob, of)];
  for (const page of [ana, bob]) {
    // As in a network that lets nothing through.
    await page.evaluate(() => {
      const { setRemoteDescription } = RTCPeerConnection.prototype;
      RTCPeerConnection.prototype.setRemoteDescription = function (this: RTCPeerConnection, description: RTCSessionDescriptionInit) {
        const sdp = description.sdp?.replace(/a=candidate:.*\r\n/g, "");
        return (setRemoteDescription as (one: RTCSessionDescriptionInit) => Promise<void>).call(this, { ...description, ...(sdp === undefined ? {} : { sdp }) });
      } as typeof setRemoteDescription;
    });
    await page.clock.install();
  }
  await invite(ana, of.bob);
  await accept(bob, of.ana);
  await ana.getByRole("list", { name: "Words to compare" }).waitFor();
  await ana.clock.fastForward(31_000);
  for (const page of [ana, bob]) await page.getByRole("strong").getByText(/^No way was found between your devices/).waitFor();
});

test("whoever joins a circle later can be invited there", async () => {
  const of = await world(relaying);
  const cyd = await of.at.person(`cyd${of.made}`);
  const [ana, page] = [await open(of.ana, of), await chat(browser, of.at, cyd)];
  await page.getByRole("heading", { name: "Where do you want to begin?" }).waitFor();
  await cyd.ask("POST", `/circles/${of.circle}/join`, {});
  await page.getByRole("link", { name: `Tea ${of.made}` }).first().waitFor();
  await invite(ana, cyd);
  await accept(page, of.ana);
  await connected(ana);
});

test("a page and a command line meet directly, see the same words, and pass files both ways", async () => {
  const of = await world(server);
  const ana = await open(of.ana, of);
  const bob = new CommandLine(of.at.url, of.bob.name, ["private", "--direct"]);
  try {
    await bob.until("waiting for an invitation");
    // Without a relay it is said what is shown.
    await ana.getByRole("button", { name: "People", exact: true }).click();
    await ana.getByRole("complementary", { name: "People" }).getByRole("button", { name: new RegExp(of.bob.name) }).click();
    await ana.getByRole("dialog").getByRole("button", { name: "Talk privately" }).click();
    await ana.getByText("This server has no relay.").waitFor();
    await expectAccessible(ana);
    await ana.getByRole("button", { name: "Invite", exact: true }).click();
    await bob.until(`${of.ana.name} invites you`);
    bob.say("/accept");
    const shown = (await bob.until("words: ")).split(", ");
    await connected(ana);
    expect((await words(ana)).map((word) => word.replace(/\s+/, " "))).toEqual(shown);
    await write(ana, of.bob, "tea?");
    expect(await bob.until(`${of.ana.name}: `)).toBe("tea?");
    bob.say("yes 🍵");
    await lines(ana).getByText("yes 🍵").waitFor();

    const large = someBytes(2 * 1024 * 1024 + 3);
    await give(ana, "large.bin", large);
    await bob.until("file 1: large.bin");
    bob.say("/take 1");
    expect(readFileSync(await bob.until("file 1 is kept as ")).equals(large)).toBe(true);
    await ana.getByText(`${of.bob.name} has all of it.`).waitFor();
    const file = join(bob.home, "small.txt");
    writeFileSync(file, "biscuits");
    bob.say(`/send ${file}`);
    expect(String(await take(ana, "small.txt"))).toBe("biscuits");

    // The server is needed no longer, once they are connected.
    await of.at.kill();
    await ana.getByText("No connection.").waitFor();
    await write(ana, of.bob, "without a server");
    expect(await bob.until(`${of.ana.name}: `)).toBe("without a server");
    await of.at.again();
    browser.takeComplaints();
    bob.say("/end");
    await ana.getByRole("strong").getByText("The session was ended.").waitFor();
  } finally {
    bob.end();
  }
});

test("a command line invites a page, whose user is told what accepting shows", async () => {
  const of = await world(server);
  const ana = await open(of.ana, of);
  await say(ana, "before");
  await message(ana, "before").waitFor();
  const bob = new CommandLine(of.at.url, of.bob.name, ["private", of.ana.name, "--direct"]);
  try {
    const invited = invitationOf(ana, of.bob);
    await invited.getByText(/This server has no relay: accepting shows/).waitFor();
    expect(await invited.getByRole("button", { name: "Accept", exact: true }).count()).toBe(0);
    await invited.getByRole("button", { name: "Accept and show my address" }).click();
    await bob.until("connected");
    await connected(ana);
    // What one had begun to say in the stream stays there.
    await ana.goBack();
    await composer(ana).waitFor();
    await ana.getByRole("region", { name: "Private sessions" }).getByRole("link").click();
    bob.say("hello");
    await lines(ana).getByText("hello").waitFor();
    bob.say("/end");
    await ana.getByRole("strong").getByText("The session was ended.").waitFor();
  } finally {
    bob.end();
  }
});

test("who shares only a conversation with somebody goes aside from it, in both directions", async () => {
  const [ana, bob] = [await server.person("ana.alone"), await server.person("bob.alone")];
  const { stream } = await ana.ask<{ stream: string }>("POST", "/direct", { user: bob.id });
  await post(ana, stream, "hi");
  const page = await chat(browser, server, ana, `/s/${stream}`);
  const inviting = async (): Promise<void> => {
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    await talkWith(page, bob).waitFor();
  };
  let line = new CommandLine(server.url, bob.name, ["private", "--direct"]);
  try {
    await line.until("waiting for an invitation");
    await page.getByRole("region", { name: /^Stream / }).getByRole("button", { name: "Talk privately" }).click();
    await inviting();
    await page.getByRole("strong").getByText(/once both of you have written to each other/).waitFor();
    await post(bob, stream, "hello");
    await page.getByRole("button", { name: "Invite again" }).click();
    await inviting();
    await line.until(`${ana.name} invites you`);
    line.say("/accept");
    await connected(page);
    await write(page, bob, "tea?");
    expect(await line.until(`${ana.name}: `)).toBe("tea?");
    line.say("/end");
    await page.getByRole("strong").getByText("The session was ended.").waitFor();
  } finally {
    line.end();
  }
  line = new CommandLine(server.url, bob.name, ["private", ana.name, "--direct"]);
  try {
    await invitationOf(page, bob).getByRole("button", { name: "Accept and show my address" }).click();
    await line.until("connected");
    await connected(page);
    line.say("hello again");
    await lines(page).getByText("hello again").waitFor();
  } finally {
    line.end();
  }
});

test("two in a conversation who invite each other at once have one session", async () => {
  const [ana, bob] = [await relaying.person("ana.crossing"), await relaying.person("bob.crossing")];
  const { stream } = await ana.ask<{ stream: string }>("POST", "/direct", { user: bob.id });
  const pages = [];
  for (const who of [ana, bob]) {
    await post(who, stream, "hi");
    const page = await chat(browser, relaying, who, `/s/${stream}`);
    await page.getByRole("region", { name: /^Stream / }).getByRole("button", { name: "Talk privately" }).click();
    pages.push(page);
  }
  await inviteAtOnce(...pages);
  for (const page of pages) await connected(page);
});
