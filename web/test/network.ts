// The network of a page, made as slow as a test wants it, or held up.

import type { Page } from "playwright-core";

/** How many bytes a page is brought in a second from then on, and how many it sends; -1 is all that go. */
export async function slow(page: Page, latency = 20): Promise<(down: number, up?: number) => Promise<unknown>> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  return (down, up = -1) => devtools.send("Network.emulateNetworkConditions", { offline: false, latency, downloadThroughput: down, uploadThroughput: up });
}

/** What a page said and the server was not told yet. */
export interface Held {
  /** How much there is of it. */
  readonly count: () => number;
  /** Tells it, and holds nothing back any more. */
  readonly letGo: () => void;
}

/** Holds back what a page says that has `words` in it, on connections that it begins from then on. */
export async function hold(page: Page, words: string): Promise<Held> {
  let held: (() => void)[] | undefined = [];
  await page.routeWebSocket(/./, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((said) => {
      if (held !== undefined && String(said).includes(words)) held.push(() => server.send(said));
      else server.send(said);
    });
    server.onMessage((said) => socket.send(said));
  });
  return {
    count: () => held?.length ?? 0,
    letGo: () => {
      const all = held ?? [];
      held = undefined;
      for (const tell of all) tell();
    },
  };
}
