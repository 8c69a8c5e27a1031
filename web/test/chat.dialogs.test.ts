// Everything that asks for all attention is accessible and fits, light and dark; and whoever goes by the
// keyboard sees where they are.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { expectAccessible, expectFits } from "./browser.js";
import { chat, composer, fromMenu, fromPlace, message, post, teaOf } from "./chat.js";
import { png, upload } from "./files.js";
import { FILES, type Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage(FILES);

let ana: Person;
let bob: Person;
let stream: string;

beforeAll(async () => {
  [ana, bob] = [await server.person("ana"), await server.person("bob")];
  const tea = await teaOf(ana, [bob]);
  ({ stream } = tea);
  await teaOf(bob, [ana], "Bob's");
  const changed = await post(ana, stream, "said by ana");
  await ana.ask("PATCH", `/streams/${stream}/messages/${changed}`, { text: "said better by ana" });
  await post(bob, stream, "said by bob");
  await ana.ask("POST", `/circles/${tea.circle}/invites`, {});
  const file = await upload(ana, png("kettle.png"));
  await ana.ask("POST", "/groups", { users: [bob.id], name: "Party" });
  await post(ana, stream, "a picture", { files: [file] });
});

const nav = (page: Page) => page.getByRole("navigation");
const author = (page: Page, text: string, name: string) => message(page, text).getByRole("button", { name, exact: true }).click();
const tab = (name: string) => async (page: Page) => {
  await fromMenu(page, "Menu of Tea", "Settings of Tea");
  await page.getByRole("tab", { name }).click();
};

/** How each is opened, by what the page calls it; several ways show several sides of one. */
const OPEN: Readonly<Record<string, readonly ((page: Page) => Promise<unknown>)[]>> = {
  new_circle: [(page) => fromMenu(page, "Add a circle", "Make a circle")],
  join: [(page) => fromMenu(page, "Add a circle", "Join with a link")],
  find_circles: [(page) => fromMenu(page, "Add a circle", "Find public circles")],
  new_conversation: [async (page) => {
    await nav(page).getByRole("link", { name: "Conversations" }).click();
    await nav(page).getByRole("button", { name: "New conversation" }).click();
  }],
  add_people: [async (page) => {
    await nav(page).getByRole("link", { name: "Conversations" }).click();
    await fromPlace(page, "Party", "Add people");
  }],
  keys: [(page) => page.keyboard.press("Control+/"), (page) => fromMenu(page, "Your menu", "Keyboard shortcuts")],
  go_to: [(page) => page.keyboard.press("Control+k")],
  new_stream: [(page) => fromMenu(page, "Menu of Tea", "New stream")],
  invite: [(page) => fromMenu(page, "Menu of Tea", "Invite people")],
  circle_settings: [tab("General"), tab("Invites"), tab("Bans"), tab("Audit log"), async (page) => {
    await tab("Roles")(page);
    await page.getByRole("button", { name: "New role" }).click();
  }],
  hand_over: [(page) => fromMenu(page, "Menu of Tea", "Hand the circle over")],
  remove_circle: [async (page) => {
    await tab("General")(page);
    await page.getByRole("dialog").getByRole("button", { name: "Remove the circle …" }).click();
  }],
  leave: [(page) => fromPlace(page, "Bob's", "Leave the circle")],
  mute: [(page) => fromPlace(page, "general", "Mute …")],
  section: [(page) => fromPlace(page, "general", "Move to a section …")],
  stream_settings: [(page) => fromPlace(page, "general", "Settings of general")],
  remove_stream: [async (page) => {
    await fromPlace(page, "general", "Settings of general");
    await page.getByRole("dialog").getByRole("button", { name: "Remove the stream …" }).click();
    await page.getByRole("dialog", { name: "Remove the stream …" }).waitFor();
  }],
  profile: [(page) => author(page, "said by bob", "bob"), (page) => author(page, "said better by ana", "ana")],
  private: [async (page) => {
    await author(page, "said by bob", "bob");
    await page.getByRole("dialog").getByRole("button", { name: "Talk privately" }).click();
    await page.getByRole("dialog", { name: "Profile" }).waitFor({ state: "detached" });
  }],
  edits: [(page) => message(page, "said better by ana").getByRole("button", { name: "(edited)" }).click()],
  pictures: [(page) => page.getByRole("button", { name: /kettle\.png/ }).first().click()],
  delete: [async (page) => {
    await message(page, "said by bob").click({ button: "right" });
    await page.getByRole("menuitem", { name: "Delete" }).click();
  }],
  claim: [async (page) => {
    const { pathname, hash } = new URL(server.owner);
    await page.goto(`${server.url}${pathname}${hash}`);
  }],
};

test("all of them are opened below", () => {
  const source = readFileSync(fileURLToPath(new URL("../src/chat/Dialogs.svelte", import.meta.url)), "utf8");
  const all = [...source.matchAll(/^ {4}(\w+): \(\) => import/gm)].map(([, name = ""]) => name);
  expect(Object.keys(OPEN).toSorted()).toEqual(all.toSorted());
});

test.each(["light", "dark"] as const)("every dialog is accessible and fits, and the focus is in it (%s)", async (theme) => {
  const page = await chat(browser, server, ana, `/s/${stream}`, { theme });
  for (const [name, ways] of Object.entries(OPEN)) {
    for (const open of ways) {
      if (page.url() !== `${server.url}/s/${stream}`) await page.goto(`${server.url}/s/${stream}`);
      await message(page, "a picture").waitFor();
      await open(page);
      const dialog = page.getByRole("dialog");
      await dialog.waitFor();
      await page.getByText("Loading …").waitFor({ state: "hidden" });
      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        await expectAccessible(page);
        await expectFits(page);
      }
      expect(await dialog.evaluate((box) => box.contains(document.activeElement)), `the focus is not in ${name}`).toBe(true);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
    }
  }
  await page.close();
}, 120_000);

