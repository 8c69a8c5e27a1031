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
  // A page that was put aside and is shown again heard of nothing meanwhile.
  const shown = ({ persisted }: PageTransitionEvent) => {
    if (!persisted) return;
    for (const op of site.outbox.taken()) site.letGo(op);
    site.shareOutbox();
  };
  addEventListener("storage", changed);
  addEventListener("pageshow", shown);
  return () => {
    removeEventListener("storage", changed);
    removeEventListener("pageshow", shown);
  };
}
