// The network of a page, made as slow as a test wants it.

import type { Page } from "playwright-core";

/** How many bytes a page is brought in a second from then on, and how many it sends; -1 is all that go. */
export async function slow(page: Page, latency = 20): Promise<(down: number, up?: number) => Promise<unknown>> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  return (down, up = -1) => devtools.send("Network.emulateNetworkConditions", { offline: false, latency, downloadThroughput: down, uploadThroughput: up });
}
