import { expect, test } from "vitest";
import type { CircleModel } from "../model/circle.js";
import { fake, refusal, type Answers } from "../model/fake.js";
import { acceptInvite, joinCircle, makeCircle, targetOf } from "./joining.js";

/** Circles of which one is told with the next `refresh`. */
function world(answers: Answers, held: readonly string[] = [], told: readonly string[] = []) {
  const of = fake(answers);
  let ids = held;
  const refresh = () => {
    of.said.push(["refresh", {}]);
    ids = [...held, ...told];
    return Promise.resolve();
  };
  const circle = (id: string) => (ids.includes(id) ? ({ id } as CircleModel) : undefined);
  return { site: { client: of.client, refresh, circle }, said: of.said };
}

test("a circle that was made is known by then", async () => {
  const { site, said } = world({ create_circle: () => ({ circle: "c_tea" }) }, [], ["c_tea"]);
  expect((await makeCircle(site, { name: " Tea ", public: true }))?.id).toBe("c_tea");
  expect(said).toEqual([["create_circle", { name: "Tea", public: true }], ["refresh", {}]]);
});

test("whoever is in a circle does not join it again", async () => {
  const { site, said } = world({}, ["c_tea"], ["c_ops"]);
  expect((await joinCircle(site, "c_tea"))?.id).toBe("c_tea");
  expect(said).toEqual([]);
  expect((await joinCircle(site, "c_ops"))?.id).toBe("c_ops");
  expect(said.map(([name]) => name)).toEqual(["join", "refresh"]);
});

test("an invite says where it leads, and whether one is there already", async () => {
  const answers = { invite_target: ({ code }: { code: string }) => ({ id: code === "own" ? "c_tea" : "c_ops", name: "Tea" }), accept_invite: () => ({ circle: "c_tea" }) };
  const { site } = world(answers, [], ["c_tea"]);
  expect((await targetOf(site, "own")).held?.id).toBe("c_tea");
  expect(await targetOf(site, "new")).toEqual({ card: { id: "c_ops", name: "Tea" }, held: undefined });
  expect((await acceptInvite(site, "own"))?.id).toBe("c_tea");
});

test("what is refused rejects, and nothing is asked then", async () => {
  const { site, said } = world({ accept_invite: () => { throw refusal("invite.not_found"); } });
  await expect(acceptInvite(site, "old")).rejects.toThrow("invite.not_found");
  expect(said).toHaveLength(1);
});
