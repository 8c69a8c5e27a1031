import { expect, test } from "vitest";
import { fake } from "../model/fake.js";
import { changeCircle, changeStream, isNamed, makeInvite, makeStream, setRole } from "./care.js";

test("what is written is said without what stands around it, and nothing where it is empty", async () => {
  const { client, said } = fake();
  await changeCircle({ client }, "c_tea", { name: " Tea ", about: "  ", public: true });
  await changeCircle({ client }, "c_tea", { name: "Tea", about: " for all ", public: false, idle_seconds: 600 });
  expect(said).toEqual([
    ["change_circle", { circle: "c_tea", name: "Tea", public: true }],
    ["change_circle", { circle: "c_tea", name: "Tea", public: false, idle_seconds: 600, about: "for all" }],
  ]);
});

test("what roles are denied in a stream is said where it changed", async () => {
  const { client, said } = fake();
  const of = { name: "ops", about: "", rules: { archived: false, slow_seconds: 5 }, deny: { r_all: ["write" as const] } };
  await changeStream({ client }, "s_ops", of, { r_all: ["write"] });
  await changeStream({ client }, "s_ops", { ...of, rules: undefined }, {});
  expect(said).toEqual([
    ["change_stream", { stream: "s_ops", name: "ops", archived: false, slow_seconds: 5 }],
    ["change_stream", { stream: "s_ops", name: "ops" }],
    ["narrow_stream", { stream: "s_ops", deny: { r_all: ["write"] } }],
  ]);
});

test("a role is made or changed, and which it is comes back", async () => {
  const { client, said } = fake({ create_role: () => ({ role: "r_new" }) });
  const wanted = { name: " Guide ", rank: 5, allow: ["invite" as const] };
  expect(await setRole({ client }, "c_tea", undefined, wanted)).toBe("r_new");
  expect(await setRole({ client }, "c_tea", "r_old", wanted)).toBe("r_old");
  expect(said.map(([name]) => name)).toEqual(["create_role", "change_role"]);
});

test("a stream is known once it was made, and an invite has its code", async () => {
  const { client, said } = fake({ create_stream: () => ({ stream: "s_new" }), create_invite: () => ({ code: "abc" }) });
  const refresh = () => Promise.resolve(void said.push(["refresh", {}]));
  expect(await makeStream({ client, refresh }, "c_tea", { name: "ops", about: "", deny: {} })).toBe("s_new");
  expect(await makeInvite({ client }, "c_tea", { uses: 1 })).toBe("abc");
  expect(said.map(([name]) => name)).toEqual(["create_stream", "refresh", "create_invite"]);
});

test("a circle is named by what it is called, letter for letter", () => {
  for (const [typed, named] of [["Tea", true], [" Tea ", true], ["tea", false], ["", false], ["Te", false]] as const) {
    expect(isNamed(typed, "Tea"), typed).toBe(named);
  }
  expect(isNamed("Cafe\u0301", "Caf\u00e9")).toBe(true);
});
