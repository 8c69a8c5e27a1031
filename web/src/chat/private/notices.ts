// What is told of private sessions to whoever looks elsewhere: never what was said in them.

import type { PrivateEvent } from "@kith/client/private";
import { t } from "../../lib/i18n/late.js";
import { dismissNotices, notify } from "../../lib/notify/notify.svelte.js";
import { playSound } from "../../lib/notify/sound.js";
import { announce } from "../../lib/ui/announce.svelte.js";
import { nameOf } from "../model/people.js";
import { pathOf } from "../model/route.js";
import type { Site } from "../model/site.js";
import type { Talk } from "./talk.js";

/** Tells of what happened; `looked` says that the user looks at the session. */
export async function tellOf(site: Site, { user, trust }: Talk, event: PrivateEvent, looked: boolean): Promise<void> {
  const [tag, url] = [`private ${user}`, pathOf({ at: "private", user })];
  if ("invited" in event && site.people.get(user) === undefined) await site.people.renew([user]).catch(() => {});
  const name = nameOf(site.people.get(user));
  const notice = (title: string) => {
    playSound(performance.now());
    void notify({ title, body: "", tag, url });
  };
  if ("invited" in event) {
    const said = t("private.invited", { name });
    announce(said, "assertive");
    notice(said);
  } else if ("accepted" in event) {
    void dismissNotices(tag);
  } else if ("agreed" in event && trust === "changed") {
    announce(t("private.changed_alert", { name }), "assertive");
  } else if ("message" in event) {
    announce(looked ? t("chat.said", { name, text: event.message.text }) : t("private.notice_message", { name }));
    if (!looked) notice(t("private.notice_message", { name }));
  } else if ("offered" in event) {
    announce(t("private.notice_file", { name }));
    if (!looked) notice(t("private.notice_file", { name }));
  } else if ("ended" in event) {
    void dismissNotices(tag);
    announce(t(`private.over_${event.ended.why}`, { name }), "assertive");
  }
}
