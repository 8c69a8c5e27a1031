// Private sessions in the page over a server that changes what two devices agree on: both notice.

import type { Page, WebSocketRoute } from "playwright-core";
import { expect, test } from "vitest";
import { chat, worldOf, type World } from "./chat.js";
import { accept, connected, invite } from "./private.js";
import { RELAYING, type Person } from "./server.js";
import { browser, server, stage } from "./stage.js";

stage(RELAYING);

/** What a server does to what passes: what it tells the page, or what the page tells it. */
type Meddle = (text: string, told: boolean) => string;

/** A certificate of nobody in the place of the device's own. */
const SWAPPED = `a=fingerprint:sha-256 ${Array<string>(32).fill("AB").join(":")}`;
const swap = (text: string) => text.replace(/a=fingerprint:sha-256 [0-9A-F:]{95}/g, SWAPPED);

/** The page of ana, between whom and the server somebody meddles, and that of bob. */
async function pages(of: World, meddle: Meddle): Promise<[Page, Page]> {
  const open = (who: Person) => chat(browser, server, who, `/s/${of.stream}`);
  const [ana, bob] = [await open(of.ana), await open(of.bob)];
  await ana.routeWebSocket(/./, (near: WebSocketRoute) => {
    const far = near.connectToServer();
    const pass = (to: WebSocketRoute, told: boolean) => (message: string | Buffer) => {
      to.send(typeof message === "string" ? meddle(message, told) : message);
    };
    near.onMessage(pass(far, false));
    far.onMessage(pass(near, true));
  });
  await ana.reload();
  await ana.getByRole("navigation").waitFor();
  return [ana, bob];
}

/** Ana invites bob, and he accepts. */
async function meet(of: World, ana: Page, bob: Page): Promise<void> {
  await invite(ana, of.bob);
  await accept(bob, of.ana);
}

test("a server that passes everything on as it is, is no reason to worry", async () => {
  const of = await worldOf(server);
  const seen: string[] = [];
  const [ana, bob] = await pages(of, (text) => {
    if (text !== swap(text)) seen.push(text);
    return text;
  });
  await meet(of, ana, bob);
  await connected(ana);
  await connected(bob);
  expect(seen.length, "certificates pass through it").toBeGreaterThan(1);
});

for (const [what, told] of [["of the other device", true], ["of the own device", false]] as const) {
  test(`a server that swaps the certificate ${what} is noticed by both`, async () => {
    const of = await worldOf(server);
    let swapped = 0;
    const [ana, bob] = await pages(of, (text, is) => {
      if (is !== told || text === swap(text)) return text;
      swapped += 1;
      return swap(text);
    });
    await meet(of, ana, bob);
    for (const page of [ana, bob]) {
      await page.getByRole("strong").getByText("The other device said what does not fit together. Somebody may be between you.").waitFor();
    }
    expect(swapped).toBeGreaterThan(0);
  });
}
