// The other tabs of the browser: what one of them changes of what waits to be sent, this one hears of.

import type { Site } from "./model/site.js";

/** Shares what waits with every tab of the user; what comes back ends that. */
export function followTabs(site: Pick<Site, "outbox" | "shareOutbox">): () => void {
  const changed = ({ key }: StorageEvent) => {
    if (key === site.outbox.key) site.shareOutbox();
  };
  addEventListener("storage", changed);
  return () => removeEventListener("storage", changed);
}
