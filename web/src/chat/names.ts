// What streams and conversations are called, and what people and conversations are shown with.

import type { protocol } from "@kith/client";
import { list } from "../lib/i18n/index.svelte.js";
import type { Own } from "./model/away.js";
import { nameOf } from "./model/people.js";
import type { Site } from "./model/site.js";
import type { StreamModel } from "./model/stream.js";

type Users = ReadonlyMap<protocol.UserId, protocol.User>;

/** The name of a stream; of a conversation without one, who is in it besides oneself. */
export function streamName(stream: protocol.Stream, users: Users, me: protocol.UserId): string {
  if (stream.name !== undefined) return stream.name;
  if (stream.kind === "channel") return "";
  const others = stream.users.filter((user) => user !== me);
  return list((others.length > 0 ? others : stream.users).map((user) => nameOf(users.get(user))));
}

/** How somebody with whom one talks is shown to be there; not at all who is not, or is blocked. */
export function presenceOf(user: protocol.UserId, present: ReadonlyMap<protocol.UserId, protocol.Status>, blocked: ReadonlySet<protocol.UserId>): Own | undefined {
  const status = present.get(user);
  return status === "offline" || blocked.has(user) ? undefined : status;
}

/** What an avatar is made of. */
export interface Face {
  readonly name: string;
  readonly id: string;
  readonly src?: string | undefined;
  readonly square?: boolean;
}

/** What somebody is shown with. */
export function faceOf(site: Site, user: protocol.User): Face {
  return { name: nameOf(user), id: user.id, src: site.avatar(user) };
}

/** What a conversation is shown with: that of two with whom it is, a group with a square of its own. */
export function faceIn(site: Site, stream: StreamModel, users: Users): Face {
  const name = streamName(stream.info, users, site.me);
  const [other] = stream.info.kind === "direct" ? stream.others(site.me) : [];
  return other === undefined ? { name, id: stream.id, square: true } : { name, id: other, src: site.avatar(users.get(other)) };
}
