import type { protocol } from "@kith/client";
import { expect, test } from "vitest";
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

test("a nickname goes before the display name", () => {
  expect([nameOf(user("u_ana")), nameOf(user("u_ana"), "Annie"), nameOf(undefined)]).toEqual(["ANA", "Annie", "…"]);
});

test("whoever does something a while later is asked for again, and is shown as they are by now", async () => {
  let now_ms = 0;
  const asked: protocol.UserId[][] = [];
  const people = new People((users) => {
    asked.push(users);
    return Promise.resolve(users.map((id) => ({ ...user(id), display_name: `as of ${now_ms}` })));
  }, () => now_ms);
  people.meet(["u_ana", "u_bob"]);
  await expect.poll(() => people.get("u_bob")?.display_name).toBe("as of 0");
  now_ms = 59_999;
  people.meet(["u_ana"]);
  now_ms = 60_000;
  people.meet(["u_ana"]);
  people.meet(["u_ana"]);
  await expect.poll(() => people.get("u_ana")?.display_name).toBe("as of 60000");
  expect(people.get("u_bob")?.display_name).toBe("as of 0");
  expect(asked).toEqual([["u_ana", "u_bob"], ["u_ana"]]);
});
