// What holds of every page: how it is served, and who gets in.

import { beforeAll, expect, test } from "vitest";
import { expectAccessible, expectFits, signIn } from "./browser.js";
import { browser, server, stage } from "./stage.js";

stage();

beforeAll(async () => {
  await server.person("ana");
});

test("a page is served with a strict policy, and what it loads is kept", async () => {
  const page = await fetch(`${server.url}/inspector`, { headers: { "accept-encoding": "identity" } });
  const said = (name: string) => page.headers.get(name);
  expect(said("content-security-policy")).toContain("script-src 'self'; style-src 'self';");
  expect(said("content-security-policy")).not.toContain("unsafe");
  expect(said("x-content-type-options")).toBe("nosniff");
  expect(said("referrer-policy")).toBe("no-referrer");
  expect(said("cache-control")).toBe("no-cache");
  const html = await page.text();
  const again = await fetch(`${server.url}/inspector`, {
    headers: { "accept-encoding": "identity", "if-none-match": said("etag") ?? "" },
  });
  expect(again.status).toBe(304);
  const loads = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
  expect(loads.length).toBeGreaterThan(1);
  for (const path of loads) {
    const file = await fetch(server.url + path);
    expect(file.status).toBe(200);
    expect(file.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  }
  expect(html).not.toMatch(/<style|style=|<script>|onload=/);
});

test.each(["light", "dark"] as const)("whoever knows the password gets in, others do not (%s)", async (theme) => {
  const page = await browser.page({ width: 360, height: 640, theme });
  await page.goto(`${server.url}/inspector`);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await expectAccessible(page);
  await expectFits(page);
  await signIn(page, "ana", "the wrong password");
  await page.getByRole("alert").getByText("There is no such user name with this password.").waitFor();
  // The browser itself tells of an answer with an error.
  expect(browser.takeComplaints().filter((text) => !text.includes("401"))).toEqual([]);
  await signIn(page, "ana");
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  expect(await page.evaluate(() => document.cookie)).toBe("");
  await page.reload();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
});

test("what the policy forbids is found out", async () => {
  const page = await browser.page();
  await page.goto(`${server.url}/inspector`);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  const complained = page.waitForEvent("console", (message) => message.text().includes("Content Security Policy"));
  await page.evaluate(() => void (new Image().src = "http://127.0.0.1:1/elsewhere.png"));
  await complained;
  expect(browser.takeComplaints().join()).toContain("Content Security Policy");
});
