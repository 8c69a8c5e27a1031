// What tests of the chat do again and again, as its user does it.

import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { signIn, type Chromium, type Look } from "./browser.js";
import type { Person, Server } from "./server.js";

/** A circle with its first stream. */
export interface Tea {
  readonly circle: string;
  readonly stream: string;
}

/** Makes the public circle Tea of `owner`, in which the others are members. */
export async function teaOf(owner: Person, members: readonly Person[] = [], name = "Tea"): Promise<Tea> {
  const { circle } = await owner.ask<{ circle: string }>("POST", "/circles", { name, public: true });
  for (const member of members) await member.ask("POST", `/circles/${circle}/join`, {});
  const window = await owner.ask<{ circles: { circle: { id: string }; streams: { stream: { id: string } }[] }[] }>("GET", "/window");
  const stream = window.circles.find((one) => one.circle.id === circle)?.streams[0]?.stream.id;
  if (stream === undefined) throw new Error("the circle has no stream");
  return { circle, stream };
}

/** Two people, and a circle of theirs. */
export interface World extends Tea {
  readonly ana: Person;
  readonly bob: Person;
  /** What their names end with, and that of the circle. */
  readonly made: number;
}

let made = 0;

/** Ana's circle with bob in it: names of this call alone. */
export async function worldOf(server: Server): Promise<World> {
  made += 1;
  const [ana, bob] = [await server.person(`ana${made}`), await server.person(`bob${made}`)];
  return { ana, bob, made, ...(await teaOf(ana, [bob], `Tea ${made}`)) };
}

/** Makes one more stream of a circle; `more` says what else of it is not as usual. */
export async function streamOf(owner: Person, { circle }: Pick<Tea, "circle">, name: string, more: object = {}): Promise<string> {
  return (await owner.ask<{ stream: string }>("POST", `/circles/${circle}/streams`, { name, ...more })).stream;
}

let posted = 0;

/** Posts over REST; the number of the message. */
export async function post(person: Person, stream: string, text: string, more: object = {}): Promise<number> {
  posted += 1;
  const { events } = await person.ask<{ events: { seq: number }[] }>("PUT", `/streams/${stream}/messages/test-${posted}`, { text, ...more });
  return events[0]?.seq ?? 0;
}

/** What messages of a stream say, as the server has them. */
export async function texts(person: Person, stream: string): Promise<string[]> {
  const { messages } = await person.ask<{ messages: { text: string }[] }>("GET", `/streams/${stream}/messages`);
  return messages.map(({ text }) => text);
}

/** The chat as somebody who is signed in sees it. */
export async function chat(browser: Chromium, server: Server, person: Person, path = "/", look: Look = {}): Promise<Page> {
  const page = await browser.page(look);
  await page.goto(server.url + path);
  // An invite is for those without an account as well.
  if (path.startsWith("/invite/")) await page.getByRole("link", { name: "Sign in" }).click();
  await signIn(page, person.name);
  await page.getByRole("navigation").waitFor();
  return page;
}

/** Forgives what browsers tell of a server that is gone, and nothing else. */
export function forgive(browser: Chromium): void {
  const others = browser.takeComplaints().filter((text) => !/ERR_|fetching the script|WebSocket|net::|Failed to load resource/.test(text));
  expect(others).toEqual([]);
}

export const composer = (page: Page): Locator => page.getByRole("region", { name: /^Stream / }).getByRole("textbox", { name: /^Write to/ });

/** Writes in the stream that is open. */
export async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press("Enter");
}

/** A message that the server has: its time is there, which one on its way does not have. */
export const message = (page: Page, text: string): Locator =>
  page.getByRole("article").filter({ has: page.locator("time") }).filter({ has: page.getByText(text, { exact: true }) });

/** A circle, or a line in the list of streams or conversations. */
export const place = (page: Page, name: string): Locator => page.getByRole("navigation").getByRole("link", { name });

/** Chooses from the menu that a button opens. */
export async function fromMenu(page: Page, button: string, item: string | RegExp): Promise<void> {
  await page.getByRole("button", { name: button, exact: true }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

/** Chooses from the menu of a circle, a stream or a conversation, as a click of the other button opens it. */
export async function fromPlace(page: Page, name: string, item: string): Promise<void> {
  await place(page, name).first().click({ button: "right" });
  await page.getByRole("menuitem", { name: item }).click();
}
