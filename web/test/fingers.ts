// Fingers on a screen, one or two of them, as browsers tell pages of them.

import type { CDPSession, Page } from "playwright-core";

export type Spot = readonly [x: number, y: number];

/** So many steps lie between two places. */
const STEPS = 8;

export class Fingers {
  private constructor(private readonly devtools: CDPSession) {}

  static async on(page: Page): Promise<Fingers> {
    return new Fingers(await page.context().newCDPSession(page));
  }

  async down(...at: readonly Spot[]): Promise<void> {
    await this.#send("touchStart", at);
  }

  async up(): Promise<void> {
    await this.#send("touchEnd", []);
  }

  /** Each from its first place to its second, which is where it stays. */
  async move(...ways: readonly (readonly [from: Spot, to: Spot])[]): Promise<void> {
    for (let step = 1; step <= STEPS; step += 1) {
      const share = step / STEPS;
      await this.#send("touchMove", ways.map(([[x, y], [toX, toY]]): Spot => [x + (toX - x) * share, y + (toY - y) * share]));
    }
  }

  /** Down, along their ways, and up. */
  async draw(...ways: readonly (readonly [from: Spot, to: Spot])[]): Promise<void> {
    await this.down(...ways.map(([from]) => from));
    await this.move(...ways);
    await this.up();
  }

  /** Two taps in one place, a tenth of a second apart however long the browser takes with them. */
  async tapTwice(at: Spot): Promise<void> {
    const from = Date.now() / 1000;
    for (const after of [0, 0.1]) {
      await this.#send("touchStart", [at], from + after);
      await this.#send("touchEnd", [], from + after + 0.02);
    }
  }

  async end(): Promise<void> {
    await this.devtools.detach();
  }

  async #send(type: "touchStart" | "touchMove" | "touchEnd", at: readonly Spot[], timestamp?: number): Promise<void> {
    await this.devtools.send("Input.dispatchTouchEvent", { type, touchPoints: at.map(([x, y], id) => ({ x, y, id })), ...(timestamp === undefined ? {} : { timestamp }) });
  }
}
