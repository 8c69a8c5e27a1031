// Whoever may own the site, by a token that the server printed.

import type { Site } from "../model/site.js";

/** The token behind the `#` of the address; empty where there is none. */
export function ownerToken(): string {
  return /^#owner=([0-9a-zA-Z]+)$/.exec(location.hash)?.[1] ?? "";
}

/** Has whoever is signed in administer the site; rejects where that is refused. */
export async function claimSite(site: Pick<Site, "client" | "refresh">, token: string): Promise<void> {
  await site.client.command({ claim_site: { token } });
  await site.refresh();
}
