// Pages of the real server in a real browser. Whatever a page complains of fails the test: errors in
// the console, exceptions, and what the policy of the page forbids.

import { createRequire } from "node:module";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { launch } from "../scripts/real.mjs";
import { PASSWORD, type Person, type Server } from "./server.js";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** How much later what pages and their servers tell each other comes, in either direction. */
const DELAY_MS = Number(process.env["KITH_TEST_DELAY_MS"] ?? 0);

/** How a page is shown. */
export interface Look {
  width?: number;
  height?: number;
  theme?: "light" | "dark";
  /** Which language its browser asks for. */
  locale?: string;
  /** Whether it is held in the hand. */
  touch?: boolean;
  /** Whether things may move; tests wait less where they do not. */
  moving?: boolean;
  /** Whether notifications are offered to whoever begins to talk; in tests of anything else that was answered. */
  offers?: boolean;
}

export class Chromium {
  readonly #complaints: string[] = [];

  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<Chromium> {
    return new Chromium(await launch());
  }

  /** Closes it; fails where a page complained of something that was not expected. */
  async end(): Promise<void> {
    await this.browser.close();
    expect(this.#complaints).toEqual([]);
  }

  /** What was complained of, which is then forgiven. */
  takeComplaints(): string[] {
    return this.#complaints.splice(0);
  }

  /** A window of somebody who is not signed in. */
  async page({ width = 1280, height = 800, theme = "light", locale = "en-US", touch = false, moving = false, offers = false }: Look = {}): Promise<Page> {
    const context: BrowserContext = await this.browser.newContext({
      viewport: { width, height },
      colorScheme: theme,
      locale,
      reducedMotion: moving ? "no-preference" : "reduce",
      hasTouch: touch,
      isMobile: touch,
    });
    context.setDefaultTimeout(20_000);
    if (!offers) {
      await context.addInitScript(() => {
        if (location.protocol === "http:") localStorage.setItem("kith.notify.offered", "answered");
      });
    }
    if (DELAY_MS > 0) await delay(context);
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") this.#complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.#complaints.push(String(error)));
    return page;
  }

  /** A page of the server, where `person` is signed in. */
  async open(server: Server, path: string, person: Person, look: Look = {}): Promise<Page> {
    const page = await this.page(look);
    await page.goto(server.url + path);
    await signIn(page, person.name);
    return page;
  }
}

async function delay(context: BrowserContext): Promise<void> {
  const later = (work: () => void) => void setTimeout(work, DELAY_MS);
  await context.routeWebSocket(/./, (page) => {
    const server = page.connectToServer();
    for (const [from, to] of [[page, server], [server, page]] as const) {
      from.onMessage((message) => later(() => to.send(message)));
      from.onClose((code, reason) => later(() => void to.close({ ...(code === undefined ? {} : { code }), ...(reason === undefined ? {} : { reason }) })));
    }
  });
}

/** Signs in as people do. */
export async function signIn(page: Page, name: string, password = PASSWORD): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

interface Axe {
  run(context: Document, options: object): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
}

/** What axe finds that WCAG 2.2 AA forbids. */
export async function faults(page: Page): Promise<readonly string[]> {
  // Beside the page's own world, so that its policy holds nothing against it.
  await page.evaluate(await import("node:fs").then((fs) => fs.readFileSync(AXE, "utf8")));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: Axe };
    const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    // No rule of these reads stylesheets; one that is still loading would be inlined, against the policy.
    const { violations } = await axe.run(document, { runOnly, preload: false });
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}\n${node.failureSummary}`));
  });
}

/** Fails where axe finds something that WCAG 2.2 AA forbids. */
export async function expectAccessible(page: Page): Promise<void> {
  expect(await faults(page)).toEqual([]);
}

/** Fails where the page is wider than its window. */
export async function expectFits(page: Page): Promise<void> {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  expect(content).toBeLessThanOrEqual(window as number);
}
