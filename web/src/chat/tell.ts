// What is told when a message comes. To those who listen to the page: what is looked at, and what is for
// the user wherever it is. To those who look elsewhere: what is for the user, by a notification of the
// browser and a sound.

import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { t } from "../lib/i18n/index.svelte.js";
import { notify, offerNotifications } from "../lib/notify/notify.svelte.js";
import { announce } from "../lib/ui/announce.svelte.js";
import { levelOf } from "./model/levels.js";
import { nameOf } from "./model/people.js";
import type { Site } from "./model/site.js";
import { pathOf, routeTo } from "./model/route.js";
import type { StreamModel } from "./model/stream.js";
import { streamName } from "./names.js";
import { inWords } from "./stream/short.js";
import type { View } from "./view.svelte.js";

/** The most of a message that is said: who wants more, reads it. */
const SAID_MAX = 200;

export async function tell(site: Site, view: View, stream: StreamModel, { seq, by, body }: protocol.Event): Promise<void> {
  if (body.kind !== "posted" || by === undefined) return;
  const { route } = view;
  const is_here = route.at === "stream" && route.stream === stream.id && body.thread === route.thread;
  const level = levelOf(get(site.preferences.values), stream.id, stream.circle?.id, Date.now());
  const is_for_me = level === "all" || (level === "mentions" && stream.means(body.mentions));
  if (!is_here && !is_for_me) return;
  const name = nameOf(await site.people.whoIs(by), stream.circle?.nickname(by));
  const words = inWords(body);
  const text = words.slice(0, SAID_MAX);
  const of = streamName(stream.info, get(site.people.users), site.me);
  announce(is_here ? t("chat.said", { name, text }) : t("chat.said_in", { name, text, stream: of }));
  if (!is_for_me || by === site.me) return;
  offerNotifications();
  if (!is_here || !document.hasFocus()) void import("../lib/notify/sound.js").then(({ playSound }) => playSound(performance.now()));
  const title = stream.info.kind === "direct" ? name : t("chat.from", { name, stream: of });
  const url = pathOf(routeTo(stream.id, { seq, ...body }));
  void notify({ title, body: words, tag: stream.id, url });
}
