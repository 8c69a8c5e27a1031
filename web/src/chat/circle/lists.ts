// What there is of a circle besides what everybody sees: its invites, who is banned, what was done in it;
// and the circles that anybody may join.

import type { protocol } from "@kith/client";
import { writable, type Readable, type Writable } from "svelte/store";
import { Paged } from "../model/paged.js";
import type { Site } from "../model/site.js";

type CircleId = protocol.CircleId;

/** The circles of the site that anybody finds. */
export function publicCircles({ client }: Pick<Site, "client">): Paged<protocol.CircleCard> {
  return new Paged(async (last) => {
    const { circles, more } = await client.query({ public_circles: last === undefined ? {} : { after: last.id } });
    return { items: circles, more };
  });
}

/** Who is banned from a circle. */
export function bansOf({ client, people }: Pick<Site, "client" | "people">, circle: CircleId): Paged<protocol.Banned> {
  return new Paged(async (last) => {
    const { bans, more } = await client.query({ bans: { circle, ...(last === undefined ? {} : { after: last.user.id }) } });
    return { items: bans, more };
  }, (bans) => people.want(bans.map(({ by }) => by)));
}

/** Lets somebody in again who is banned; that it did not come about is said. */
export async function unban(site: Pick<Site, "act">, circle: CircleId, user: protocol.UserId): Promise<boolean> {
  return (await site.act({ unban: { circle, user } })) !== undefined;
}

/** The invites of a circle that are good. */
export class Invites {
  /** All of them; `undefined` before any answer. */
  readonly all: Readable<readonly protocol.Invite[] | undefined>;

  readonly #all: Writable<readonly protocol.Invite[] | undefined> = writable();

  constructor(private readonly site: Pick<Site, "client" | "people">, private readonly circle: CircleId) {
    this.all = this.#all;
  }

  /** Asks which there are. */
  async load(): Promise<void> {
    const all = await this.site.client.query({ invites: { circle: this.circle } });
    this.site.people.want(all.map(({ by }) => by));
    this.#all.set(all);
  }

  /** Nobody comes in by this one any more. */
  async revoke(invite: protocol.InviteId): Promise<void> {
    await this.site.client.command({ revoke_invite: { circle: this.circle, invite } });
    await this.load();
  }
}

/** What was done in a circle. */
export type Acted = protocol.Event & { readonly body: { readonly kind: "acted"; readonly act: protocol.Act } };

/** Acts that are held: the last. */
const ACTS_MAX = 500;

/** What was done in a circle, the last first, while it is followed. */
export class Acts {
  readonly all: Readable<readonly Acted[]>;
  /** Whether all of it was told. */
  readonly known: Readable<boolean>;

  readonly #all: Writable<readonly Acted[]> = writable([]);
  readonly #known = writable(false);

  constructor(private readonly site: Pick<Site, "client" | "people" | "refused">, private readonly circle: CircleId) {
    [this.all, this.known] = [this.#all, this.#known];
  }

  /** Follows it, until what comes back is called. */
  follow(): () => void {
    const { client, people } = this.site;
    return client.follow({ feed: `audit:${this.circle}`, events_only: true }, (update) => {
      if (update.kind === "caught_up") this.#known.set(true);
      if (update.kind === "refused") this.site.refused(new Error(update.problem.message));
      if (update.kind !== "event" || update.event.body.kind !== "acted") return;
      const event = update.event as Acted;
      this.#all.update((all) => [event, ...all].slice(0, ACTS_MAX));
      const { act } = event.body;
      people.want([...(event.by === undefined ? [] : [event.by]), ...("user" in act ? [act.user] : []), ...("author" in act ? [act.author] : [])]);
    });
  }
}
