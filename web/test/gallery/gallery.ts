// The gallery in a browser.

import type { Page } from "playwright-core";
import { inject } from "vitest";
import { expectAccessible, expectFits, type Chromium, type Look } from "../browser.js";

export interface GalleryLook extends Look {
  dir?: "ltr" | "rtl";
}

/** One group of parts. */
export async function openGallery(browser: Chromium, part: string, { dir = "ltr", ...look }: GalleryLook = {}): Promise<Page> {
  const page = await browser.page(look);
  await page.goto(`${inject("gallery")}?dir=${dir}#${part}`);
  await page.locator("main > *").first().waitFor();
  return page;
}

/** How every group of parts is looked at. */
export const LOOKS: readonly GalleryLook[] = [
  { theme: "light", width: 1280, height: 900 },
  { theme: "dark", width: 1280, height: 900 },
  { theme: "light", width: 360, height: 740 },
  { theme: "dark", width: 768, height: 900, dir: "rtl" },
];

/** Axe finds nothing and nothing is too wide, in light, dark, narrow, wide, and from right to left. */
export async function expectGood(browser: Chromium, part: string, before: (page: Page) => Promise<void> = async () => {}): Promise<void> {
  for (const look of LOOKS) {
    const page = await openGallery(browser, part, look);
    await before(page);
    await expectAccessible(page);
    await expectFits(page);
    const folder = process.env["KITH_SCREENSHOTS"];
    if (folder !== undefined) await page.screenshot({ path: `${folder}/${part}-${look.width}-${look.theme}-${look.dir ?? "ltr"}.png` });
    await page.context().close();
  }
}
