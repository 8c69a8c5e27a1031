// What is told of new messages, and to whom: by notifications, sound and badge to those who look elsewhere,
// in words to those who do not see the page, and in the inbox.

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { expectAccessible, signIn } from "./browser.js";
import { chat, message, post, streamOf, worldOf } from "./chat.js";
import type { Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage();

/** What a page told outside of itself. */
interface Told {
  notices: { title: string; body: string; tag: string; url: string }[];
  tones: number;
  /** Of which places notifications were taken away. */
  closed: string[];
  badges: (number | "dot" | "none")[];
}
interface Telling {
  told: Told;
}

/** The chat of somebody who lets it tell them things and looks elsewhere. */
async function elsewhere(person: Person, path: string): Promise<Page> {
  const page = await browser.page();
  await page.addInitScript(() => {
    const told: Told = { notices: [], tones: 0, closed: [], badges: [] };
    Object.assign(globalThis, { told });
    class Shown extends EventTarget {
      static permission = "granted";
      static requestPermission = () => Promise.resolve("granted");
      constructor(title: string, { body = "", tag = "", data }: NotificationOptions = {}) {
        super();
        told.notices.push({ title, body, tag, url: (data as { url: string }).url });
        this.close = () => void told.closed.push(tag);
      }
      readonly close: () => void;
    }
    Object.assign(globalThis, { Notification: Shown });
    ServiceWorkerRegistration.prototype.showNotification = function (title, options) {
      new Shown(title, options);
      return Promise.resolve();
    };
    ServiceWorkerRegistration.prototype.getNotifications = ({ tag = "" } = {}) => {
      const shown = told.notices.filter((one) => one.tag === tag);
      return Promise.resolve(shown.map(() => ({ close: () => void told.closed.push(tag) }) as unknown as Notification));
    };
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...at) {
      told.tones += 1;
      start.apply(this, at);
    };
    navigator.setAppBadge = (count) => Promise.resolve(void told.badges.push(count ?? "dot"));
    navigator.clearAppBadge = () => Promise.resolve(void told.badges.push("none"));
    document.hasFocus = () => false;
  });
  await page.goto(server.url + path);
  await signIn(page, person.name);
  await page.getByRole("navigation").waitFor();
  return page;
}
const told = (page: Page) => page.evaluate(() => (globalThis as unknown as Telling).told);
const notices = async (page: Page) => (await told(page)).notices.map(({ title, body }) => `${title}: ${body}`);
const announced = (page: Page) => page.locator('div[aria-live="polite"]').innerText();

test("whoever looks elsewhere is told of what means them: by a notification, a sound and a badge", async () => {
  const { ana, bob, circle, stream, made } = await worldOf(server);
  const ops = await streamOf(ana, { circle }, "ops");
  const page = await elsewhere(bob, `/s/${stream}`);
  await page.getByRole("heading", { name: "general", exact: true }).waitFor();
  await post(ana, ops, "For everybody");
  await expect.poll(async () => (await told(page)).badges.at(-1)).toBe("dot");
  const seq = await post(ana, ops, `Look, **@bob${made}**, at ||that||`);
  await expect.poll(() => notices(page)).toEqual([`ana${made} in ops: Look, @bob${made}, at ▒▒▒`]);
  expect((await told(page)).notices[0]).toMatchObject({ tag: ops, url: `/s/${ops}/${seq}` });
  await expect.poll(async () => (await told(page)).tones).toBe(2);
  await expect.poll(async () => (await told(page)).badges.at(-1)).toBe(1);
  // In a conversation everything is for one, and what one says oneself is not told.
  const { stream: direct } = await ana.ask<{ stream: string }>("POST", "/direct", { user: bob.id });
  await post(bob, direct, "said by bob");
  await post(ana, direct, "Hello");
  await expect.poll(() => notices(page)).toEqual([expect.any(String), `ana${made}: Hello`]);
  await page.evaluate(() => (document.hasFocus = () => true));
  await page.goto(`${server.url}/s/${ops}`);
  await message(page, "For everybody").waitFor();
  await page.close();
});