test("the keys are listed by `?` where one does not write, and called as they are on the keyboard", async () => {
  const page = await chat(browser, server, ana, `/s/${stream}`);
  const list = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  const search = list.locator("dl > div").filter({ hasText: "Search in this stream" });
  await composer(page).fill("really?");
  await composer(page).press("?");
  await expect.poll(() => composer(page).inputValue()).toBe("really??");
  expect(await list.count()).toBe(0);
  await composer(page).fill("");
  await page.getByRole("heading", { name: "general", exact: true }).click();
  await page.keyboard.press("?");
  await expect.poll(() => search.locator("kbd").allInnerTexts()).toEqual(["Ctrl", "Shift", "F"]);
  await page.keyboard.press("Escape");
  await nav(page).getByText("Ctrl+K").waitFor();

  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "platform", { get: () => "MacIntel" }));
  await page.reload();
  await message(page, "a picture").waitFor();
  await nav(page).getByText("⌘K").waitFor();
  await page.keyboard.press("Meta+/");
  await expect.poll(() => search.locator("kbd").allInnerTexts()).toEqual(["⌘", "⇧", "F"]);
  await page.close();
});

test.each(["light", "dark"] as const)("one sees where one is, wherever Tab leads (%s)", async (theme) => {
  const page = await chat(browser, server, ana, `/s/${stream}`, { theme });
  await message(page, "a picture").waitFor();
  await page.getByRole("button", { name: "People", exact: true }).click();
  await page.locator("aside").getByRole("button", { name: "bob" }).waitFor();
  const seen: string[] = [];
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const node = document.activeElement;
      if (node === null || node === document.body) return undefined;
      // What one writes in is framed with what stands around it.
      const drawn = [node, node.closest("form, label, .field")].some((one) => {
        if (one === null) return false;
        const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(one);
        return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 && !/, 0\)$|transparent/.test(outlineColor);
      });
      const { width, height, left, right, top, bottom } = node.getBoundingClientRect();
      const inside = width > 0 && height > 0 && right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
      return { name: (node.getAttribute("aria-label") ?? node.textContent ?? "").trim().slice(0, 60), drawn, inside };
    });
    // Behind the last it begins with the first.
    if (at === undefined) continue;
    expect(at, "focus is to be seen").toMatchObject({ drawn: true, inside: true });
    seen.push(at.name);
  }
  for (const name of ["Inbox", "Go to …", "Menu of Tea", "general", "People", "Menu of general", "Write to general", "Your menu"]) {
    expect(seen.some((one) => one.includes(name)), `${name} is not among ${seen.join(", ")}`).toBe(true);
  }
  await page.close();
});
