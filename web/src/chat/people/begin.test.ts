import { expect, test } from "vitest";
import { fake, refusal, type Answers } from "../model/fake.js";
import type { Site } from "../model/site.js";
import { addTo, begin, choices } from "./begin.js";

function world(answers: Answers = {}) {
  const of = fake({ open_direct: () => ({ stream: "s_two" }), create_group: () => ({ stream: "s_group" }), user_by_name: ({ name }: { name: string }) => ({ id: `u_${name}`, name }), ...answers });
  const learned: string[] = [];
  const site = { client: of.client, people: { learn: (users: { id: string }[]) => learned.push(...users.map(({ id }) => id)) }, find: (id: string) => Promise.resolve({ id }) } as unknown as Site;
  return { site, said: of.said, learned };
}

test("one is written to directly, and several in a group", async () => {
  const { site, said } = world();
  expect((await begin(site, { users: ["u_bob"], name: "" }, " x "))?.id).toBe("s_two");
  expect((await begin(site, { users: ["u_bob", "u_cyd"], name: "" }, " Tea "))?.id).toBe("s_group");
  expect(said).toEqual([["open_direct", { user: "u_bob" }], ["create_group", { users: ["u_bob", "u_cyd"], name: "Tea" }]]);
});

test("whoever is not known is found by their unique name", async () => {
  const { site, said, learned } = world();
  await begin(site, { users: [], name: " @cyd " });
  expect(said).toEqual([["user_by_name", { name: "cyd" }], ["open_direct", { user: "u_cyd" }]]);
  expect(learned).toEqual(["u_cyd"]);
});

test("those who are chosen are added to a group, or whoever has the name", async () => {
  const { site, said } = world();
  expect(await addTo(site, "s_group", { users: ["u_bob", "u_cyd"], name: "c" })).toEqual(["u_bob", "u_cyd"]);
  expect(await addTo(site, "s_group", { users: [], name: "@dan" })).toEqual(["u_dan"]);
  expect(said).toEqual([["add_to_group", { stream: "s_group", users: ["u_bob", "u_cyd"] }], ["user_by_name", { name: "dan" }], ["add_to_group", { stream: "s_group", users: ["u_dan"] }]]);
});

test("everybody who is known can be chosen, but for those who are there already and locked accounts", () => {
  const users = ["ana", "bob", "cyd", "dan"].map((name) => ({ id: `u_${name}`, name, display_name: name.toUpperCase(), created_at: 0, ...(name === "dan" ? { disabled: true } : {}) }) as const);
  expect(choices(new Map(users.map((one) => [one.id, one])), ["u_ana"])).toEqual([{ id: "u_bob", name: "BOB", unique: "bob" }, { id: "u_cyd", name: "CYD", unique: "cyd" }]);
});

test("where there is nobody of that name nothing is begun", async () => {
  const { site, said } = world({ user_by_name: () => { throw refusal("user.not_found"); } });
  await expect(begin(site, { users: [], name: "dan" })).rejects.toThrow("user.not_found");
  expect(said).toHaveLength(1);
});