test("whoever is meant with everybody, by a role or in a thread is told so, until it was read on any device", async () => {
  const { ana, bob, circle, stream, made } = await worldOf(server);
  const ops = await streamOf(ana, { circle }, "ops");
  const { role } = await ana.ask<{ role: string }>("POST", `/circles/${circle}/roles`, { name: "cooks", rank: 5, allow: [] });
  await ana.ask("POST", `/circles/${circle}/roles`, { name: "bakers", rank: 4, allow: [] });
  await ana.ask("PUT", `/circles/${circle}/members/${bob.id}/roles`, { roles: [role] });
  const page = await elsewhere(bob, `/s/${stream}`);
  await page.getByRole("heading", { name: "general", exact: true }).waitFor();
  const urls = async () => (await told(page)).notices.map(({ url }) => url);
  const all = await post(ana, ops, "Tea is ready, @everyone");
  await expect.poll(urls).toEqual([`/s/${ops}/${all}`]);
  await post(ana, ops, "And cake, @bakers");
  const cooks = await post(ana, ops, "And soup, @cooks");
  await expect.poll(urls).toEqual([`/s/${ops}/${all}`, `/s/${ops}/${cooks}`]);
  const inside = await post(ana, ops, `Which, @bob${made}?`, { thread: cooks });
  await expect.poll(urls).toEqual([`/s/${ops}/${all}`, `/s/${ops}/${cooks}`, `/s/${ops}/${cooks}/thread-${inside}`]);
  expect((await told(page)).closed).toEqual([]);
  await bob.ask("PUT", `/streams/${ops}/read`, { seq: cooks });
  await bob.ask("PUT", `/streams/${ops}/read`, { seq: inside, thread: cooks });
  await expect.poll(async () => new Set((await told(page)).closed)).toEqual(new Set([ops]));
  await page.close();
});

test("of a stream one is told as one chose for it, and nothing while it is muted", async () => {
  const { ana, bob, circle, stream, made } = await worldOf(server);
  const loud = await streamOf(ana, { circle }, "loud");
  const still = await streamOf(ana, { circle }, "still");
  const page = await elsewhere(bob, "/settings/notifications");
  await page.getByText(`Streams of Tea ${made}`).click();
  await page.getByLabel("What you are told of in loud").selectOption("Everything");
  await page.getByLabel("What you are told of in still").selectOption("Nothing");
  await expect.poll(() => bob.ask<Record<string, unknown>>("GET", "/preferences")).toMatchObject({ [`notify:${loud}`]: { level: "all" }, [`notify:${still}`]: { level: "nothing" } });
  await expectAccessible(page);
  // The last is told, so all before it were not.
  await post(ana, still, `Look, @bob${made}`);
  await post(ana, stream, "not for bob");
  await post(ana, loud, "first");
  await expect.poll(() => notices(page)).toEqual([`ana${made} in loud: first`]);
  await page.getByLabel("Mute loud").selectOption("Muted for an hour");
  await expect.poll(() => bob.ask<Record<string, unknown>>("GET", "/preferences")).toMatchObject({ [`notify:${loud}`]: { muted_until: expect.any(Number) as unknown } });
  await post(ana, loud, `second, @bob${made}`);
  await post(ana, stream, `third, @bob${made}`);
  await expect.poll(() => notices(page)).toEqual([`ana${made} in loud: first`, `ana${made} in general: third, @bob${made}`]);
  await page.close();
});

test("whoever listens to the page hears what is said where they are, and elsewhere what is for them", async () => {
  const { ana, bob, circle, stream, made } = await worldOf(server);
  const ops = await streamOf(ana, { circle }, "ops");
  const page = await chat(browser, server, bob, `/s/${stream}`);
  await page.getByRole("heading", { name: "general", exact: true }).waitFor();
  await post(ana, ops, "not for bob");
  await post(ana, stream, "The kettle is on");
  await expect.poll(() => announced(page)).toContain(`ana${made}: The kettle is on`);
  expect(await announced(page)).not.toContain("not for bob");
  await post(ana, ops, `Tea, @bob${made}?`);
  await expect.poll(() => announced(page)).toContain(`ana${made} in ops: Tea, @bob${made}?`);
  // The messages themselves are no live region: each would be read twice.
  expect(await page.getByRole("region", { name: "Messages in general" }).locator("[aria-live]").count()).toBe(0);
  await page.close();
});

test("threads that one follows are in the inbox, with what is unread in them, and lead there", async () => {
  const { ana, bob, stream, made } = await worldOf(server);
  const root = await post(ana, stream, "Who brings milk?");
  await post(bob, stream, "I do", { thread: root });
  await post(ana, stream, "Thank you", { thread: root });
  await post(ana, stream, `And cake, @bob${made}`, { thread: root });
  const page = await chat(browser, server, bob, "/inbox");
  const thread = page.getByRole("main").getByRole("link", { name: "Who brings milk?" });
  await thread.getByText("2 unread").waitFor();
  const mention = page.getByRole("main").getByRole("link", { name: "And cake" });
  await mention.getByText("mentions you").waitFor();
  await page.getByRole("switch", { name: "Unread only" }).click();
  await mention.waitFor();
  await expectAccessible(page);
  await thread.click();
  const panel = page.getByRole("region", { name: "Thread", exact: true });
  await panel.getByText("Thank you").waitFor();
  await panel.getByText("And cake").waitFor();
  await expect.poll(async () => (await bob.ask<{ threads: { unread: number }[] }>("GET", `/streams/${stream}/unread`)).threads.map(({ unread }) => unread)).toEqual([0]);
  await page.goBack();
  await page.getByRole("heading", { name: "Inbox" }).waitFor();
  await page.getByText("Nothing here.").or(mention).waitFor();
  await expect.poll(() => thread.count()).toBe(0);
  await page.close();
});
