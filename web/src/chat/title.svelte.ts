// What the tab says: where one is, and what is unread anywhere, in its title, its icon and the badge of
// the app.

import { showBadge, titled, type Unread } from "../lib/notify/badge.js";
import type { Site } from "./model/site.js";
import { unreadOf } from "./model/unread.js";

const NOTHING: Unread = { messages: 0, mentions: 0 };
let unread = $state.raw(NOTHING);

/** The title of the page where `name` is shown. */
export function titleOf(name = ""): string {
  return titled(name === "" ? "Kith" : `${name} – Kith`, unread);
}

/** Shows what is unread on a site, until what comes back is called. */
export function followUnread(site: Site): () => void {
  const show = (now: Unread) => {
    if (now.messages === unread.messages && now.mentions === unread.mentions) return;
    unread = now;
    showBadge(now);
  };
  const stop = unreadOf(site).subscribe(({ unread: messages, forMe: mentions }) => show({ messages, mentions }));
  return () => {
    stop();
    show(NOTHING);
  };
}
