// Beginning conversations, and adding people to those of several.

import type { protocol } from "@kith/client";
import { nameOf } from "../model/people.js";
import type { Site } from "../model/site.js";
import type { StreamModel } from "../model/stream.js";

/** Somebody who can be chosen. */
export interface Choice {
  readonly id: protocol.UserId;
  readonly name: string;
  /** The name that nobody else has. */
  readonly unique: string;
}

/** Everybody who is known and can be written to, without some. */
export function choices(users: ReadonlyMap<protocol.UserId, protocol.User>, without: readonly protocol.UserId[]): readonly Choice[] {
  return [...users.values()].filter(({ id, disabled }) => disabled !== true && !without.includes(id)).map((user) => ({ id: user.id, name: nameOf(user), unique: user.name }));
}

/** Whom one writes to: some who are known, or somebody by their unique name. */
export interface Whom {
  readonly users: readonly protocol.UserId[];
  readonly name: string;
}

/** Opens the conversation with one, or makes a group of several, which may be `called` something; rejects where that is refused. */
export async function begin(site: Pick<Site, "client" | "people" | "find">, whom: Whom, called = ""): Promise<StreamModel | undefined> {
  const users = await idsOf(site, whom);
  const [first, ...others] = users;
  const title = called.trim() === "" ? {} : { name: called.trim() };
  const { stream } = await site.client.command(first !== undefined && others.length === 0 ? { open_direct: { user: first } } : { create_group: { users, ...title } });
  return stream === undefined ? undefined : site.find(stream);
}

/** Adds people to a group; rejects where that is refused. Who was added. */
export async function addTo(site: Pick<Site, "client" | "people">, stream: protocol.StreamId, whom: Whom): Promise<readonly protocol.UserId[]> {
  const users = await idsOf(site, whom);
  await site.client.command({ add_to_group: { stream, users } });
  return users;
}

async function idsOf(site: Pick<Site, "client" | "people">, { users, name }: Whom): Promise<protocol.UserId[]> {
  return users.length > 0 ? [...users] : [await byName(site, name)];
}

/** Whoever is not in a circle of one's own is found by their unique name. */
async function byName({ client, people }: Pick<Site, "client" | "people">, name: string): Promise<protocol.UserId> {
  const found = await client.query({ user_by_name: { name: name.trim().replace(/^@/, "") } });
  people.learn([found]);
  return found.id;
}
