// The inspector on every screen, for everybody, and with very much in it.

import { beforeAll, expect, test } from "vitest";
import { expectAccessible, expectFits } from "./browser.js";
import { change, makeCircle, type Made } from "./circle.js";
import type { Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage();

let ana: Person;
let made: Made;

beforeAll(async () => {
  ana = await server.person("ana");
  made = await makeCircle(ana);
  await change(ana, made.topics["kettle/cups"], { add: { by: 1 } });
});

test.each([
  [1920, 1080, "light"],
  [1600, 900, "dark"],
  [1000, 700, "light"],
  [800, 600, "dark"],
  [360, 740, "light"],
  [360, 740, "dark"],
] as const)("it is there for everybody at %i × %i, %s", async (width, height, theme) => {
  const page = await browser.open(server, `/inspector#${made.circle}`, ana, { width, height, theme });
  const tab = async (name: string) => {
    const found = page.getByRole("tab", { name, exact: true });
    if ((await found.count()) > 0) await found.click();
  };
  const check = async () => {
    await expectAccessible(page);
    await expectFits(page);
  };
  await page.getByRole("treeitem").filter({ hasText: "motto" }).getByText('"Kettle is on."').waitFor();
  await check();
  for (const [name, full] of [["todo", "board/todo"], ["people", "board/people"], ["meta", "board/meta"], ["cups", "kettle/cups"], ["doorbell", "doorbell"], ["notes", "board/todo/notes"]] as const) {
    await tab("Topics");
    await page.getByRole("treeitem").filter({ has: page.getByText(name, { exact: true }) }).last().click();
    await page.getByRole("heading", { name: full, exact: true }).waitFor();
    await page.getByRole("button", { name: "One event back" }).waitFor();
    await check();
  }
  await change(ana, made.topics["board/todo"], { insert: { value: "a long line ".repeat(40) } });
  await tab("Timeline");
  const line = page.getByRole("region", { name: "Timeline" }).getByRole("listitem").first();
  await line.getByRole("button").first().click();
  await check();
  await tab("Services");
  await page.getByText("No calls are open.").waitFor();
  await check();
  await tab("Feeds");
  await page.getByRole("rowheader", { name: "Tea" }).waitFor();
  await check();
  await tab("Topics");
  await page.getByRole("button", { name: "New topic" }).click();
  await page.getByRole("form", { name: "New topic" }).waitFor();
  await check();
});

test("light and dark are chosen, and kept", async () => {
  const page = await browser.open(server, `/inspector#${made.circle}`, ana, { theme: "light" });
  const surface = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.getByLabel("Theme").waitFor();
  const light = await surface();
  await page.getByLabel("Theme").selectOption("dark");
  await expect.poll(surface).not.toBe(light);
  await page.reload();
  await page.getByLabel("Theme").waitFor();
  expect(await surface()).not.toBe(light);
  await page.getByLabel("Theme").selectOption("light");
  await expect.poll(surface).toBe(light);
});

test("all of it is reached by the keyboard, and one sees where one is", async () => {
  const page = await browser.open(server, `/inspector#${made.circle}`, ana, { width: 1600 });
  await page.getByRole("treeitem").first().waitFor();
  await page.getByRole("treeitem").filter({ hasText: "motto" }).click();
  await page.getByRole("slider").waitFor();
  await page.getByLabel("Circle").focus();
  const seen = new Set(["Circle"]);
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const node = document.activeElement;
      if (node === null || node === document.body) return undefined;
      const { outlineStyle, outlineWidth } = getComputedStyle(node);
      const name = node.getAttribute("aria-label") ?? node.textContent?.trim() ?? "";
      return { name, visible: outlineStyle !== "none" && outlineWidth !== "0px" };
    });
    if (at === undefined) break;
    expect(at, "focus is to be seen").toMatchObject({ visible: true });
    seen.add(at.name);
  }
  const names = [...seen].join("\n");
  for (const name of ["Circle", "Search topics", "New topic", "Value", "Event", "Timeline", "Hold", "Theme", "Sign out"]) {
    expect(names).toContain(name);
  }
  await page.getByRole("tab", { name: "Timeline" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByText("No calls are open.").waitFor();
});

test("ten thousand topics do not freeze it", async () => {
  const { circle } = await ana.ask<{ circle: string }>("POST", "/circles", { name: "Sensors" });
  const names = Array.from({ length: 9_999 }, (_, at) => `area ${at % 50}/sensor ${at}`);
  const makers = Array.from({ length: 16 }, async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      await ana.ask("POST", `/circles/${circle}/topics`, { name, holds: "int" });
    }
  });
  await Promise.all(makers);
  const page = await browser.open(server, `/inspector#${circle}`, ana, { width: 1600 });
  await page.getByPlaceholder("Search 9,999 topics").waitFor();
  expect(await page.getByRole("treeitem").count()).toBeLessThan(100);
  await page.getByRole("treeitem").first().focus();
  await page.keyboard.press("End");
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  await expect.poll(focused).toContain("sensor 9949");
  await page.getByLabel("Search topics").fill("sensor 4321");
  const found = page.getByRole("treeitem").filter({ hasText: "sensor 4321" });
  await found.getByText("0", { exact: true }).waitFor();
  await found.click();
  await page.getByRole("heading", { name: "area 21/sensor 4321" }).waitFor();
}, 240_000);
