// What is said to those who listen to the page when a message comes: those that are looked at, and those
// that are for the user wherever they are.

import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { t } from "../lib/i18n/index.svelte.js";
import { announce } from "../lib/ui/announce.svelte.js";
import { levelOf } from "./model/levels.js";
import { nameOf } from "./model/people.js";
import type { Site } from "./model/site.js";
import type { StreamModel } from "./model/stream.js";
import { streamName } from "./names.js";
import type { View } from "./view.svelte.js";

/** The most of a message that is said: who wants more, reads it. */
const SAID_MAX = 200;

export function tell(site: Site, view: View, stream: StreamModel, { by, body }: protocol.Event): void {
  if (body.kind !== "posted" || by === undefined) return;
  const { route } = view;
  const is_here = route.at === "stream" && route.stream === stream.id && body.thread === route.thread;
  const level = levelOf(get(site.preferences.values), stream.id, stream.circle?.id, Date.now());
  const is_for_me = level === "all" || (level === "mentions" && body.mentions?.users?.includes(site.me) === true);
  if (!is_here && !is_for_me) return;
  const name = nameOf(site.people.get(by), stream.circle?.nickname(by));
  const text = body.text.slice(0, SAID_MAX);
  announce(is_here ? t("chat.said", { name, text }) : t("chat.said_in", { name, text, stream: streamName(stream.info, get(site.people.users), site.me) }));
}
