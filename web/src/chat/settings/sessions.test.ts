import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { expect, test } from "vitest";
import { Sessions, type Asked } from "./sessions.js";

const session = (id: protocol.SessionId, used_at: number, current = false): protocol.SessionCard => ({ id, label: id, created_at: 1, used_at, expires_at: 9, current });

/** A server with sessions, which keeps what was ended; one of them it refuses to end. */
function server(refused?: protocol.SessionId) {
  const ended: string[] = [];
  const client = {
    query: () => Promise.resolve([session("d_old", 2), session("d_new", 5), session("d_here", 1, true)]),
    command: ({ revoke_session: of }: { revoke_session: { session: protocol.SessionId } }) => {
      if (of.session === refused) return Promise.reject(new Error("no"));
      ended.push(of.session);
      return Promise.resolve({});
    },
  } as unknown as Asked;
  return { ended, sessions: new Sessions({ client }) };
}
const ids = (sessions: Sessions) => get(sessions.all)?.map(({ id }) => id);

test("the one that asks is first, then those that were used last", async () => {
  const { sessions } = server();
  expect(ids(sessions)).toBeUndefined();
  await sessions.load();
  expect(ids(sessions)).toEqual(["d_here", "d_new", "d_old"]);
});

test("all others end, and this one stays", async () => {
  const { sessions, ended } = server();
  await sessions.load();
  expect(await sessions.endOthers()).toBe(2);
  expect(ended).toEqual(["d_new", "d_old"]);
  expect(ids(sessions)).toEqual(["d_here"]);
});

test("one that cannot be ended stays in the list", async () => {
  const { sessions } = server("d_old");
  await sessions.load();
  await expect(sessions.endOthers()).rejects.toThrow("no");
  expect(ids(sessions)).toEqual(["d_here", "d_old"]);
});
