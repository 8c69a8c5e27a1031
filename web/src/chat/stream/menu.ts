// What one can do with a stream or conversation, as far as one may.

import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { t } from "../../lib/i18n/index.svelte.js";
import { ArchiveRestore, Check, Link, Lock, LogOut, Settings, Star, User, UserPlus } from "../../lib/ui/icons.js";
import type { MenuItem } from "../../lib/ui/menu.js";
import { copyText } from "../../lib/ui/clipboard.js";
import { toast } from "../../lib/ui/toasts.svelte.js";
import { muteItem } from "../places/mute.js";
import { FAVOURITES, ORDER_MAX, orderOf } from "../model/order.js";
import { permissionsOf } from "../model/rights.js";
import type { Site } from "../model/site.js";
import type { StreamModel } from "../model/stream.js";
import { streamName } from "../names.js";
import type { View } from "../view.svelte.js";

export function streamMenu(site: Site, view: View, stream: StreamModel): readonly MenuItem[] {
  const { info } = stream;
  const items: MenuItem[] = [
    { label: t("stream.mark_read"), icon: Check, run: () => stream.markRead() },
    favourite(site, stream),
    muteItem(site, view, stream.id, streamName(info, get(site.people.users), site.me)),
    { label: t("stream.copy_link"), icon: Link, run: () => void copyLink(`/s/${stream.id}`) },
  ];
  const [other] = stream.others(site.me);
  if (info.kind === "direct" && other !== undefined) {
    items.push({ label: t("profile.title"), icon: User, run: () => (view.dialog = { is: "profile", user: other }) });
    items.push({ label: t("private.talk"), icon: Lock, run: () => view.goPrivately(other) });
  }
  const { circle } = stream;
  const manages = circle === undefined ? info.kind === "group" : permissionsOf(get(circle.circle), get(circle.member), Date.now(), info.deny).has("manage_feeds");
  if (manages) {
    const name = info.name ?? "";
    if (info.archived === true) items.push({ label: t("stream.unarchive"), icon: ArchiveRestore, run: () => void unarchive(site, info) });
    items.push({ label: t("stream.settings", { name }), icon: Settings, run: () => (view.dialog = { is: "stream_settings", stream }) });
  }
  if (info.kind === "group") {
    items.push({ label: t("conversation.add"), icon: UserPlus, run: () => (view.dialog = { is: "add_people", stream }) });
    items.push("line", { label: t("conversation.leave"), icon: LogOut, danger: true, run: () => {
      void site.act({ leave_group: { stream: stream.id } }).then((done) => {
        if (done !== undefined) view.go({ at: "home" });
      });
    } });
  }
  return items;
}

/** Puts it among the favourites, or takes it out. */
function favourite(site: Site, { id }: StreamModel): MenuItem {
  const all = orderOf(site.preferences.get(FAVOURITES));
  const isOne = all.includes(id);
  const next = isOne ? all.filter((one) => one !== id) : [...all, id].slice(-ORDER_MAX);
  return { label: isOne ? t("places.favourite_no") : t("places.favourite"), icon: Star, run: () => void site.prefer(FAVOURITES, [...next]) };
}

/** Has a stream written in again: everything else of it stays as it is. */
async function unarchive(site: Site, { id, name = "", about, ...info }: protocol.Stream): Promise<void> {
  await site.act({ change_stream: { stream: id, name, ...(about === undefined ? {} : { about }), archived: false, slow_seconds: info.slow_seconds ?? 0 } });
}

/** Copies the full address of something on this server. */
export async function copyLink(path: string): Promise<void> {
  if (await copyText(location.origin + path)) toast(t("chat.link_copied"), { kind: "good" });
}
