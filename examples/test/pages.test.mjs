// The pages do what they are for, and say why they do not.

import { test } from "node:test";
import { becomes, pages } from "./browser.mjs";

/** The lines of the list. */
const lists = (page, lines) =>
  becomes(page, () => [...document.querySelectorAll("li input[type=text]")].map((row) => row.value), lines);
/** The lines of the document, without the cursors in them. */
const reads = (page, lines) =>
  becomes(page, () => [...document.querySelectorAll(".cm-line")].map((line) =>
    [...line.childNodes].map((part) => (part.className?.includes("Caret") ? "" : part.textContent)).join("")), lines);

test("a list that both change", async (context) => {
  const { pages: { ana, bob } } = await pages(context, "todo");
  const add = async (page, text) => {
    await page.getByPlaceholder("What is to be done?").fill(text);
    await page.getByRole("button", { name: "Add", exact: true }).click();
  };
  await add(ana, "Water");
  await lists(bob, ["Water"]);
  await add(bob, "Tea");
  await lists(ana, ["Water", "Tea"]);
  await ana.getByLabel("Tea is done").check();
  await bob.locator("li.done").waitFor();
  await bob.locator("li").nth(1).getByRole("button", { name: "Up" }).click();
  await lists(ana, ["Tea", "Water"]);
  await bob.getByRole("button", { name: "Remove what is done" }).click();
  await lists(ana, ["Water"]);
  await bob.getByRole("button", { name: "Undo" }).click();
  await lists(ana, ["Tea", "Water"]);
  await bob.getByRole("button", { name: "Redo" }).click();
  await lists(ana, ["Water"]);
  await ana.getByLabel("What", { exact: true }).fill("Hot water");
  await ana.keyboard.press("Enter");
  await lists(bob, ["Hot water"]);
  await ana.getByRole("button", { name: "Redo" }).click();
  await ana.getByRole("alert").filter({ hasText: "nothing" }).waitFor();
});

test("a document that both write", async (context) => {
  const { pages: { ana, bob } } = await pages(context, "editor");
  await ana.keyboard.type("Tea for two");
  await reads(bob, ["Tea for two"]);
  await bob.keyboard.type("# ");
  await reads(ana, ["# Tea for two"]);
  await becomes(bob, () => document.querySelector("#state").textContent, "connected, with ana");
  await bob.locator(".cm-ySelectionCaret").waitFor({ state: "attached" });
  await ana.keyboard.press("Control+z");
  await reads(bob, ["# "]);
});

test("a plane on which both see each other", async (context) => {
  const { pages: { ana, bob } } = await pages(context, "cursors");
  const says = (page, text) => becomes(page, () => document.querySelector("#state").textContent, text);
  const colours = (page) => becomes(page, () => {
    const { data } = document.querySelector("canvas").getContext("2d").getImageData(0, 0, 1e4, 1e4);
    return data.some((part) => part !== 0);
  }, true);
  const plane = await ana.locator("canvas").boundingBox();
  await says(bob, "Nobody else is here. Open this page a second time.");
  await ana.mouse.move(plane.x + 80, plane.y + 60);
  await says(bob, "You see ana.");
  await colours(bob);
  await says(ana, "Nobody else is here. Open this page a second time.");
  await ana.mouse.move(plane.x + 80, plane.y - 60);
  await says(bob, "Nobody else is here. Open this page a second time.");
  await ana.mouse.click(plane.x + 40, plane.y + 40);
  await says(bob, "You see ana.");
  await ana.close();
  await says(bob, "Nobody else is here. Open this page a second time.");
});
