// What tells of unread messages outside of the page: its title, the icon of its tab, and the badge of
// the app.

import icon from "../icons/icon.svg";
import loudIcon from "../icons/icon-loud.svg";
import newIcon from "../icons/icon-new.svg";

/** How much is unread: messages, and those that are about the reader. */
export interface Unread {
  readonly messages: number;
  readonly mentions: number;
}

/** The title of the page with how many mentions there are, or a dot where something else is new. */
export function titled(title: string, { messages, mentions }: Unread): string {
  if (mentions > 0) return `(${mentions > 99 ? "99+" : mentions}) ${title}`;
  return messages > 0 ? `• ${title}` : title;
}

/** Shows on the icon of the tab and on that of the app what is unread. */
export function showBadge(unread: Unread): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const wanted = unread.mentions > 0 ? loudIcon : unread.messages > 0 ? newIcon : icon;
  if (link !== null && link.getAttribute("href") !== wanted) link.setAttribute("href", wanted);
  // Not every browser has it, and where the page is no app it may refuse.
  const set = unread.mentions > 0 ? navigator.setAppBadge?.(unread.mentions) : unread.messages > 0 ? navigator.setAppBadge?.() : navigator.clearAppBadge?.();
  set?.catch(() => {});
}
