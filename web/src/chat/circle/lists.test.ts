import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { expect, test } from "vitest";
import { fake, refusal, type Answers } from "../model/fake.js";
import type { Site } from "../model/site.js";
import { Acts, bansOf, Invites } from "./lists.js";

function world(answers: Answers = {}) {
  const wanted: string[] = [];
  const refused: unknown[] = [];
  const of = fake(answers);
  const site = { client: of.client, people: { want: (users: string[]) => wanted.push(...users) }, refused: (error: unknown) => refused.push(error) } as unknown as Site;
  return { ...of, site, wanted, refused };
}
const acted = (seq: number, act: object) => ({ kind: "event", event: { feed: "audit:c_tea", seq, at: seq, by: "u_ana", body: { kind: "acted", act } } as unknown as protocol.Event }) as const;

test("an invite that is revoked is not among those that are asked for then", async () => {
  let all = [{ id: "i_1", by: "u_ana" }, { id: "i_2", by: "u_bob" }];
  const { site, wanted } = world({ invites: () => all, revoke_invite: ({ invite }: { invite: string }) => void (all = all.filter(({ id }) => id !== invite)) });
  const invites = new Invites(site, "c_tea");
  await invites.load();
  expect(wanted).toEqual(["u_ana", "u_bob"]);
  await invites.revoke("i_1");
  expect(get(invites.all)?.map(({ id }) => id)).toEqual(["i_2"]);
});

test("an invite that cannot be revoked stays", async () => {
  const { site } = world({ invites: () => [{ id: "i_1", by: "u_ana" }], revoke_invite: () => { throw refusal("permission.denied"); } });
  const invites = new Invites(site, "c_tea");
  await invites.load();
  await expect(invites.revoke("i_1")).rejects.toThrow("permission.denied");
  expect(get(invites.all)).toHaveLength(1);
});

test("bans are asked for behind the last who is known, with who banned them", async () => {
  const { site, said, wanted } = world({ bans: ({ after }: { after?: string }) => ({ bans: [{ user: { id: after === undefined ? "u_1" : "u_2" }, by: "u_ana" }], more: after === undefined }) });
  const bans = bansOf(site, "c_tea");
  await bans.next();
  await bans.next();
  expect(said.map(([, of]) => of)).toEqual([{ circle: "c_tea" }, { circle: "c_tea", after: "u_1" }]);
  expect([get(bans.all)?.length, get(bans.more), wanted]).toEqual([2, false, ["u_ana", "u_ana"]]);
});

test("acts are told the last first, with those whom they name, until nobody looks", () => {
  const { site, tell, wanted, followed } = world();
  const acts = new Acts(site, "c_tea");
  const stop = acts.follow();
  tell("audit:c_tea", acted(1, { act: "circle_created" }));
  tell("audit:c_tea", acted(2, { act: "unbanned", user: "u_cyd" }));
  expect(get(acts.known)).toBe(false);
  tell("audit:c_tea", { kind: "caught_up" });
  expect([get(acts.all).map(({ seq }) => seq), get(acts.known)]).toEqual([[2, 1], true]);
  expect(wanted).toContain("u_cyd");
  stop();
  expect(followed()).toEqual([]);
});

test("of many acts the last are held, and a refusal is said", () => {
  const { site, tell, refused } = world();
  const acts = new Acts(site, "c_tea");
  acts.follow();
  for (let seq = 1; seq <= 510; seq += 1) tell("audit:c_tea", acted(seq, { act: "invite_created" }));
  expect([get(acts.all).length, get(acts.all)[0]?.seq]).toEqual([500, 510]);
  tell("audit:c_tea", { kind: "refused", problem: { code: "permission.denied", message: "no" } } as never);
  expect(refused).toHaveLength(1);
});
