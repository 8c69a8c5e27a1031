// Texts as Yjs documents, by the real `yjs` and the real server.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import * as Y from "yjs";
import { int, type Client, type KithError } from "@kith/client";
import { text, type TextTopic } from "@kith/client/yjs";
import { random } from "./dice.js";
import { crowd, narrowing, refused, Server, until } from "./serve.js";

type CircleId = `c_${string}`;

/** A circle of Ana's with Bob in it, and the text that both have open. */
async function world(context: TestContext): Promise<{
  server: Server;
  circle: CircleId;
  clients: [Client, Client];
  texts: [TextTopic, TextTopic];
}> {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const circle = (await ana.command({ create_circle: { name: "Tea", public: true } })).circle as CircleId;
  await bob.command({ join: { circle } });
  const { notes } = await ana.open(circle, { notes: text("tea") }, { create: true });
  return { server, circle, clients: [ana, bob], texts: [notes, await bob.topicByName(circle, "notes", text())] };
}

/** What the server says that the text is. */
async function told(client: Client, topic: TextTopic): Promise<string | undefined> {
  return (await client.query({ topic: { topic: topic.id } })).text;
}

test("what one writes in a text is there at once, and what others write is merged", async (context) => {
  const { clients: [ana], texts: [here, there] } = await world(context);
  assert.equal(here.get(), "tea");
  const sent = here.splice(3, 0, " and water");
  assert.equal(here.get(), "tea and water");
  assert.equal(here.pending.get(), true);
  await sent;
  await until(there, (now) => now === "tea and water");
  const both = [here.splice(0, 3, "Green tea"), there.splice(13, 0, "!😀")];
  await Promise.all(both);
  await until(here, (now) => now.endsWith("!😀"));
  await until(there, (now) => now.startsWith("Green"));
  assert.equal(here.get(), "Green tea and water!😀");
  assert.equal(there.get(), here.get());
  assert.equal(await told(ana, here), here.get());
  assert.equal((await refused(here.splice(99, 0, "x"))).code, "topic.out_of_range");
  // More than a frame may be otherwise.
  const [now, long] = [here.get(), "x".repeat(200_000)];
  await here.splice(0, 0, long);
  assert.equal(await told(ana, here), long + now);
  await here.splice(0, long.length, "");
  const inside = here.get().length - 1;
  assert.equal((await refused(here.splice(inside, 0, "x"))).code, "topic.out_of_range");
});

test("the document of an editor is kept, whatever is in it", async (context) => {
  const { texts: [here, there] } = await world(context);
  const doc = here.doc.get();
  doc.transact(() => {
    doc.getText("text").format(0, 3, { bold: true });
    doc.getMap("meta").set("title", "Tea");
  });
  await until(here.pending, (pending) => !pending);
  const other = there.doc.get();
  await until({ get: () => other, subscribe: (run) => (other.on("update", () => run(other)), run(other), () => {}) },
    (now) => now.getMap("meta").get("title") === "Tea");
  assert.deepEqual(other.getText("text").toDelta(), [{ insert: "tea", attributes: { bold: true } }]);
  assert.equal(here.doc.get(), doc);
});

test("what was written without a connection is merged on return", async (context) => {
  const { server, clients: [ana], texts: [here, there] } = await world(context);
  await server.kill();
  const written = [here.splice(0, 0, "one "), here.splice(0, 0, "two "), there.splice(3, 0, " three")];
  assert.equal(here.get(), "two one tea");
  assert.equal(there.get(), "tea three");
  await server.again();
  await Promise.all(written);
  for (const one of [here, there]) await until(one, (now) => now === "two one tea three");
  assert.equal(await told(ana, here), "two one tea three");
});

test("what the server refuses is taken out of the text again", async (context) => {
  const { circle, clients: [ana, bob], texts: [here, there] } = await world(context);
  const { circle: found } = await ana.query({ circle: { circle } });
  const deny = async (permissions: ("write")[]) =>
    void (await ana.command({ narrow_topic: { topic: here.id, deny: { [found.everyone]: permissions } } }));
  const codes: string[] = [];
  bob.onRefused((error) => codes.push(error.code));
  await deny(["write"]);
  const doc = there.doc.get();
  const edit = there.splice(0, 3, "coffee");
  const after = there.splice(6, 0, "!");
  assert.equal(there.get(), "coffee!");
  assert.equal((await refused(edit)).code, "permission.denied");
  assert.ok(["permission.denied", "client.lost"].includes((await refused(after)).code));
  assert.equal(there.get(), "tea");
  assert.notEqual(there.doc.get(), doc);
  assert.equal(codes[0], "permission.denied");
  await deny([]);
  await there.splice(0, 0, "my ");
  await until(here, (now) => now === "my tea");
});

test("a text is part of a transaction, all of it or nothing", async (context) => {
  const { circle, clients: [ana], texts: [here, there] } = await world(context);
  const { count } = await ana.open(circle, { count: int<number>() }, { create: true });
  void here.splice(0, 0, "(");
  await ana.transaction((t) => {
    t(here).splice(4, 0, ")");
    t(count).add(1);
  });
  assert.equal(here.get(), "(tea)");
  await until(there, (now) => now === "(tea)");
  const error = await refused(ana.transaction((t) => {
    t(here).splice(0, 5, "");
    t(count).add(1);
  }, { when: [count.equals(7)] }));
  assert.equal(error.code, "topic.not_as_asked");
  assert.equal(here.get(), "(tea)");
  assert.equal(count.get(), 1);
  await here.splice(5, 0, "!");
  assert.equal(await told(ana, here), "(tea)!");
});

test("whatever several write, through restarts and lost rights, all have the same in the end", async (context) => {
  const { server, circle, clients: [ana], texts } = await world(context);
  const others = await Promise.all((await crowd(server, circle)).map((one) => one.topicByName(circle, "notes", text())));
  const narrow = await narrowing(ana, circle, texts[0].id);
  let refusals = 0;
  for (const [seed, people] of [[7, 3], [8, 5], [9, 8]] as const) {
    const all = [...texts, ...others].slice(0, people);
    const dice = random(seed);
    const sent: Promise<unknown>[] = [];
    for (let round = 0; round < 60; round++) {
      const one = all[dice(people)] as TextTopic;
      const at = dice(one.get().length + 1);
      const edit = one.splice(at, Math.min(dice(3), one.get().length - at), "abc".slice(dice(4)));
      sent.push(edit.catch((error: KithError) => {
        assert.match(error.code, /^(permission\.denied|client\.lost)$/);
        refusals += 1;
      }));
      if (round % 20 === 10) await server.kill();
      if (round % 20 === 15) await server.again();
      if (round === 36) await narrow(["write"]);
      if (round === 49) {
        // What was written without the right is decided, however slow the machine is.
        await Promise.all(sent);
        await narrow([]);
      }
      if (dice(3) === 0) await new Promise(setImmediate);
    }
    await Promise.all(sent);
    const end = (await told(ana, texts[0])) as string;
    for (const one of all) await until(one, (now) => now === end);
    for (const one of all) assert.equal(one.doc.get().getText("text").toString(), end);
  }
  assert.ok(refusals > 0, "some lost the right to write while they wrote");
});

test("who closes a text still brings what was written", async (context) => {
  const { texts: [here, there] } = await world(context);
  const doc = here.doc.get();
  void here.splice(3, 0, "!");
  here.close();
  await until(there, (now) => now === "tea!");
  doc.getText("text").insert(0, "not sent ");
  assert.ok(doc instanceof Y.Doc);
  await there.splice(0, 0, "my ");
  assert.equal(there.get(), "my tea!");
});
