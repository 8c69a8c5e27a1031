// The site's administration, by those who have it, and for those who have not.

import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { expectAccessible, expectFits, signIn } from "./browser.js";
import { teaOf } from "./chat.js";
import { PASSWORD, Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage();

let ana: Person;

beforeAll(async () => {
  ana = await server.person("ana");
  const [, token = ""] = server.owner.split("#owner=");
  await ana.ask("POST", "/site/owner", { token });
});

const PARTS = ["Overview", "Users", "Circles", "Registration", "Storage", "Configuration", "Log"];
const heading = (page: Page, name: string) => page.getByRole("main").getByRole("heading", { name, exact: true, level: 1 });
const line = (page: Page, name: string) => page.getByRole("main").getByRole("listitem").filter({ hasText: `@${name}` });

/** Does something with an account, as its menu offers it; `sure` where it asks once more. */
async function act(page: Page, name: string, deed: string, sure = true): Promise<void> {
  await page.getByRole("button", { name: `What can be done with ${name}` }).click();
  await page.getByRole("menuitem", { name: deed, exact: true }).click();
  if (sure) await page.getByRole("dialog").getByRole("button", { name: deed, exact: true }).click();
}

test.each([1280, 360])("every part is found from the others, and has a title (%i wide)", async (width) => {
  const page = await browser.open(server, "/admin", ana, { width });
  for (const part of PARTS) {
    await page.getByRole("navigation").getByRole("link", { name: part, exact: true }).click();
    await heading(page, part).waitFor();
    expect(await page.title()).toBe(`${part} – Site administration – Kith`);
    if (width < 760) await page.getByRole("button", { name: "Back" }).click();
  }
});

test("whoever does not administer the site is told that there is nothing", async () => {
  const bob = await server.person("bob");
  const page = await browser.open(server, "/admin/users", bob);
  await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
  await page.getByRole("button", { name: "Back" }).click();
  await page.getByText("Where do you want to begin?").waitFor();
  await page.getByRole("button", { name: "Your menu" }).click();
  await page.getByRole("menuitem", { name: "Settings" }).waitFor();
  expect(await page.getByRole("menuitem", { name: "Site administration" }).count()).toBe(0);
  // Whoever is let in has to sign in again first.
  await ana.ask("PUT", `/site/accounts/${bob.id}/admin`);
  await page.getByText("Please sign in again").waitFor();
  browser.takeComplaints();
  await page.goto(`${server.url}/admin/users`);
  await signIn(page, "bob");
  await heading(page, "Users").waitFor();
});

test("plots move with what happens, and say it in words", async () => {
  const page = await browser.open(server, "/admin/overview", ana);
  const plot = page.getByRole("img", { name: /^Connections\. Now [1-9]/ });
  await plot.waitFor();
  const { stream } = await teaOf(ana);
  const talk = setInterval(() => void ana.ask("PUT", `/streams/${stream}/messages/plot-${Date.now()}`, { text: "Hello" }), 100);
  try {
    await page.getByRole("img", { name: /^Events per second\. .*at most [1-9]/ }).waitFor();
    await page.getByRole("img", { name: /^How long a commit takes\. half of them: Now .* ms/ }).waitFor();
  } finally {
    clearInterval(talk);
  }
  await expectAccessible(page);
});

test("an account is disabled while its user is there, and enabled again", async () => {
  const cyd = await server.person("cyd");
  const theirs = await browser.open(server, "/settings/account", cyd);
  await heading(theirs, "Account").waitFor();
  const page = await browser.open(server, "/admin/users", ana);
  await page.getByRole("searchbox", { name: /^Find/ }).fill("cy");
  await expect.poll(() => page.getByRole("main").getByRole("listitem").count()).toBe(1);
  await act(page, "cyd", "Disable the account");
  await page.getByText("The account of cyd is disabled.").waitFor();
  await line(page, "cyd").getByText("Disabled").waitFor();
  await theirs.getByText("Please sign in again").waitFor();
  browser.takeComplaints();
  await act(page, "cyd", "Enable the account", false);
  await line(page, "cyd").getByText("Disabled").waitFor({ state: "hidden" });
  await signIn(theirs, "cyd");
  await heading(theirs, "Account").waitFor();
  await act(page, "cyd", "Make administrator");
  await line(page, "cyd").getByText("Administrator").waitFor();
  await theirs.getByText("Please sign in again").waitFor();
  await signIn(theirs, "cyd");
  await heading(theirs, "Account").waitFor();
  await act(page, "cyd", "End all sessions");
  await theirs.getByText("Please sign in again").waitFor();
  browser.takeComplaints();

  await page.getByRole("link", { name: "Log" }).click();
  await page.getByText("ana let cyd administer the site.").waitFor();
  await page.getByText("ana ended all sessions of cyd.").waitFor();
  expect(await page.getByText("cyd made an account.").count()).toBe(0);
  await page.getByRole("switch", { name: "Also what people do to their own accounts" }).click();
  await page.getByText("cyd made an account.").waitFor();
});

test("a circle of others is removed by its name, and the log says by whom", async () => {
  const bob = await server.person("bert");
  await bob.ask("POST", "/circles", { name: "Noise", public: true });
  const page = await browser.open(server, "/admin/circles", ana);
  const noise = page.getByRole("main").getByRole("listitem").filter({ hasText: "Noise" });
  await page.getByRole("button", { name: "Remove Noise …" }).click();
  const dialog = page.getByRole("dialog", { name: "Remove the circle …" });
  await expectAccessible(page);
  await dialog.getByRole("textbox").fill("Noise");
  await dialog.getByRole("button", { name: "Remove it for good" }).click();
  await page.getByText("Noise was removed, with all that was in it.").waitFor();
  await noise.waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Log" }).click();
  await page.getByText("ana removed the circle Noise.").waitFor();
});

test("of each setting it is said how it is set, and what is changed while the server runs leads there", async () => {
  const page = await browser.open(server, "/admin/configuration", ana);
  const main = page.getByRole("main");
  const open = async (key: string) => {
    await main.getByRole("searchbox").fill(key);
    await main.getByText(key, { exact: true }).first().click();
  };
  await open("files.free_percent");
  await main.getByText("KITH_FILES__FREE_PERCENT=").waitFor();
  await expectAccessible(page);
  await expectFits(page);
  await open("registration");
  await main.getByText("KITH_REGISTRATION=").waitFor();
  await main.getByRole("link", { name: "This can be changed while the server runs." }).click();
  await heading(page, "Registration").waitFor();
});

test("a lost password is replaced by a link, which works once", async () => {
  await server.person("dee");
  const page = await browser.open(server, "/admin/users", ana);
  await act(page, "dee", "Link for a new password");
  const box = page.getByRole("dialog").getByRole("textbox");
  const link = await box.inputValue();
  expect(link).toMatch(/\/reset#u_/);
  await expectAccessible(page);
  const theirs = await browser.page();
  await theirs.goto(link);
  await theirs.getByLabel("New password").fill("a horse that is correct");
  await theirs.getByRole("button", { name: "Set the new password" }).click();
  await theirs.getByText("Where do you want to begin?").waitFor();
  expect(await theirs.evaluate(() => location.pathname + location.hash)).toBe("/");
  const again = await browser.page();
  await again.goto(link);
  await again.getByLabel("New password").fill("a horse that is wrong");
  await again.getByRole("button", { name: "Set the new password" }).click();
  await again.getByText("This link is not valid, or has been used.").waitFor();
  browser.takeComplaints();
});

test("who may make an account is changed while the server runs", async () => {
  const page = await browser.open(server, "/admin/registration", ana);
  await page.getByRole("radio", { name: /^Nobody/ }).check();
  await page.getByText("Saved.").waitFor();
  const answer = await fetch(`${server.url}/api/v1/accounts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "eve", password: PASSWORD }),
  });
  expect(answer.status).toBe(403);
  await page.getByRole("radio", { name: /^Anybody/ }).check();
  await expect.poll(async () => ((await (await fetch(`${server.url}/api/v1/site`)).json()) as { registration: string }).registration).toBe("open");
});
