// Every key that the page lists does what is said of it there.

import { Client } from "@kith/client";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KEYS } from "../src/chat/keys.js";
import { chat, composer, message, place, post, say, streamOf, teaOf } from "./chat.js";
import type { Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage();

let bot: Client;
let ana: Person;
let bob: Person;
let circle: string;
let stream: string;
let ops: string;
/** The numbers of messages by what they say. */
const seqs: Record<string, number> = {};

beforeAll(async () => {
  [ana, bob] = [await server.person("ana"), await server.person("bob")];
  ({ circle, stream } = await teaOf(ana, [bob]));
  ops = await streamOf(ana, { circle }, "ops");
  for (const text of ["one", "two", "three"]) seqs[text] = await post(text === "two" ? ana : bob, stream, text);
  const { default: WebSocket } = await import("ws");
  bot = await Client.connect({ url: server.url, auth: { token: ana.token }, WebSocket: WebSocket as never });
  await bot.offer({ circle: circle as never, name: "chat/boil", about: "Boils water" }, () => null);
  await ana.ask("PATCH", `/streams/${stream}/messages/${seqs["two"]}`, { text: "two, or so" });
});

afterAll(() => bot.close());

type Tried = Readonly<Record<string, (page: Page) => Promise<unknown>>>;

const shown = (page: Page) => page.getByRole("heading", { level: 1 });
const dialog = (page: Page, name: string) => page.getByRole("dialog", { name });
const search = (page: Page) => page.getByRole("complementary", { name: "Search" });
const menu = (page: Page) => page.getByRole("menu");
const row = (page: Page, text: string) => page.getByRole("listitem").filter({ has: page.getByText(text, { exact: true }) });
const copied = (page: Page) => page.evaluate(() => navigator.clipboard.readText());
/** Which of the rows has the focus. */
const at = (page: Page) => page.evaluate(() => document.activeElement?.closest("[data-row]")?.textContent ?? "");

/** Presses Escape until something is gone. */
async function leave(page: Page, what: ReturnType<Page["getByRole"]>): Promise<void> {
  await what.waitFor();
  await page.keyboard.press("Escape");
  await what.waitFor({ state: "detached" });
}

/** Formats what is written and chosen. */
const formats = (keys: string, made: string) => async (page: Page) => {
  await composer(page).fill("tea");
  await composer(page).selectText();
  await page.keyboard.press(keys);
  await expect.poll(() => composer(page).inputValue()).toBe(made);
  await composer(page).fill("");
};

/** Lists what a sign offers. */
const offers = (typed: string, offered: string | RegExp) => async (page: Page) => {
  await composer(page).fill("");
  await composer(page).pressSequentially(typed);
  await page.getByRole("option", { name: offered }).first().waitFor();
  await page.keyboard.press("Escape");
  await composer(page).fill("");
};

const EVERYWHERE: Tried = {
  "Ctrl+K": async (page) => {
    await page.keyboard.press("Control+k");
    await leave(page, dialog(page, "Go to"));
  },
  "/": async (page) => {
    await shown(page).click();
    await page.keyboard.press("/");
    await expect.poll(() => search(page).getByRole("combobox").evaluate((one) => one === document.activeElement)).toBe(true);
    expect(await search(page).getByRole("checkbox").isChecked()).toBe(false);
    await leave(page, search(page));
  },
  "Ctrl+Shift+F": async (page) => {
    await page.keyboard.press("Control+Shift+f");
    await search(page).getByRole("checkbox", { name: "Only in general", checked: true }).waitFor();
    await search(page).getByRole("combobox").focus();
    await leave(page, search(page));
  },
  "Alt+Arrows": async (page) => {
    await page.keyboard.press("Alt+ArrowDown");
    await expect.poll(() => shown(page).innerText()).toBe("ops");
    await page.keyboard.press("Alt+ArrowUp");
    await expect.poll(() => shown(page).innerText()).toBe("general");
  },
  "Alt+Shift+Arrows": async (page) => {
    await post(bob, ops, "something new");
    await place(page, "ops").getByText("1 unread").waitFor();
    await page.keyboard.press("Alt+Shift+ArrowDown");
    await expect.poll(() => shown(page).innerText()).toBe("ops");
    await message(page, "something new").waitFor();
    await page.keyboard.press("Alt+ArrowUp");
    await expect.poll(() => shown(page).innerText()).toBe("general");
  },
  "?": async (page) => {
    await shown(page).click();
    await page.keyboard.press("?");
    await leave(page, dialog(page, "Keyboard shortcuts"));
  },
  "Ctrl+/": async (page) => {
    await composer(page).focus();
    await page.keyboard.press("Control+/");
    await leave(page, dialog(page, "Keyboard shortcuts"));
  },
};

const WRITING: Tried = {
  Enter: async (page) => {
    await say(page, "four");
    await message(page, "four").waitFor();
  },
  "Shift+Enter": async (page) => {
    await composer(page).fill("a line");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("and another");
    await expect.poll(() => composer(page).inputValue()).toBe("a line\nand another");
    await composer(page).fill("");
  },
  ArrowUp: async (page) => {
    await composer(page).press("ArrowUp");
    await expect.poll(() => page.getByLabel("Change the message").inputValue()).toBe("four");
    await leave(page, page.getByRole("textbox", { name: "Change the message" }));
  },
  Escape: async (page) => {
    await row(page, "three").focus();
    await page.keyboard.press("r");
    const answer = page.getByText("Your answer to bob:");
    await answer.waitFor();
    await composer(page).press("Escape");
    await answer.waitFor({ state: "detached" });
  },
  "@": offers("@bo", /bob/),
  "#": offers("#op", /ops/),
  ":": offers(":teapo", /teapot/),
  "/": offers("/bo", /\/boil/),
  "Ctrl+B": formats("Control+b", "**tea**"),
  "Ctrl+I": formats("Control+i", "*tea*"),
  "Ctrl+Shift+X": formats("Control+Shift+x", "~~tea~~"),
  "Ctrl+E": formats("Control+e", "`tea`"),
  "Ctrl+K": formats("Control+k", "[tea](https://)"),
  "Ctrl+Shift+.": formats("Control+Shift+Period", "> tea"),
  "Ctrl+Shift+8": formats("Control+Shift+Digit8", "- tea"),
  "Ctrl+Shift+P": formats("Control+Shift+p", "||tea||"),
};

const MESSAGES: Tried = {
  Arrows: async (page) => {
    await page.keyboard.press("ArrowUp");
    await expect.poll(() => at(page)).toContain("one");
    await page.keyboard.press("ArrowDown");
    await expect.poll(() => at(page)).toContain("two, or so");
  },
  Home: async (page) => {
    await page.keyboard.press("Home");
    await expect.poll(() => page.evaluate(() => document.activeElement === document.querySelector("[data-row]"))).toBe(true);
  },
  End: async (page) => {
    await page.keyboard.press("End");
    await expect.poll(() => page.evaluate(() => document.activeElement === [...document.querySelectorAll("[data-row]")].at(-1))).toBe(true);
  },
  R: async (page) => {
    await page.keyboard.press("r");
    await page.getByText("Your answer to ana:").waitFor();
    await composer(page).press("Escape");
  },
  T: async (page) => {
    await page.keyboard.press("t");
    const thread = page.getByRole("region", { name: "Thread", exact: true });
    await thread.getByText("two, or so").waitFor();
    await thread.getByRole("textbox").press("Escape");
    await thread.waitFor({ state: "detached" });
  },
  E: async (page) => {
    await page.keyboard.press("e");
    await expect.poll(() => page.getByLabel("Change the message").inputValue()).toBe("two, or so");
    await leave(page, page.getByRole("textbox", { name: "Change the message" }));
  },
  P: async (page) => {
    const pins = page.getByRole("button", { name: "1 pinned message" });
    await page.keyboard.press("p");
    await pins.waitFor();
    await page.keyboard.press("p");
    await pins.waitFor({ state: "detached" });
  },
  C: async (page) => {
    await page.keyboard.press("c");
    await expect.poll(() => copied(page)).toBe("two, or so");
  },
  L: async (page) => {
    await page.keyboard.press("l");
    await expect.poll(() => copied(page)).toBe(`${server.url}/s/${stream}/${seqs["two"]}`);
  },
  H: async (page) => {
    await page.keyboard.press("h");
    const history = dialog(page, "Edit history");
    await history.getByText("or so").first().waitFor();
    await leave(page, history);
  },
  U: async (page) => {
    await page.keyboard.press("u");
    await expect.poll(async () => (await ana.ask<{ read: number }>("GET", `/streams/${stream}/unread`)).read).toBe((seqs["two"] ?? 0) - 1);
    await page.getByRole("heading", { name: "New", exact: true }).waitFor();
  },
  Delete: async (page) => {
    await page.keyboard.press("Delete");
    await leave(page, dialog(page, "Delete the message"));
  },
  Enter: async (page) => {
    await page.keyboard.press("Enter");
    await leave(page, menu(page));
  },
};

const PLACES: Tried = {
  "Ctrl+Shift+Arrows": async (page) => {
    const names = () => page.getByRole("navigation").getByRole("link", { name: /^(general|ops)/ }).allInnerTexts();
    await expect.poll(async () => (await names())[0]).toContain("general");
    await place(page, "general").focus();
    await page.keyboard.press("Control+Shift+ArrowDown");
    await expect.poll(async () => (await names())[0]).toContain("ops");
    await page.keyboard.press("Control+Shift+ArrowUp");
    await expect.poll(async () => (await names())[0]).toContain("general");
  },
  "Shift+F10": async (page) => {
    await place(page, "ops").focus();
    await page.keyboard.press("Shift+F10");
    await menu(page).getByRole("menuitem", { name: "Mark as read" }).waitFor();
    await leave(page, menu(page));
  },
};

const TRIED = { "keys.everywhere": EVERYWHERE, "keys.writing": WRITING, "keys.messages": MESSAGES, "keys.places": PLACES };

test("every key of the list is tried below", () => {
  for (const { where, all } of KEYS) expect(Object.keys(TRIED[where]).toSorted(), where).toEqual(all.flatMap(({ keys }) => [...keys]).toSorted());
});

test.each(KEYS.map(({ where }) => where))("each key does what the list says of it (%s)", async (where) => {
  const page = await chat(browser, server, ana, `/s/${stream}`);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await message(page, "two, or so").waitFor();
  for (const tried of Object.values(TRIED[where])) {
    if (where === "keys.messages") await row(page, "two, or so").focus();
    await tried(page);
  }
  await page.close();
});

test("where the browser gives no clipboard, text is copied as well", async () => {
  const page = await chat(browser, server, ana, `/s/${stream}`);
  // As on a page that comes by HTTP from another machine.
  await page.evaluate(async () => {
    await navigator.clipboard.writeText("before");
    Object.defineProperty(window, "isSecureContext", { value: false });
    Object.defineProperty(navigator, "clipboard", { value: undefined });
  });
  await message(page, "two, or so").waitFor();
  await row(page, "two, or so").focus();
  await page.keyboard.press("c");
  await page.getByText("Copied").waitFor();
  expect(await row(page, "two, or so").evaluate((one) => one.contains(document.activeElement))).toBe(true);
  await composer(page).focus();
  await page.keyboard.press("Control+v");
  await expect.poll(() => composer(page).inputValue()).toContain("two, or so");
  await composer(page).fill("");
  await page.close();
});

test("on other keyboards a quote and a list are made by the keys in the same places", async () => {
  const page = await chat(browser, server, ana, `/s/${stream}`);
  // As on a German one.
  for (const [key, code, made] of [[":", "Period", "> tea"], ["(", "Digit8", "- tea"]] as const) {
    await composer(page).fill("tea");
    await composer(page).evaluate((area, pressed) => area.dispatchEvent(new KeyboardEvent("keydown", { ...pressed, ctrlKey: true, shiftKey: true, bubbles: true, cancelable: true })), { key, code });
    await expect.poll(() => composer(page).inputValue()).toBe(made);
  }
  await composer(page).fill("");
  await page.close();
});
