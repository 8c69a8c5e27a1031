// What was told of a message that came, until it was read.

import type { protocol } from "@kith/client";
import { dismissNotices } from "../lib/notify/notify.svelte.js";
import type { Site } from "./model/site.js";
import { unreadStreams } from "./model/unread.js";

/** Takes notifications away once what they told was read, on any device, until what comes back is called. */
export function dismissRead(site: Site): () => void {
  let before: ReadonlySet<protocol.StreamId> = new Set();
  return unreadStreams(site).subscribe((now) => {
    for (const id of before) if (!now.has(id)) void dismissNotices(id);
    before = now;
  });
}
