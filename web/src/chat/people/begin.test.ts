import { expect, test } from "vitest";
import { fake, refusal, type Answers } from "../model/fake.js";
import type { Site } from "../model/site.js";
import { begin } from "./begin.js";

function world(answers: Answers = {}) {
  const of = fake({ open_direct: () => ({ stream: "s_two" }), create_group: () => ({ stream: "s_group" }), user_by_name: ({ name }: { name: string }) => ({ id: `u_${name}`, name }), ...answers });
  const learned: string[] = [];
  const site = { client: of.client, people: { learn: (users: { id: string }[]) => learned.push(...users.map(({ id }) => id)) }, find: (id: string) => Promise.resolve({ id }) } as unknown as Site;
  return { site, said: of.said, learned };
}

test("one is written to directly, and several in a group", async () => {
  const { site, said } = world();
  expect((await begin(site, { users: ["u_bob"], name: "", called: " x " }))?.id).toBe("s_two");
  expect((await begin(site, { users: ["u_bob", "u_cyd"], name: "", called: " Tea " }))?.id).toBe("s_group");
  expect(said).toEqual([["open_direct", { user: "u_bob" }], ["create_group", { users: ["u_bob", "u_cyd"], name: "Tea" }]]);
});

test("whoever is not known is found by their unique name", async () => {
  const { site, said, learned } = world();
  await begin(site, { users: [], name: " @cyd ", called: "" });
  expect(said).toEqual([["user_by_name", { name: "cyd" }], ["open_direct", { user: "u_cyd" }]]);
  expect(learned).toEqual(["u_cyd"]);
});

test("where there is nobody of that name nothing is begun", async () => {
  const { site, said } = world({ user_by_name: () => { throw refusal("user.not_found"); } });
  await expect(begin(site, { users: [], name: "dan", called: "" })).rejects.toThrow("user.not_found");
  expect(said).toHaveLength(1);
});
