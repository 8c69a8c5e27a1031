// The inspector in another language than English, and where lines begin at the right.

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { inspector as english } from "../src/lib/i18n/en/inspector.js";
import { inspector as german } from "../src/lib/i18n/de/inspector.js";
import { expectAccessible, expectFits } from "./browser.js";
import { change, makeCircle } from "./circle.js";
import { expectMirrored, turn } from "./mirror.js";
import { PASSWORD } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage();

const row = (page: Page, name: string) => page.getByRole("treeitem").filter({ has: page.getByText(name, { exact: true }) });

/** What of a page is said in English where there is German for it. */
async function inEnglish(page: Page): Promise<string[]> {
  const said = await page.evaluate(() => {
    const names = ["aria-label", "aria-valuetext", "title", "placeholder"];
    return [...document.querySelectorAll("body *")].flatMap((one) => [
      ...names.map((name) => one.getAttribute(name)?.trim() ?? ""),
      ...[...one.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE).map(({ textContent }) => textContent?.trim() ?? ""),
    ]);
  });
  const other = Object.entries<unknown>(english).filter(([key, text]) => german[key as keyof typeof german] !== text).map(([, text]) => text);
  return said.filter((text) => other.includes(text));
}

test("it speaks German where the browser asks for it, or where the chat was set to", async () => {
  const [ana, bob] = [await server.person("ana"), await server.person("bob")];
  const { circle, topics } = await makeCircle(ana, [bob]);
  const page = await browser.page({ width: 1600, height: 900, locale: "de-AT" });
  await page.goto(`${server.url}/inspector#${circle}`);
  const name = page.getByLabel("Benutzername");
  await name.fill("ana");
  await page.getByLabel("Passwort").fill("the wrong one");
  await page.getByRole("button", { name: "Anmelden" }).click();
  await page.getByText("Diesen Benutzernamen mit diesem Passwort gibt es nicht.").waitFor();
  expect(browser.takeComplaints().filter((text) => !text.includes("401"))).toEqual([]);
  await page.getByLabel("Passwort").fill(PASSWORD);
  await page.getByRole("button", { name: "Anmelden" }).click();
  expect(await page.evaluate(() => [document.documentElement.lang, document.title])).toEqual(["de", "Kith: Inspektor"]);

  // Values stay as they are, whatever numbers look like in the language.
  await row(page, "temperature").getByText("61.5").waitFor();
  expect(await page.getByLabel("Topics suchen").getAttribute("placeholder")).toBe("11 Topics durchsuchen");
  await change(bob, topics["board/todo"], { insert: { value: "jam" } });
  const timeline = page.getByRole("region", { name: "Zeitleiste" });
  await timeline.getByText('"jam" an Stelle 3 eingefügt').waitFor();
  await timeline.getByText(/^\d\d:\d\d:\d\d,\d{3}$/).waitFor();
  await timeline.getByText("1 Transaktion der Topics").waitFor();

  // What is refused is said in German, and then as the server says it.
  await row(page, "cups").click();
  const topic = page.getByRole("article");
  await topic.getByLabel("Neue ganze Zahl").fill('"four"');
  await topic.getByRole("button", { name: "Setzen", exact: true }).click();
  const told = page.getByRole("alert").filter({ hasText: "topic.wrong_kind" });
  await told.getByText(/^Abgelehnt: So etwas kann nicht darin sein\. \([A-Z].*\.\)/).waitFor();
  await topic.getByLabel("Neue ganze Zahl").fill("four");
  await topic.getByRole("button", { name: "Setzen", exact: true }).click();
  await topic.getByText("Das ist kein JSON").waitFor();
  await topic.getByText(/^0,0\s+Ereignisse pro Sekunde$/).waitFor();

  for (const one of ["todo", "people", "meta", "done", "lights", "motto", "notes", "doorbell", "pointer"]) {
    await row(page, one).last().click();
    await topic.getByRole("heading", { name: new RegExp(`${one}$`) }).first().waitFor();
    expect(await inEnglish(page), one).toEqual([]);
  }
  await page.getByRole("tab", { name: "Dienste" }).click();
  await page.getByRole("region", { name: "Dienste" }).getByText("1 Anbieter").first().waitFor();
  await page.getByRole("tab", { name: "Feeds" }).click();
  await page.getByRole("columnheader", { name: "Folgen ihm" }).waitFor();
  expect(await inEnglish(page), "feeds").toEqual([]);
  await page.getByRole("tab", { name: "Zeitleiste" }).click();
  await timeline.getByRole("button", { name: "Ältere" }).click();
  await timeline.getByText("Davor ist nichts.").waitFor();
  await page.getByRole("button", { name: "Neues Topic" }).click();
  await page.getByLabel(/darf nicht schreiben/).first().waitFor();
  expect(await inEnglish(page)).toEqual([]);
  await expectAccessible(page);
  for (const width of [800, 360]) {
    await page.setViewportSize({ width, height: 740 });
    for (const tab of await page.getByRole("tab").all()) {
      await tab.click();
      await expectFits(page);
    }
  }

  // What the settings of the chat choose holds here at once.
  const settings = await page.context().newPage();
  await settings.goto(`${server.url}/settings/language`);
  await settings.getByLabel("English").check();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  expect(await page.evaluate(() => document.title)).toBe("Kith: inspector");
  await page.reload();
  await page.getByRole("heading", { name: "Inspector", exact: true }).waitFor();
});

test.each([360, 1600])("where lines begin at the right it is mirrored and fits, and JSON stays as it is (%i wide)", async (width) => {
  const cyd = await server.person(`cyd-${width}`);
  const { circle } = await makeCircle(cyd);
  const page = await browser.open(server, `/inspector#${circle}`, cyd, { width, height: 800 });
  await row(page, "lights").getByText("true").waitFor();
  await expectMirrored(page, { head: page.getByRole("heading", { name: "Inspector" }), search: page.getByLabel("Search topics"), folder: row(page, "board"), name: row(page, "motto").getByText("motto", { exact: true }), kind: row(page, "motto").getByText("string", { exact: true }), leave: page.getByRole("button", { name: "Sign out" }) });
  await expectFits(page);
  await expectAccessible(page);
  // The keys that open and close are the other way round too.
  const before = await page.getByRole("treeitem").count();
  await page.getByRole("treeitem", { expanded: true }).first().focus();
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => page.getByRole("treeitem").count()).toBeLessThan(before);
  await page.keyboard.press("ArrowLeft");
  await expect.poll(() => page.getByRole("treeitem").count()).toBe(before);

  await turn(page, "ltr");
  await row(page, "meta").click();
  const topic = page.getByRole("article");
  const value = topic.getByLabel("Value", { exact: true });
  await value.first().waitFor();
  await topic.getByText("made it").waitFor();
  await expectMirrored(page, { title: topic.getByRole("heading", { name: "board/meta" }), remove: topic.getByRole("button", { name: "Remove …" }), path: topic.getByLabel("Path", { exact: true }), past: topic.getByText("made it") });
  expect(await topic.locator("pre").first().evaluate((pre) => [getComputedStyle(pre).direction, getComputedStyle(pre).textAlign])).toEqual(["ltr", "start"]);
  await expectFits(page);
  for (const tab of await page.getByRole("tab").all()) {
    await tab.click();
    await expectFits(page);
  }
});
