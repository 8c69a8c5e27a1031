// Muting from the menus of circles, streams and conversations.

import type { protocol } from "@kith/client";
import { t } from "../../lib/i18n/index.svelte.js";
import { Bell, BellOff } from "../../lib/ui/icons.js";
import type { MenuItem } from "../../lib/ui/menu.js";
import { choiceOf, isMuted, keptChoice, levelKey } from "../model/levels.js";
import { withMute } from "../model/mute.js";
import type { Site } from "../model/site.js";
import type { View } from "../view.svelte.js";

/** Asks for how long to mute it; where it is muted, ends that. */
export function muteItem(site: Site, view: View, of: protocol.CircleId | protocol.StreamId, name: string): MenuItem {
  const choice = choiceOf({ [levelKey(of)]: site.preferences.get(levelKey(of)) }, of);
  if (!isMuted(choice, Date.now())) return { label: t("places.mute"), icon: BellOff, run: () => (view.dialog = { is: "mute", of, name }) };
  return { label: t("places.unmute"), icon: Bell, run: () => void site.prefer(levelKey(of), keptChoice(withMute(choice, "not", Date.now()))) };
}
