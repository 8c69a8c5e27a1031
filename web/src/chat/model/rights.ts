// What a member may do in a circle and its streams, as the server decides it: shown before one tries.
// See docs/permissions.md. Pure.

import type { protocol } from "@kith/client";

type Circle = protocol.Circle;
type Member = protocol.Member;
type Stream = protocol.Stream;
export type Permission = protocol.Permissions[number];

/** All of them, in the order in which they are listed. */
export const PERMISSIONS = [
  "read", "write", "react", "attach", "mention_all", "invite", "manage_messages", "manage_feeds",
  "manage_members", "manage_roles", "manage_circle", "view_audit", "use_services", "offer_services",
] as const satisfies readonly Permission[];

/** A member who is timed out may only read. */
const WHEN_TIMED_OUT: readonly Permission[] = ["read"];

/** The roles of a member, everyone's included. */
export function rolesOf(circle: Circle, member: Member): protocol.RoleId[] {
  return [circle.everyone, ...(member.roles ?? [])];
}

/** Whether a member is timed out. */
export function isTimedOut(member: Member, now_ms: number): boolean {
  return (member.timed_out_until ?? 0) > now_ms;
}

/** What a member may do in a circle, or in one of its streams, where `deny` takes away from roles. */
export function permissionsOf(circle: Circle, member: Member, now_ms: number, deny: Stream["deny"] = {}): ReadonlySet<Permission> {
  if (member.user === circle.owner) return new Set(PERMISSIONS);
  const may = new Set<Permission>();
  for (const role of rolesOf(circle, member)) {
    const denied = deny[role] ?? [];
    for (const permission of circle.roles[role]?.allow ?? []) {
      if (!denied.includes(permission)) may.add(permission);
    }
  }
  if (!isTimedOut(member, now_ms)) return may;
  return new Set(WHEN_TIMED_OUT.filter((permission) => may.has(permission)));
}

/** How high a member stands; the owner stands above every rank. */
export function rankOf(circle: Circle, member: Member): number {
  if (member.user === circle.owner) return Infinity;
  return Math.max(0, ...rolesOf(circle, member).map((role) => circle.roles[role]?.rank ?? 0));
}

/** Why somebody cannot post, where they cannot. */
export type Obstacle =
  | { is: "archived" }
  | { is: "timed_out"; until_ms: number }
  | { is: "denied" }
  | { is: "slow"; until_ms: number };

/** What stands between a member and the next message; conversations have no `place`. */
export function obstacle(
  stream: Stream,
  place: { circle: Circle; member: Member } | undefined,
  last_posted_ms: number,
  now_ms: number,
): Obstacle | undefined {
  if (stream.archived === true) return { is: "archived" };
  if (place === undefined) return undefined;
  const { circle, member } = place;
  if (member.user !== circle.owner && isTimedOut(member, now_ms)) return { is: "timed_out", until_ms: member.timed_out_until as number };
  const may = permissionsOf(circle, member, now_ms, stream.deny);
  if (!may.has("write")) return { is: "denied" };
  const until_ms = last_posted_ms + (stream.slow_seconds ?? 0) * 1000;
  if (until_ms > now_ms && !may.has("manage_messages")) return { is: "slow", until_ms };
  return undefined;
}

/** Whether somebody may have files go with a message; conversations have no `place`. */
export function mayAttach(stream: Stream, place: { circle: Circle; member: Member } | undefined, now_ms: number): boolean {
  return place === undefined || permissionsOf(place.circle, place.member, now_ms, stream.deny).has("attach");
}

/** Whether a stream is hidden from those who have no role but everyone's. */
export function isPrivate(circle: Circle, stream: Stream): boolean {
  return stream.deny?.[circle.everyone]?.includes("read") ?? false;
}
