// Private sessions, as their users begin them in the page.

import type { Locator, Page } from "playwright-core";
import type { Person } from "./server.js";

export const talkWith = (page: Page, who: Person): Locator => page.getByRole("region", { name: `Private session with ${who.name}` });
export const invitationOf = (page: Page, who: Person): Locator => page.getByRole("group", { name: `${who.name} invites you to a private session` });
export const connected = (page: Page): Promise<void> => page.getByRole("status").getByText("Connected", { exact: true }).waitFor();
export const accept = (page: Page, who: Person): Promise<void> => invitationOf(page, who).getByRole("button", { name: "Accept", exact: true }).click();

/** Invites somebody from their profile, as it is offered unless `direct`. */
export async function invite(page: Page, who: Person, { direct = false }: { direct?: boolean } = {}): Promise<void> {
  await page.getByRole("button", { name: "People", exact: true }).click();
  await page.getByRole("complementary", { name: "People" }).getByRole("button", { name: new RegExp(who.name) }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Talk privately" }).click();
  if (direct) await page.getByRole("radio", { name: /^Directly/ }).check();
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await talkWith(page, who).waitFor();
}
