// Making, finding and joining circles. Each rejects where it is refused; the circle is known when it resolves.

import type { protocol } from "@kith/client";
import type { CircleModel } from "../model/circle.js";
import type { Site } from "../model/site.js";

type Of = Pick<Site, "client" | "refresh" | "circle">;

/** The circle, once the server told that it is among one's own. */
async function known(site: Of, circle: protocol.CircleId | undefined): Promise<CircleModel | undefined> {
  await site.refresh();
  return circle === undefined ? undefined : site.circle(circle);
}

/** Makes a circle. */
export async function makeCircle(site: Of, of: { name: string; public: boolean }): Promise<CircleModel | undefined> {
  const { circle } = await site.client.command({ create_circle: { name: of.name.trim(), public: of.public } });
  return known(site, circle);
}

/** Joins a circle that anybody finds, unless one is in it already. */
export async function joinCircle(site: Of, circle: protocol.CircleId): Promise<CircleModel | undefined> {
  const held = site.circle(circle);
  if (held !== undefined) return held;
  await site.client.command({ join: { circle } });
  return known(site, circle);
}

/** Where an invite leads, and the circle itself where one is in it already, by an own link say. */
export async function targetOf(site: Of, code: string): Promise<{ readonly card: protocol.CircleCard; readonly held: CircleModel | undefined }> {
  const card = await site.client.query({ invite_target: { code } });
  return { card, held: await known(site, card.id) };
}

/** Joins by an invite. */
export async function acceptInvite(site: Of, code: string): Promise<CircleModel | undefined> {
  const { circle } = await site.client.command({ accept_invite: { code } });
  return known(site, circle);
}
