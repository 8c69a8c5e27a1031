// Beginning conversations.

import type { protocol } from "@kith/client";
import type { Site } from "../model/site.js";
import type { StreamModel } from "../model/stream.js";

/** Whom one writes to: some who are known, or somebody by their unique name. */
export interface Whom {
  readonly users: readonly protocol.UserId[];
  readonly name: string;
  /** What a group is called. */
  readonly called: string;
}

/** Opens the conversation with one, or makes a group of several; rejects where that is refused. */
export async function begin(site: Pick<Site, "client" | "people" | "find">, { users, name, called }: Whom): Promise<StreamModel | undefined> {
  const [first, ...others] = users.length > 0 ? users : [await byName(site, name)];
  const title = called.trim() === "" ? {} : { name: called.trim() };
  const { stream } = await site.client.command(first !== undefined && others.length === 0 ? { open_direct: { user: first } } : { create_group: { users: [...users], ...title } });
  return stream === undefined ? undefined : site.find(stream);
}

/** Whoever is not in a circle of one's own is found by their unique name. */
async function byName({ client, people }: Pick<Site, "client" | "people">, name: string): Promise<protocol.UserId> {
  const found = await client.query({ user_by_name: { name: name.trim().replace(/^@/, "") } });
  people.learn([found]);
  return found.id;
}
