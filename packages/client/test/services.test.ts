// Services that clients of the real server offer and call.

import assert from "node:assert/strict";
import { test } from "node:test";
import { int, map, schema, service, ServiceFailure, type Request } from "@kith/client";
import { circle, refused, Server, until } from "./serve.js";

test("a service gives results, failures and progress", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id } = await circle(ana, bob);
  let caller = "";
  const offered = await ana.offer<number[]>({ circle: id, name: "math/add" }, ([one = 0, two = 0], request) => {
    caller = request.called.user;
    request.progress(0.5);
    if (one < 0) throw new ServiceFailure("math.negative", "only what is above 0", { one });
    if (two < 0) throw new Error("a secret");
    return one + two;
  });
  const progress: unknown[] = [];
  const sum = await bob.call({ circle: id, name: "math/add", args: [1, 2] }, { onProgress: (value) => progress.push(value) });
  assert.deepEqual([sum, caller, progress], [3, bob.user.id, [0.5]]);
  const told = await refused(bob.call({ circle: id, name: "math/add", args: [-1, 2] }));
  assert.deepEqual([told.code, told.failure], ["service.failed",
    { code: "math.negative", message: "only what is above 0", data: { one: -1 } }]);
  const hidden = await refused(bob.call({ circle: id, name: "math/add", args: [1, -2] }));
  assert.equal(hidden.failure?.code, "provider.failed");
  assert.ok(!JSON.stringify(hidden.failure).includes("secret"));
  assert.equal((await refused(bob.offer({ circle: id, name: "math/sub" }, () => 1))).code, "permission.denied");
  await offered.withdraw();
  assert.equal((await refused(bob.call({ circle: id, name: "math/add" }))).code, "service.not_found");
});

test("a stream is sent as it is taken, and ends when nobody wants more", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id } = await circle(ana, bob);
  let made = 0;
  let ended: (why: unknown) => void = () => {};
  const end = new Promise((resolve) => (ended = resolve));
  await ana.offer<number>({ circle: id, name: "count" }, async function* (to: number, request: Request) {
    request.signal.addEventListener("abort", () => ended(request.signal.reason));
    for (let n = 1; n <= to; n += 1) {
      made = n;
      yield n;
    }
    return "done";
  });
  const items: unknown[] = [];
  const counting = bob.callStream({ circle: id, name: "count", args: 100 }, { window: 4 });
  for (;;) {
    const { done, value } = await counting.next();
    items.push(value);
    if (done === true) break;
  }
  assert.deepEqual([items.length, items[99], items[100]], [101, 100, "done"]);
  assert.equal(await bob.call({ circle: id, name: "count", args: 3 }), "done");
  made = 0;
  for await (const item of bob.callStream({ circle: id, name: "count", args: 1e6 }, { window: 4 })) {
    if (item === 10) break;
  }
  assert.equal(await end, "cancelled");
  assert.ok(made < 30, `${made} were made, and 10 taken`);
});

test("a call is cancelled, and one that was lost may have been done", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id } = await circle(ana, bob);
  let begun: () => void = () => {};
  await ana.offer({ circle: id, name: "wait" }, (_, { signal }) => {
    begun();
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(null)));
  });
  const beginning = () => new Promise<void>((resolve) => (begun = resolve));
  const abort = new AbortController();
  let started = beginning();
  const call = refused(bob.call({ circle: id, name: "wait" }, { signal: abort.signal }));
  await started;
  abort.abort();
  assert.equal((await call).code, "service.cancelled");
  started = beginning();
  const lost = refused(bob.call({ circle: id, name: "wait" }));
  await started;
  await server.kill();
  const error = await lost;
  assert.deepEqual([error.code, error.unknown], ["client.connection_lost", true]);
  await server.again();
  // It is offered again by itself.
  started = beginning();
  for (let found = false; !found; ) {
    const again = new AbortController();
    const calling = refused(bob.call({ circle: id, name: "wait" }, { signal: again.signal }));
    found = await Promise.race([started.then(() => true), calling.then(() => false)]);
    again.abort();
    await calling;
  }
});

test("a slash command answers with a message that shows a topic", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id } = await circle(ana, bob);
  const { streams } = await bob.query({ circle: { circle: id } });
  const tea = streams[0]?.stream.id as `s_${string}`;
  await ana.offer<{ text: string }>({ circle: id, name: "chat/poll", hint: "question" }, async ({ text }, { called }) => {
    const name = `polls/${called.call}`;
    const { votes } = await ana.open(id, { votes: map<string>() }, { create: true, prefix: `${name}/` });
    const stream = await ana.stream(called.stream as typeof tea);
    await stream.post(text, { topic: votes.id });
    return { text: "asked" };
  });
  const there = await bob.stream(tea);
  const answer = await bob.call({ circle: id, name: "chat/poll", args: { text: "tea?" }, stream: tea });
  assert.deepEqual(answer, { text: "asked" });
  const [line] = await until(there.messages, (lines) => lines.length === 1);
  assert.ok(line?.state === "confirmed" && line.message.topic !== undefined);
  const votes = await bob.topic(line.message.topic, map<string>());
  await votes.put(bob.user.id, "yes");
  assert.deepEqual(votes.get(), { [bob.user.id]: "yes" });
});

test("a schema names services with their types", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id } = await circle(ana, bob);
  const app = schema({
    count: int<number>(),
    sum: service<number[], number>({ about: "Adds numbers", at_once: 2 }),
    upto: service<number, string, number>(),
  });
  const [offers, calls] = [await ana.open(id, app, { create: true, prefix: "math/" }), await bob.open(id, app, { prefix: "math/" })];
  await offers.sum.offer((numbers) => numbers.reduce((sum, one) => sum + one, 0));
  await offers.upto.offer(async function* (end) {
    for (let one = 1; one <= end; one += 1) yield one;
    return "done";
  });
  const sum: number = await calls.sum.call([1, 2, 3], { deadline_ms: 5000 });
  assert.deepEqual([sum, calls.count.get(), calls.sum.name], [6, 0, "math/sum"]);
  const { services } = await bob.query({ services: { circle: id, begin: "math/sum" } });
  assert.deepEqual(services.map(({ name, about }) => [name, about]), [["math/sum", "Adds numbers"]]);
  let items = 0;
  const stream = calls.upto.stream(3, { window: 2 });
  for (;;) {
    const next = await stream.next();
    if (next.done === true) {
      assert.equal(next.value, "done");
      break;
    }
    items += next.value;
  }
  assert.equal(items, 6);
});

test("a personal service is offered without a circle, also to whom one shares a conversation with", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const offered = await bob.offer({ name: "me/door" }, (args, { called }) => [args, called.user, "circle" in called]);
  const user = bob.user.id;
  const reached = () => ana.call({ name: "kith/reach", args: { user } });
  const { stream } = await ana.command({ open_direct: { user } });
  await ana.command({ post: { stream: stream!, text: "hi" } });
  assert.deepEqual(await reached(), []);
  assert.equal((await refused(ana.call({ name: "me/door", provider: { user } }))).code, "service.not_found");
  await bob.command({ post: { stream: stream!, text: "hello" } });
  assert.deepEqual(await reached(), [{ name: "me/door" }]);
  assert.deepEqual(await ana.call({ name: "me/door", provider: { user }, args: 1 }), [1, ana.user.id, false]);
  await offered.withdraw();
  assert.deepEqual(await reached(), []);
});
