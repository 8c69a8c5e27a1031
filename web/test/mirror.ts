// Pages whose lines begin at the right. No language of the pages is written so yet; the direction alone is turned.

import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";

/** Lets lines begin at one side. */
export const turn = (page: Page, dir: "ltr" | "rtl") => page.evaluate((dir) => void (document.documentElement.dir = dir), dir);

/** How far something is from where lines begin, and how wide it is. */
async function place(page: Page, what: Locator, dir: "ltr" | "rtl"): Promise<[number, number]> {
  const box = await what.first().boundingBox();
  if (box === null) throw new Error("it is not there");
  const { width } = page.viewportSize() ?? { width: 0 };
  return [Math.round(dir === "ltr" ? box.x : width - box.x - box.width), Math.round(box.width)];
}

/** Fails where one of these does not stand mirrored, give or take a pixel. */
export async function expectMirrored(page: Page, what: Readonly<Record<string, Locator>>): Promise<void> {
  const before = new Map<string, [number, number]>();
  for (const [name, one] of Object.entries(what)) before.set(name, await place(page, one, "ltr"));
  await turn(page, "rtl");
  for (const [name, one] of Object.entries(what)) {
    const [[was, wide], [is, width]] = [before.get(name) ?? [0, 0], await place(page, one, "rtl")];
    expect(Math.abs(was - is), `${name} is ${is} and was ${was}`).toBeLessThanOrEqual(2);
    expect(Math.abs(wide - width), `${name} is ${width} wide and was ${wide}`).toBeLessThanOrEqual(2);
  }
}
