import type { protocol } from "@kith/client";
import { expect, test } from "vitest";
import { isPrivate, obstacle, permissionsOf, rankOf } from "./rights.js";

const circle: protocol.Circle = {
  id: "c_1", name: "Tea", public: false, owner: "u_ana", everyone: "r_all", members: 3, created_at: 0,
  roles: {
    r_all: { name: "member", allow: ["read", "write", "react"], rank: 0 },
    r_mod: { name: "moderator", allow: ["manage_messages"], rank: 100 },
  },
};
const member = (more: Partial<protocol.Member> = {}): protocol.Member => ({ user: "u_bob", joined_at: 0, ...more });
const stream = (more: object = {}): protocol.Stream => ({ id: "s_1", kind: "channel", circle: "c_1", name: "tea", created_at: 0, ...more });
const all = (set: ReadonlySet<string>) => [...set].sort().join(" ");

test("permissions are the union of what the roles allow and are not denied", () => {
  expect(all(permissionsOf(circle, member(), 0))).toBe("react read write");
  expect(all(permissionsOf(circle, member({ roles: ["r_mod"] }), 0))).toBe("manage_messages react read write");
  expect(all(permissionsOf(circle, member(), 0, { r_all: ["write"] }))).toBe("react read");
  expect(permissionsOf(circle, member({ user: "u_ana" }), 0, { r_all: ["read"] }).size).toBe(14);
});

test("whoever is timed out may only read, until that is over", () => {
  const out = member({ timed_out_until: 10 });
  expect(all(permissionsOf(circle, out, 9))).toBe("read");
  expect(all(permissionsOf(circle, out, 10))).toBe("react read write");
});

test("it is known before one writes what stands in the way", () => {
  const place = (of = member()) => ({ circle, member: of });
  expect(obstacle(stream(), place(), 0, 5)).toBeUndefined();
  expect(obstacle(stream({ archived: true }), place(), 0, 5)).toEqual({ is: "archived" });
  expect(obstacle(stream({ deny: { r_all: ["write"] } }), place(), 0, 5)).toEqual({ is: "denied" });
  expect(obstacle(stream(), place(member({ timed_out_until: 9 })), 0, 5)).toEqual({ is: "timed_out", until_ms: 9 });
  const slow = stream({ slow_seconds: 10 });
  expect(obstacle(slow, place(), 1000, 5000)).toEqual({ is: "slow", until_ms: 11_000 });
  expect(obstacle(slow, place(), 1000, 11_000)).toBeUndefined();
  expect(obstacle(slow, place(member({ roles: ["r_mod"] })), 1000, 5000)).toBeUndefined();
  expect(obstacle(stream(), undefined, 0, 5)).toBeUndefined();
});

test("ranks and private streams are told", () => {
  expect([rankOf(circle, member()), rankOf(circle, member({ roles: ["r_mod"] })), rankOf(circle, member({ user: "u_ana" }))]).toEqual([0, 100, Infinity]);
  expect([isPrivate(circle, stream()), isPrivate(circle, stream({ deny: { r_all: ["read"] } }))]).toEqual([false, true]);
});
