// How one is shown oneself. Each rejects where it is refused, and one is shown so when it resolves.

import type { protocol } from "@kith/client";
import type { Site } from "../model/site.js";

type Of = Pick<Site, "client" | "people" | "me">;

/** With a picture, or with none. */
export async function setPicture({ client, people, me }: Of, file: protocol.FileId | undefined): Promise<void> {
  await client.command({ set_avatar: file === undefined ? {} : { file } });
  await people.renew([me]);
}

/** By a name. */
export async function setName({ client, people, me }: Of, name: string): Promise<void> {
  await client.command({ change_user: { display_name: name } });
  await people.renew([me]);
}
