// What one can do with a circle, as far as one may.

import { get } from "svelte/store";
import { t } from "../../lib/i18n/index.svelte.js";
import type { MenuItem } from "../../lib/ui/menu.js";
import { LogOut, Plus, Settings, UserPlus, Users } from "../../lib/ui/icons.js";
import type { CircleModel } from "../model/circle.js";
import type { Permission } from "../model/rights.js";
import type { Site } from "../model/site.js";
import { muteItem } from "../places/mute.js";
import type { View } from "../view.svelte.js";

export function circleMenu(site: Site, view: View, circle: CircleModel, may: ReadonlySet<Permission>): readonly MenuItem[] {
  const items: MenuItem[] = [];
  if (may.has("invite")) items.push({ label: t("circle.invite"), icon: UserPlus, run: () => (view.dialog = { is: "invite", circle }) });
  if (may.has("manage_feeds")) items.push({ label: t("stream.new"), icon: Plus, run: () => (view.dialog = { is: "new_stream", circle }) });
  items.push({ label: t("chat.people"), icon: Users, run: () => {
    view.side = "members";
    view.reveal("side");
  } });
  items.push({ label: t("circle.settings", { circle: get(circle.circle).name }), icon: Settings, run: () => (view.dialog = { is: "circle_settings", circle }) });
  items.push({ label: t("circle.mark_read"), run: () => {
    for (const stream of get(circle.streams)) stream.markRead();
  } });
  items.push(muteItem(site, view, circle.id, get(circle.circle).name));
  if (get(circle.circle).owner === site.me) {
    items.push("line", { label: t("circle.hand_over"), icon: Users, run: () => (view.dialog = { is: "hand_over", circle }) });
  } else {
    items.push("line", { label: t("circle.leave"), icon: LogOut, danger: true, run: () => (view.dialog = { is: "leave", circle }) });
  }
  return items;
}
