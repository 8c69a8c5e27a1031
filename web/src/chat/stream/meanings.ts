// What names and addresses in messages mean here: people, streams, and messages to go to.

import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { t } from "../../lib/i18n/index.svelte.js";
import type { MarkdownContext, Named } from "../../lib/markdown/context.js";
import { nameOf } from "../model/people.js";
import { rolesOf } from "../model/rights.js";
import { parseRoute, pathWithin } from "../model/route.js";
import type { Site } from "../model/site.js";
import type { StreamModel } from "../model/stream.js";
import { streamName } from "../names.js";
import type { View } from "../view.svelte.js";

export type Meanings = MarkdownContext;

/** What stands in a link or a button, in which nothing else can be pressed. */
export const STILL: Meanings = { still: true };

/** Names of everybody who can read a stream. */
const EVERYONE = ["everyone", "all", "here"];

/** What is meant in a stream. It is made anew when those who are known change. */
export function meaningsIn(site: Site, view: View, stream: StreamModel, users: ReadonlyMap<protocol.UserId, protocol.User>): Meanings {
  const byName = new Map([...users.values()].map((user) => [user.name.toLowerCase(), user]));
  const { circle } = stream;

  const mention = (name: string): Named | undefined => {
    const user = byName.get(name.toLowerCase());
    if (user !== undefined) {
      return {
        label: nameOf(user, circle?.nickname(user.id)),
        me: user.id === site.me,
        open: () => (view.dialog = { is: "profile", user: user.id, circle }),
      };
    }
    if (EVERYONE.includes(name.toLowerCase())) return { me: true };
    if (circle === undefined) return undefined;
    const info = get(circle.circle);
    const role = Object.entries(info.roles).find(([, one]) => one.name.toLowerCase() === name.toLowerCase());
    return role === undefined ? undefined : { me: rolesOf(info, get(circle.member)).includes(role[0] as protocol.RoleId) };
  };

  const to = (found: StreamModel): Named => ({ href: `/s/${found.id}`, open: () => view.goStream(found.id) });

  return {
    mention,
    stream: (name) => {
      const found = circle && get(circle.streams).find(({ info }) => info.name?.toLowerCase() === name.toLowerCase());
      return found === undefined ? undefined : to(found);
    },
    link: (href) => {
      const path = pathWithin(href, location.origin);
      if (path === undefined) return undefined;
      const route = parseRoute(path);
      if (route.at === "home") return undefined;
      const go = { href: path, open: () => view.go(route) };
      if (route.at !== "stream") return go;
      const found = site.stream(route.stream);
      if (found === undefined) return go;
      const name = streamName(found.info, users, site.me);
      return { ...go, label: route.message === undefined ? name : t("message.link_to", { stream: name }) };
    },
  };
}
