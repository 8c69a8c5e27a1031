// What the administration says of the server is so: what it holds, how it is set, and how it does.

import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Chromium } from "./browser.js";
import { chat, post, teaOf } from "./chat.js";
import { blob, upload } from "./files.js";
import { FILES, type Person, PROGRAM, Server } from "./server.js";

let browser: Chromium;
let server: Server;
let ana: Person;
let page: Page;

beforeAll(async () => {
  browser = await Chromium.start();
  server = await Server.start(FILES, ["--set", "password_chars_min=14"]);
  ana = await server.person("ana");
  await ana.ask("POST", "/site/owner", { token: server.owner.split("#owner=")[1] });
  page = await chat(browser, server, ana);
});

afterAll(async () => {
  await browser.end();
  await server.end();
});

const main = () => page.getByRole("main");
/** What stands beside the name of a figure. */
const figure = (name: string) => main().locator("dl > div").filter({ has: page.getByText(name, { exact: true }) }).locator("dd");
const open = async (part: string) => {
  await page.goto(`${server.url}/admin/${part.toLowerCase()}`);
  await main().getByRole("heading", { name: part, level: 1 }).waitFor();
};
/** A size as the page writes it, in bytes. */
async function bytesOf(name: string): Promise<number> {
  const [, number = "", unit = ""] = /^([\d.,]+)\s*(\w+)$/.exec(await figure(name).innerText()) ?? [];
  const steps: Readonly<Record<string, number>> = { byte: 1, bytes: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };
  return Number(number.replaceAll(",", "")) * (steps[unit] ?? NaN);
}

test("what is uploaded is counted, beside the database and the room that is left", async () => {
  await open("Storage");
  expect(await bytesOf("Files")).toBe(0);
  const { stream } = await teaOf(ana);
  const files = [await upload(ana, blob("one.bin", 3_000_000)), await upload(ana, blob("two.bin", 2_400_000))];
  await post(ana, stream, "both", { files });
  await page.reload();
  await expect.poll(() => bytesOf("Files")).toBe(5_400_000);
  const { storage } = await ana.ask<{ storage: { database_bytes: number; free_bytes: number } }>("GET", "/site/overview");
  const about = (bytes: number) => [bytes * 0.9, bytes * 1.1] as const;
  for (const [name, said] of [["Database", storage.database_bytes], ["Free on its disk", storage.free_bytes]] as const) {
    const [least, most] = about(said);
    expect(await bytesOf(name), name).toBeGreaterThan(least);
    expect(await bytesOf(name), name).toBeLessThan(most);
  }
  const share = Math.round((storage.database_bytes / (storage.database_bytes + storage.free_bytes)) * 100);
  await main().getByRole("img", { name: `The database takes ${share}% of its room.` }).waitFor();
});

test("a backup is told of, as it is made by the command that the page names", async () => {
  await open("Storage");
  await main().getByText("The data was never backed up by this program.").waitFor();
  const command = await main().getByText(/^kith backup /).innerText();
  const [, ...args] = command.replace("kith-backup.db", join(server.data, "backup.db")).replace("DIRECTORY", join(server.data, "data")).split(" ");
  const made = spawnSync(PROGRAM, args, { env: { ...process.env, KITH_PROFILE: server.data } });
  expect(made.status, String(made.stderr)).toBe(0);
  rmSync(join(server.data, "backup.db"), { recursive: true });
  await page.reload();
  await main().getByText(/^The last backup was made /).waitFor();
  expect(await main().getByText("Make one soon.").count()).toBe(0);
});

test("a setting that was changed is shown as such, with what it is and from where", async () => {
  await open("Configuration");
  const rows = main().getByRole("row").filter({ hasNot: page.getByRole("columnheader") });
  const row = (key: string) => rows.filter({ has: page.getByText(key, { exact: true }) });
  await expect.poll(() => row("password_chars_min").getByRole("cell").allInnerTexts()).toEqual(["14", "flag --set password_chars_min"]);
  expect(await row("sign_in_burst").getByRole("cell").allInnerTexts()).toEqual(["1000", "environment KITH_SIGN_IN_BURST"]);
  const all = await rows.count();
  await main().getByRole("switch", { name: "Only what differs from the defaults" }).click();
  await expect.poll(() => rows.count()).toBeLessThan(all);
  await row("password_chars_min").waitFor();
  expect(await rows.filter({ has: page.getByRole("cell", { name: "Default", exact: true }) }).count()).toBe(0);
});

test("how it does is counted as it is: people, circles, and what is refused", async () => {
  await open("Overview");
  const { users, circles } = await ana.ask<{ users: number; circles: number }>("GET", "/site/overview");
  const bob = await server.person("bob");
  await teaOf(bob, [], "Bob's");
  for (let n = 0; n < 3; n += 1) await expect(bob.ask("GET", `/circles/c_01kaf2g6x4000000000000000${n}`)).rejects.toThrow("circle.not_found");
  await page.reload();
  await expect.poll(() => figure("Users").innerText()).toBe(String(users + 1));
  expect(await figure("Circles").innerText()).toBe(String(circles + 1));
  expect(await figure("Version").innerText()).toBe(String(spawnSync(PROGRAM, ["--version"]).stdout).trim().replace("kith ", ""));
  expect(await bytesOf("Memory")).toBeGreaterThan(1_000_000);
  const { refusals } = await ana.ask<{ refusals: Record<string, number> }>("GET", "/site/health");
  expect(refusals["circle.not_found"]).toBe(3);
  expect(await main().getByRole("listitem").filter({ hasText: "circle.not_found" }).locator("span").innerText()).toBe("3");
  await page.getByRole("img", { name: /^Connections\. Now [1-9]/ }).waitFor();
});
