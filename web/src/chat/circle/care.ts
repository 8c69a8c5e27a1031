// What those do who look after a circle or one of its streams. Each rejects where it is refused.

import type { protocol } from "@kith/client";
import type { Site } from "../model/site.js";

type CircleId = protocol.CircleId;
type Of = Pick<Site, "client">;

/** A line that may be empty, as it is said. */
const about = (text: string) => (text.trim() === "" ? {} : { about: text.trim() });

/** What a circle is called, what it is about, whether everybody finds it, and when its members are shown as idle, which stays where it is not said. */
export async function changeCircle({ client }: Of, circle: CircleId, of: { name: string; about: string; public: boolean; idle_seconds?: number }): Promise<void> {
  await client.command({ change_circle: { circle, name: of.name.trim(), public: of.public, ...about(of.about), ...(of.idle_seconds === undefined ? {} : { idle_seconds: of.idle_seconds }) } });
}

/** Has a circle shown with a picture, or with none. */
export async function setIcon({ client }: Of, circle: CircleId, file: protocol.FileId | undefined): Promise<void> {
  await client.command({ set_icon: { circle, ...(file === undefined ? {} : { file }) } });
}

/** Hands a circle over. */
export async function handOver({ client }: Of, circle: CircleId, owner: protocol.UserId): Promise<void> {
  await client.command({ change_owner: { circle, owner } });
}

/** Whether somebody typed what a circle is called: it is written as it is shown. */
export function isNamed(typed: string, name: string): boolean {
  return typed.trim().normalize() === name.trim().normalize();
}

/** Removes a circle with all that is in it. */
export async function removeCircle({ client }: Of, circle: CircleId): Promise<void> {
  await client.command({ remove_circle: { circle } });
}

/** Removes a stream of a circle with all that is in it. */
export async function removeStream({ client }: Of, stream: protocol.StreamId): Promise<void> {
  await client.command({ remove_stream: { stream } });
}

/** Makes an invite that lasts so long and for so many, where that is said; its code. */
export async function makeInvite({ client }: Of, circle: CircleId, lasts: { seconds?: number; uses?: number }): Promise<string> {
  const { code = "" } = await client.command({ create_invite: { circle, ...lasts } });
  return code;
}

/** A role as it is to be. */
export interface Wanted {
  readonly name: string;
  readonly rank: number;
  readonly allow: protocol.Permissions;
}

/** Makes a role, or changes the one that is named; which it is. */
export async function setRole({ client }: Of, circle: CircleId, role: protocol.RoleId | undefined, { name, rank, allow }: Wanted): Promise<protocol.RoleId | undefined> {
  const of = { circle, name: name.trim(), rank, allow };
  if (role === undefined) return (await client.command({ create_role: of })).role;
  await client.command({ change_role: { ...of, role } });
  return role;
}

export async function removeRole({ client }: Of, circle: CircleId, role: protocol.RoleId): Promise<void> {
  await client.command({ remove_role: { circle, role } });
}

type Denied = NonNullable<protocol.Stream["deny"]>;

/** Makes a stream, which some roles may be denied to see; which it is, once one is told of it. */
export async function makeStream(site: Pick<Site, "client" | "refresh">, circle: CircleId, of: { name: string; about: string; deny: Denied }): Promise<protocol.StreamId | undefined> {
  const deny = Object.keys(of.deny).length === 0 ? {} : { deny: of.deny };
  const { stream } = await site.client.command({ create_stream: { circle, name: of.name.trim(), ...about(of.about), ...deny } });
  await site.refresh();
  return stream;
}

/** A stream or conversation as it is to be; `rules` are those of a stream of a circle. */
export interface WantedStream {
  readonly name: string;
  readonly about: string;
  readonly rules: { readonly archived: boolean; readonly slow_seconds: number } | undefined;
  readonly deny: Denied;
}

/** Changes a stream, and what roles are denied in it where that is another than `before`. */
export async function changeStream({ client }: Of, stream: protocol.StreamId, of: WantedStream, before: Denied): Promise<void> {
  await client.command({ change_stream: { stream, name: of.name.trim(), ...about(of.about), ...of.rules } });
  if (JSON.stringify(of.deny) !== JSON.stringify(before)) await client.command({ narrow_stream: { stream, deny: of.deny } });
}
