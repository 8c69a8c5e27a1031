import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { expect, test } from "vitest";
import { CircleModel } from "./circle.js";
import { fake, refusal, settled, type Answers } from "./fake.js";

const member = (user: string, more: object = {}) => ({ user, joined_at: 0, ...more }) as protocol.Member;

/** The circle Tea as ana sees it, and what its page was told. */
function world(answers: Answers = {}) {
  const of = fake(answers);
  const told = { wanted: [] as string[], met: [] as string[], renamed: 0, stale: 0, refused: 0 };
  const circle = {
    id: "c_tea", name: "Tea", owner: "u_cyd", everyone: "r_all", members: 2, public: true,
    roles: { r_all: { name: "everyone", rank: 0, allow: ["read", "write"] }, r_guide: { name: "guide", rank: 5, allow: ["invite"] } },
  } as unknown as protocol.Circle;
  const model = new CircleModel({
    client: of.client,
    wanted: (users) => told.wanted.push(...users),
    met: (user) => told.met.push(user),
    left: () => {},
    renamed: () => (told.renamed += 1),
    stale: () => (told.stale += 1),
    refused: () => (told.refused += 1),
  }, { circle, member: member("u_ana"), head: 3, streams: [] });
  let seq = 3;
  const happens = (body: object) => of.tell("c_tea", { kind: "event", event: { feed: "c_tea", seq: (seq += 1), at: 0, body } as unknown as protocol.Event });
  return { ...of, model, seen: told, happens };
}
/** So many members, three with each answer. */
const members = (count: number): Answers => ({
  present: () => [{ user: "u_0", status: "idle" }],
  members: ({ after }: { after?: string }) => {
    const from = after === undefined ? 0 : Number(after.slice(2)) + 1;
    const some = Array.from({ length: Math.min(3, count - from) }, (_, at) => member(`u_${from + at}`));
    return { members: some, more: from + 3 < count };
  },
});

test("all members are asked for, part by part, with who is there", async () => {
  const { model, said, seen } = world(members(7));
  await Promise.all([model.list(), model.list()]);
  expect([get(model.members).size, get(model.whole), get(model.present).get("u_0")]).toEqual([7, true, "idle"]);
  expect(said.map(([name]) => name)).toEqual(["present", "members", "members", "members"]);
  expect(seen.wanted).toHaveLength(7);
});

test("who the members are is learned once, and once more where it was not told what happened", async () => {
  const { model, said, tell } = world(members(2));
  const asked = () => said.filter(([name]) => name === "members").length;
  await model.learnMembers();
  await model.learnMembers();
  expect(asked()).toBe(1);
  tell("c_tea", { kind: "snapshot", state: { head: {} } } as never);
  await model.learnMembers();
  expect(asked()).toBe(2);
});

test("who comes and goes is counted, and known where everybody was", async () => {
  const { model, happens, seen, said } = world(members(2));
  happens({ kind: "member_joined", user: "u_1" });
  expect([get(model.circle).members, seen.met, said.length]).toEqual([3, ["u_1"], 0]);
  await model.list();
  happens({ kind: "member_joined", user: "u_1" });
  await settled();
  expect(said.filter(([name]) => name === "members")).toHaveLength(2);
  happens({ kind: "member_left", user: "u_0" });
  expect([get(model.circle).members, [...get(model.members).keys()], get(model.present).size]).toEqual([3, ["u_1"], 0]);
});

test("one's own membership decides what one may, as it changes", () => {
  const { model, happens, seen } = world();
  expect([model.may("write"), model.may("invite")]).toEqual([true, false]);
  happens({ kind: "member_changed", member: member("u_ana", { roles: ["r_guide"] }) });
  expect([model.may("invite"), seen.stale]).toEqual([true, 1]);
  happens({ kind: "member_changed", member: member("u_ana", { timed_out_until: Date.now() + 60_000 }) });
  expect([model.may("write"), model.may("read")]).toEqual([false, true]);
});

test("a nickname of somebody who is known is the one of now, and they are shown anew", async () => {
  const { model, happens, seen } = world(members(2));
  await model.learnNames();
  await model.learnNames();
  happens({ kind: "member_changed", member: member("u_1", { roles: ["r_guide"] }) });
  expect(seen.renamed).toBe(0);
  happens({ kind: "member_changed", member: member("u_1", { nickname: "Annie" }) });
  happens({ kind: "member_changed", member: member("u_9", { nickname: "nobody" }) });
  expect([model.nickname("u_1"), model.nickname("u_9"), seen.renamed]).toEqual(["Annie", undefined, 1]);
});

test("who is there is told as they come and go", () => {
  const { model, tell, seen } = world();
  const shows = (status: string) => tell("c_tea", { kind: "signal", user: "u_bob", what: { presence: { status } } } as never);
  shows("online");
  expect([get(model.present).get("u_bob"), seen.wanted]).toEqual(["online", ["u_bob"]]);
  shows("offline");
  expect(get(model.present).size).toBe(0);
});

test("it is followed from the window on, and an older window takes nothing back", () => {
  const { model, tell, seen, after } = world();
  expect(after("c_tea")).toBe(3);
  const of = (head: number, members: number) => ({ circle: { ...get(model.circle), members }, member: get(model.member), head });
  const joins = (seq: number) => tell("c_tea", { kind: "event", event: { feed: "c_tea", seq, at: 0, body: { kind: "member_joined", user: "u_1" } } } as never);
  joins(4);
  model.told(of(3, 2));
  expect(get(model.circle).members).toBe(3);
  model.told(of(5, 9));
  expect([get(model.circle).members, model.seq]).toEqual([9, 5]);
  // Nor is it counted twice who was in the window already.
  joins(5);
  expect([get(model.circle).members, model.seq]).toEqual([9, 5]);
  joins(6);
  expect([get(model.circle).members, model.seq]).toEqual([10, 6]);
  expect(seen.stale).toBe(0);
  // What happened to its streams before it is in no snapshot of the circle.
  tell("c_tea", { kind: "snapshot", seq: 90, state: { circle: of(90, 7) } } as never);
  expect([get(model.circle).members, model.seq, seen.stale]).toEqual([7, 90, 1]);
});

test("what is told of it otherwise is out of date, and what ended is not followed", () => {
  const { model, happens, tell, seen, followed } = world();
  happens({ kind: "feeds_changed", of: "streams" });
  tell("c_tea", { kind: "closed" } as never);
  expect(seen.stale).toBe(2);
  model.end();
  expect(followed()).toEqual([]);
});

test("members who could not be asked for can be asked for again", async () => {
  let fails = true;
  const { model } = world({ ...members(2), present: () => {
    if (fails) throw refusal("server.busy");
    return [];
  } });
  await expect(model.list()).rejects.toThrow("server.busy");
  fails = false;
  await model.list();
  expect(get(model.whole)).toBe(true);
});
