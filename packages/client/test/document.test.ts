// JSON as Yjs documents, by the real `yjs` and the real server.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import * as Y from "yjs";
import { int, json as plain, type Client, type Json, type JsonObject, type KithError } from "@kith/client";
import { json, type JsonDocument } from "@kith/client/yjs";
import { random } from "./dice.js";
import { crowd, narrowing, refused, Server, until } from "./serve.js";

type CircleId = `c_${string}`;
const TASKS = { tasks: [{ text: "tea", done: false }], about: { by: "ana" } };

/** A circle of Ana's with Bob in it, and the JSON that both have open. */
async function world(context: TestContext): Promise<{
  server: Server;
  circle: CircleId;
  clients: [Client, Client];
  boards: [JsonDocument, JsonDocument];
}> {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const circle = (await ana.command({ create_circle: { name: "Tea", public: true } })).circle as CircleId;
  await bob.command({ join: { circle } });
  const { board } = await ana.open(circle, { board: json<JsonObject>(TASKS) }, { create: true });
  return { server, circle, clients: [ana, bob], boards: [board, await bob.topicByName(circle, "board", json())] };
}

/** What the server says that the value is. */
async function told(client: Client, topic: JsonDocument): Promise<unknown> {
  return (await client.query({ topic: { topic: topic.id } })).json;
}

const is = (one: Json, two: Json) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(two));

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as JsonObject).map(([key, inner]) => [key, sorted(inner)] as const);
  return Object.fromEntries(entries.sort(([one], [two]) => (one < two ? -1 : 1)));
}

test("what two change in different parts is there at once and merged", async (context) => {
  const { clients: [ana, bob], boards: [here, there] } = await world(context);
  assert.deepEqual(here.get(), TASKS);
  const both = [
    here.put(["tasks", 0, "done"], true),
    here.insert(["tasks", 1], { text: "milk" }),
    there.put(["about", "for"], ["bob", 1.5, null]),
    there.rename(["about", "by"], "from"),
  ];
  assert.equal(here.pending.get(), true);
  assert.deepEqual(here.get()["tasks"], [{ text: "tea", done: true }, { text: "milk" }]);
  await Promise.all(both);
  const merged = {
    tasks: [{ text: "tea", done: true }, { text: "milk" }],
    about: { from: "ana", for: ["bob", 1.5, null] },
  };
  for (const one of [here, there]) await until(one, (now) => is(now, merged));
  assert.deepEqual(await told(ana, here), merged);
  for (const [change, code] of [
    [here.put(["nothing", "here"], 1), "topic.path_not_found"],
    [here.put(["tasks", 9], 1), "topic.out_of_range"],
    [here.rename(["about", "from"], "for"), "topic.key_taken"],
    [here.set([1] as never), "topic.wrong_kind"],
  ] as const) assert.equal((await refused(change)).code, code);
  await there.set({ tasks: [], left: 1 });
  await until(here, (now) => is(now, { tasks: [], left: 1 }));
  // Who speaks no Yjs changes it as any JSON.
  await bob.command({ change: { changes: [{ topic: here.id, change: { put: { path: ["tasks", 0], value: { a: [] } } } }] } });
  await until(here, (now) => is(now, { tasks: [{ a: [] }], left: 1 }));
  await here.put(["tasks", 0, "a", 0], "b");
  assert.deepEqual(await told(ana, here), { tasks: [{ a: ["b"] }], left: 1 });
});

test("an editor works on the map itself, and what JSON has no word for is null", async (context) => {
  const { clients: [ana], boards: [here, there] } = await world(context);
  const doc = here.doc.get();
  doc.transact(() => {
    const map = here.map;
    map.set("text", new Y.Text("tea"));
    map.set("whole", { a: [1, { b: undefined }], long: 9007199254740993n, few: 5n });
    map.set("bytes", Uint8Array.of(1, 2));
    map.set("xml", new Y.XmlElement("p"));
    map.set("endless", Infinity);
    map.set("gone", undefined);
    map.set("zero", -0);
    map.delete("tasks");
    map.delete("about");
  });
  const value = {
    text: "tea", whole: { a: [1, {}], long: 9007199254740993n, few: 5 }, bytes: "AQI=", xml: null, endless: null, zero: 0,
  };
  assert.deepEqual(here.get(), value);
  await until(here.pending, (pending) => !pending);
  assert.deepEqual(await told(ana, here), value);
  // What was put in as one value becomes types when a part of it is changed.
  await until(there, (now) => "whole" in now);
  await there.put(["whole", "a", 1, "c"], true);
  await until(here, (now) => is((now["whole"] as JsonObject)["a"] as Json, [1, { c: true }]));
  assert.ok(here.map.get("whole") instanceof Y.Map);
  const text = here.map.get("text");
  assert.ok(text instanceof Y.Text);
  text.insert(3, "!");
  await until(there, (now) => now["text"] === "tea!");
});

