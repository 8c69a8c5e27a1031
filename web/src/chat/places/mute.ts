// Muting from the menus of circles, streams and conversations.

import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { t } from "../../lib/i18n/index.svelte.js";
import { Bell, BellOff } from "../../lib/ui/icons.js";
import type { MenuItem } from "../../lib/ui/menu.js";
import { choiceOf, isMuted, keptChoice, levelKey } from "../model/levels.js";
import { withMute, type Mute } from "../model/mute.js";
import type { Site } from "../model/site.js";
import type { View } from "../view.svelte.js";

type Of = protocol.CircleId | protocol.StreamId;

const chosen = (site: Site, of: Of) => choiceOf(get(site.preferences.values), of);

/** Mutes it for so long, or not any more. */
export function mute(site: Site, of: Of, lasts: Mute): void {
  void site.prefer(levelKey(of), keptChoice(withMute(chosen(site, of), lasts, Date.now())));
}

/** Asks for how long to mute it; where it is muted, ends that. */
export function muteItem(site: Site, view: View, of: Of, name: string): MenuItem {
  if (!isMuted(chosen(site, of), Date.now())) return { label: t("places.mute"), icon: BellOff, run: () => (view.dialog = { is: "mute", of, name }) };
  return { label: t("places.unmute"), icon: Bell, run: () => mute(site, of, "not") };
}
