// The other tabs of the browser: what one of them changes of what waits to be sent, this one hears of.

import type { Site } from "./model/site.js";

/** Shares what waits with every tab of the user; what comes back ends that. */
export function followTabs(site: Pick<Site, "outbox" | "shareOutbox" | "letGo">): () => void {
  const changed = ({ key, newValue }: StorageEvent) => {
    const op = site.outbox.opOf(key);
    if (op === undefined) return;
    if (newValue === null) site.letGo(op);
    else site.shareOutbox();
  };
  addEventListener("storage", changed);
  return () => removeEventListener("storage", changed);
}
