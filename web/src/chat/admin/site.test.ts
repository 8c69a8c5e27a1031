import { get } from "svelte/store";
import { expect, test } from "vitest";
import { fake, refusal } from "../model/fake.js";
import type { Site } from "../model/site.js";
import { Administered, allCircles, waysToSet } from "./site.js";

test("who may make an account is said, and how it is then is asked, also where that was refused", async () => {
  let registration = "open";
  let fails = false;
  const { client, said } = fake({
    site: () => ({ registration }),
    change_site: (to: { registration: string }) => {
      if (fails) throw refusal("config.fixed");
      registration = to.registration;
    },
  });
  const site = new Administered({ client });
  await site.load();
  await site.setRegistration("closed");
  expect(get(site.of)).toEqual({ registration: "closed" });
  fails = true;
  await expect(site.setRegistration("open")).rejects.toThrow("config.fixed");
  expect(said.map(([name]) => name)).toEqual(["site", "change_site", "site", "change_site", "site"]);
});

test("circles are asked for a part at a time, and their owners are named", async () => {
  const { client, said } = fake({ all_circles: ({ after }: { after?: string }) => ({ circles: after === undefined ? [{ id: "c_1", owner: "u_ana" }] : [{ id: "c_2", owner: "u_bob" }], more: after === undefined }) });
  const wanted: string[] = [];
  const circles = allCircles({ client, people: { want: (users: string[]) => wanted.push(...users) } } as unknown as Site);
  await circles.next();
  await circles.next();
  expect(get(circles.all)?.map(({ id }) => id)).toEqual(["c_1", "c_2"]);
  expect([wanted, get(circles.more)]).toEqual([["u_ana", "u_bob"], false]);
  expect(said.at(-1)).toEqual(["all_circles", { limit: 50, after: "c_1" }]);
});

test("an operator is told how a setting is set, and no secret", () => {
  expect(waysToSet("files.free_percent", 5)).toEqual(["files.free_percent = 5", "KITH_FILES__FREE_PERCENT=5", "kith serve --set files.free_percent=5"]);
  expect(waysToSet("hosts", ["a.example"])).toEqual(['hosts = ["a.example"]', `KITH_HOSTS='["a.example"]'`, `kith serve --set 'hosts=["a.example"]'`]);
  expect(waysToSet("name", "it's")[1]).toBe(`KITH_NAME='it'\\''s'`);
  expect(waysToSet("files.s3.secret_key", "(set)")).toEqual(['files.s3.secret_key = "…"', "KITH_FILES__S3__SECRET_KEY=…"]);
});
