// Guards of topics as programs write and meet them, with the real server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { int, ServiceFailure, type Proposal } from "@kith/client";
import { circle as meet, refused, Server, until } from "./serve.js";

type TopicId = `t_${string}`;

test("what a guard makes of a change is what is shown in the end", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle } = await meet(ana, bob);
  const make = async (name: string, rules: { guard?: string }) =>
    (await ana.command({ create_topic: { circle, name, holds: "int", rules } })).topic as TopicId;
  const [stock, sum] = [await make("stock", { guard: "rules/stock" }), await make("sum", {})];
  const asked: Proposal[] = [];
  const guarding = await ana.guard(circle, "rules/stock", (proposal) => {
    asked.push(proposal);
    const change = proposal.changes[0]?.change;
    const by = change !== undefined && typeof change === "object" && "add" in change ? change.add.by : 0;
    if (by === 13) throw new ServiceFailure("stock.unlucky", "not this one", { change: 0 });
    if (by === 7) return { changes: [] };
    if (by > 10) {
      return { changes: [
        { effect: { topic: stock, change: { add: { by: 10 } } } },
        { effect: { topic: sum, change: { add: { by } } } },
      ] };
    }
    return undefined;
  });
  const mine = await bob.topic(stock, int<number>());
  const total = await bob.topic(sum, int<number>());
  const adding = mine.add(3);
  assert.equal(mine.get(), 3);
  await adding;
  assert.deepEqual([mine.get(), asked[0]?.user, asked[0]?.changes[0]?.name], [3, bob.user.id, "stock"]);
  const much = mine.add(50);
  assert.equal(mine.get(), 53);
  await much;
  await until(mine, (value) => value === 13);
  await until(total, (value) => value === 50);
  await mine.add(7);
  assert.equal(mine.get(), 13);
  const no = await refused(mine.add(13));
  assert.deepEqual([no.code, no.failure?.code, no.change], ["topic.refused", "stock.unlucky", 0]);
  assert.equal(mine.get(), 13);
  const plain = await refused(bob.call({ circle, name: "rules/stock" }));
  assert.equal(plain.failure?.code, "guard.not_asked");
  await guarding.withdraw(true);
  assert.equal((await refused(mine.add(1))).code, "guard.not_found");
  assert.equal(mine.get(), 13);
});