test("what was changed without a connection is merged on return, and values of the past are told", async (context) => {
  const { server, clients: [ana], boards: [here, there] } = await world(context);
  await server.kill();
  const changed = [here.put(["about", "a"], 1), here.remove(["tasks", 0]), there.put(["about", "b"], 2)];
  assert.deepEqual(here.get(), { tasks: [], about: { by: "ana", a: 1 } });
  await server.again();
  await Promise.all(changed);
  const merged = { tasks: [], about: { by: "ana", a: 1, b: 2 } };
  for (const one of [here, there]) await until(one, (now) => is(now, merged));
  assert.deepEqual(await told(ana, here), merged);
  const { json: first } = await ana.query({ topic: { topic: here.id, seq: 1 } });
  assert.deepEqual(first, TASKS);
});

test("JSON is part of a transaction, and what is refused is taken out again", async (context) => {
  const { circle, clients: [ana], boards: [here, there] } = await world(context);
  const { count } = await ana.open(circle, { count: int<number>() }, { create: true });
  await ana.transaction((t) => {
    t(here).put(["about", "by"], "bob");
    t(count).add(1);
  });
  await until(there, (now) => (now["about"] as JsonObject)["by"] === "bob");
  const error = await refused(ana.transaction((t) => {
    t(here).remove(["about"]);
    t(count).add(1);
  }, { when: [count.equals(7)] }));
  assert.equal(error.code, "topic.not_as_asked");
  assert.deepEqual(here.get(), { ...TASKS, about: { by: "bob" } });
  assert.equal(count.get(), 1);
});

test("a document is none for who asks for JSON without one, and the other way round", async (context) => {
  const { circle, clients: [ana], boards: [here] } = await world(context);
  assert.equal((await refused(ana.topic(here.id, plain()))).code, "topic.wrong_kind");
  const { bare } = await ana.open(circle, { bare: plain({}) }, { create: true });
  assert.equal((await refused(ana.topic(bare.id, json()))).code, "topic.wrong_kind");
});

test("whatever several change, through restarts and lost rights, all have the same in the end", async (context) => {
  const { server, circle, clients: [ana], boards } = await world(context);
  const others = await Promise.all((await crowd(server, circle)).map((one) => one.topicByName(circle, "board", json())));
  const narrow = await narrowing(ana, circle, boards[0].id);
  const values: Json[] = [1, "b", { c: [] }, [1, 2], { d: { e: 1 } }];
  const codes = new Map<string, number>();
  let fitting = 0;
  for (const [seed, people] of [[11, 3], [12, 5], [13, 8]] as const) {
    const all = [...boards, ...others].slice(0, people);
    const dice = random(seed);
    const done: Promise<unknown>[] = [];
    for (let round = 0; round < 80; round++) {
      const one = all[dice(people)] as JsonDocument;
      const key = "abc"[dice(3)] as string;
      const path = [[key], ["tasks", dice(3)], [key, "d"], [key, dice(2)]][dice(4)] as [string];
      const value = values[dice(5)] as Json;
      const change = dice(3) === 0 ? one.remove(path) : dice(3) === 0 ? one.insert(path, value) : one.put(path, value);
      done.push(change.then(() => (fitting += 1), ({ code }: KithError) => codes.set(code, (codes.get(code) ?? 0) + 1)));
      if (round % 30 === 10) await server.kill();
      if (round % 30 === 15) await server.again();
      if (round === 50) await narrow(["write"]);
      if (round === 65) {
        // What was changed without the right is decided, however slow the machine is.
        await Promise.all(done);
        await narrow([]);
      }
      if (dice(3) === 0) await new Promise(setImmediate);
    }
    await Promise.all(done);
    const end = (await told(ana, boards[0])) as Json;
    for (const one of all) await until(one, (now) => is(now, end));
  }
  assert.ok(fitting > 20, `${fitting} of them fitted`);
  const refusals = ["permission.denied", "client.lost", "topic.path_not_found", "topic.out_of_range", "topic.wrong_change"];
  assert.deepEqual([...codes.keys()].filter((code) => !refusals.includes(code)), []);
  assert.ok(codes.has("permission.denied"), "some lost the right to write while they wrote");
});
