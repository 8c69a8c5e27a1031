import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { expect, test, vi } from "vitest";
import { nameOf, People } from "./people.js";

const user = (id: protocol.UserId): protocol.User => ({ id, name: id.slice(2), display_name: id.slice(2).toUpperCase(), created_at: 0 });

test("users are asked for together, and once", async () => {
  const asked: protocol.UserId[][] = [];
  const people = new People((users) => {
    asked.push(users);
    return Promise.resolve(users.map(user));
  });
  people.want(["u_ana", "u_bob"]);
  people.want(["u_bob", "u_cyd"]);
  await expect.poll(() => people.get("u_cyd")?.name).toBe("cyd");
  people.want(["u_ana"]);
  await Promise.resolve();
  expect(asked).toEqual([["u_ana", "u_bob", "u_cyd"]]);
});

test("whoever could not be asked for is asked for again when they are met again", async () => {
  let fails = true;
  const people = new People((users) => (fails ? Promise.reject(new Error("no")) : Promise.resolve(users.map(user))));
  people.want(["u_ana"]);
  await new Promise((done) => setImmediate(done));
  fails = false;
  people.want(["u_ana"]);
  await expect.poll(() => people.get("u_ana")?.name).toBe("ana");
});

test("those who are known are asked for again, once at a time and in parts", async () => {
  const asked: number[] = [];
  const people = new People((users) => {
    asked.push(users.length);
    return Promise.resolve(users.map((id) => ({ ...user(id), display_name: "new" })));
  });
  people.learn(Array.from({ length: 1100 }, (_, at) => user(`u_${at}`)));
  await Promise.all([people.renewAll(), people.renewAll()]);
  expect(asked).toEqual([200, 200, 200, 200, 200]);
  expect(["u_99", "u_100", "u_1099"].map((id) => people.get(id as protocol.UserId)?.display_name)).toEqual(["99", "new", "new"]);
});

test("whoever is not known is asked for by whoever has to say who it is", async () => {
  const asked: protocol.UserId[][] = [];
  const people = new People((users) => {
    asked.push(users);
    return users.includes("u_eve") ? Promise.reject(new Error("no")) : Promise.resolve(users.map(user));
  });
  expect([(await people.whoIs("u_ana"))?.name, (await people.whoIs("u_ana"))?.name, await people.whoIs("u_eve")]).toEqual(["ana", "ana", undefined]);
  expect(asked).toEqual([["u_ana"], ["u_eve"]]);
});

test("a nickname goes before the display name", () => {
  expect([nameOf(user("u_ana")), nameOf(user("u_ana"), "Annie"), nameOf(undefined)]).toEqual(["ANA", "Annie", "…"]);
});

test("whoever does something a while later is asked for again, together with others, and is shown as they are by now", async () => {
  vi.useFakeTimers();
  let now_ms = 0;
  const asked: protocol.UserId[][] = [];
  const people = new People((users) => {
    asked.push(users);
    return Promise.resolve(users.map((id) => ({ ...user(id), display_name: `as of ${now_ms}` })));
  }, () => now_ms);
  people.meet(["u_ana", "u_bob", "u_cyd"]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(people.get("u_bob")?.display_name).toBe("as of 0");
  now_ms = 59_999;
  people.meet(["u_ana"]);
  now_ms = 60_000;
  people.meet(["u_ana"]);
  people.meet(["u_ana"]);
  people.meet(["u_cyd"]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(["u_ana", "u_bob", "u_cyd"].map((id) => people.get(id as protocol.UserId)?.display_name)).toEqual(["as of 60000", "as of 0", "as of 60000"]);
  expect(asked).toEqual([["u_ana", "u_bob", "u_cyd"], ["u_ana", "u_cyd"]]);
  vi.useRealTimers();
});

test("whoever is shown as before changes nothing", () => {
  const people = new People(() => Promise.resolve([]));
  let told = 0;
  people.users.subscribe(() => (told += 1));
  people.learn([user("u_ana"), user("u_bob")]);
  people.learn([user("u_ana")]);
  expect(told).toBe(2);
  // But was learned of last.
  people.learn([{ ...user("u_cyd"), display_name: "Cyd" }]);
  expect([...get(people.users).keys()]).toEqual(["u_bob", "u_ana", "u_cyd"]);
});

test("those who are known already do not count once more", async () => {
  const people = new People(() => Promise.resolve([]));
  const all = Array.from({ length: 15_000 }, (_, at) => user(`u_${at}`));
  people.learn(all);
  people.learn(all.slice(0, 10_000));
  expect(get(people.users).size).toBe(15_000);
});
