// What streams and conversations are called.

import type { protocol } from "@kith/client";
import { list } from "../lib/i18n/index.svelte.js";
import { nameOf } from "./model/people.js";

type Users = ReadonlyMap<protocol.UserId, protocol.User>;

/** The name of a stream; of a conversation without one, who is in it besides oneself. */
export function streamName(stream: protocol.Stream, users: Users, me: protocol.UserId): string {
  if (stream.name !== undefined) return stream.name;
  if (stream.kind === "channel") return "";
  const others = stream.users.filter((user) => user !== me);
  return list((others.length > 0 ? others : stream.users).map((user) => nameOf(users.get(user))));
}
