// Clients of the real server.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { bool, event, float, int, json, KithError, list, map, schema, set, Stream, string, type Entry } from "@kith/client";
import { circle, refused, Server, until } from "./serve.js";

type CircleId = `c_${string}`;

interface Item {
  text: string;
  done?: boolean;
}

const APP = schema({
  flag: bool(),
  counter: int<number>(),
  big: int(2n ** 60n),
  level: float(0.5),
  note: string("tea"),
  tags: set<string>(["a"]),
  "board/todo": list<Item>([{ text: "kettle" }]),
  people: map<{ name: string }>(),
  any: json<unknown>({ a: [1] }),
  ping: event<{ n: number }>(),
});

/** Ana's circle, with Bob in it. */
const texts = (lines: readonly Entry[]) =>
  lines.map((line) => (line.state === "confirmed" ? line.message.text : `${line.state} ${line.draft.text}`));

test("two people talk", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { stream } = await circle(ana, bob);
  const [here, there] = [await ana.stream(stream), await bob.stream(stream)];
  const posting = here.post("Hello, @bob");
  assert.deepEqual(texts(here.messages.get()), ["sending Hello, @bob"]);
  const seq = await posting;
  const [line] = await until(there.messages, (lines) => lines.length === 1);
  assert.ok(line?.state === "confirmed" && line.message.seq === seq);
  assert.deepEqual(line.message.mentions?.users, [bob.user.id]);

  const reply = await there.post("On my way", { reply_to: seq });
  await there.react(seq, "👋");
  await there.edit(reply, "On my way!");
  const root = there.thread(seq);
  await there.post("in the thread", { thread: seq });
  await until(root.messages, (lines) => texts(lines)[0] === "in the thread");
  const lines = await until(here.messages, (all) => texts(all)[1] === "On my way!" && (all[0] as { message: { replies?: number } }).message.replies === 1);
  assert.ok(lines[0]?.state === "confirmed");
  assert.deepEqual(lines[0].message.reactions, { "👋": [bob.user.id] });
  await there.unreact(seq, "👋");
  await here.pin(reply);
  await until(there.info, (info) => info?.pins?.includes(reply) ?? false);
  await there.delete(reply);
  await until(here.messages, (all) => all.length === 1);
  await here.read(seq);
  assert.equal((await ana.query({ unread: { stream } })).read, seq);

  await here.write();
  assert.deepEqual(await until(there.typing, (users) => users.length > 0), [ana.user.id]);
  const said = await here.post("who pours?");
  const inThread = here.typingIn(said);
  await there.write(said);
  assert.deepEqual(await until(inThread, (users) => users.length > 0), [bob.user.id]);
  assert.deepEqual(here.typing.get(), []);
  await there.post("me", { thread: said });
  await until(inThread, (users) => users.length === 0);
  await bob.presence("away");
  const { got } = { got: await ana.query({ present: { circle: (await ana.query({ window: {} })).circles[0]?.circle.id as CircleId } }) };
  assert.deepEqual(got.map(({ user, status }) => [user, status]).sort(), [[ana.user.id, "online"], [bob.user.id, "away"]].sort());
});

test("what is refused stays and can be tried again", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id, stream } = await circle(ana, bob);
  const there = await bob.stream(stream);
  await ana.command({ time_out: { circle: id, user: bob.user.id, seconds: 3600 } });
  const error = await refused(there.post("let me speak"));
  assert.equal(error.code, "member.timed_out");
  const [line] = there.messages.get();
  assert.ok(line?.state === "failed" && line.error === error);
  await ana.command({ time_out: { circle: id, user: bob.user.id, seconds: 0 } });
  // The same operation would get the same answer; said anew, it is another.
  assert.deepEqual(there.discard(line.op), { text: "let me speak" });
  await there.post("let me speak");
  assert.deepEqual(texts(there.messages.get()), ["let me speak"]);
});

test("pages before the window are asked for", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { stream } = await circle(ana, bob);
  const here = await ana.stream(stream);
  for (let n = 1; n <= 12; n += 1) await here.post(`${n}`);
  const there = await bob.stream(stream, { window: 5 });
  assert.deepEqual(texts(there.messages.get()), ["8", "9", "10", "11", "12"]);
  assert.equal(await there.older(5), true);
  assert.equal(await there.older(5), false);
  assert.equal(there.messages.get().length, 12);
});

test("any part of a stream is held, and grows to both ends", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { stream } = await circle(ana, bob);
  const here = await ana.stream(stream);
  const numbers: number[] = [];
  for (let n = 1; n <= 20; n += 1) numbers.push(await here.post(`${n}`));
  const from = await bob.query({ stream: { stream } });
  const { lines } = Stream.from(bob, from, { messages_max: 12 });
  const held = () => texts(lines.messages.get());
  assert.deepEqual([held(), lines.part.get()], [[], { older: true, newer: false, loading: false }]);
  let told = 0;
  const stop = lines.messages.subscribe(() => (told += 1));
  const asked = [lines.older(4), lines.older(4)];
  assert.equal(lines.part.get().loading, true);
  assert.deepEqual(await Promise.all(asked), [true, true]);
  // At once, and with the answer.
  assert.equal(told, 2);
  stop();
  assert.deepEqual(held(), ["17", "18", "19", "20"]);
  assert.equal(await lines.around(numbers[7] as number, 6), true);
  assert.deepEqual(held(), ["6", "7", "8", "9", "10", "11", "12", "13", "14"]);
  // What is posted behind a hole is not shown before the hole is closed.
  await here.post("21");
  while (await lines.newer(5));
  assert.deepEqual(held(), ["10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21"]);
  await here.post("22");
  await until(lines.messages, (all) => texts(all).at(-1) === "22");
  await lines.oldest(3);
  assert.deepEqual([held(), lines.part.get().older], [["1", "2", "3"], false]);
  await lines.latest(3);
  assert.deepEqual([held(), lines.part.get().newer], [["20", "21", "22"], false]);
  assert.equal(await lines.around(9999), false);
});

test("a thread has lines of its own", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { stream } = await circle(ana, bob);
  const here = await ana.stream(stream);
  const root = await here.post("root");
  for (let n = 1; n <= 5; n += 1) await here.post(`in ${n}`, { thread: root });
  const there = await bob.stream(stream, { window: 1 });
  const thread = there.thread(root);
  assert.equal(await thread.older(), false);
  assert.deepEqual(texts(thread.messages.get()), ["in 1", "in 2", "in 3", "in 4", "in 5"]);
  await thread.post({ text: "mine", thread: root });
  assert.equal(texts(thread.messages.get()).at(-1), "mine");
  there.leaveThread(root);
  assert.notEqual(there.thread(root), thread);
});

test("topics of every kind are shared", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id } = await circle(ana, bob);
  const here = await ana.open(id, APP, { create: true });
  const there = await bob.open(id, APP);
  await Promise.all([
    here.flag.toggle(),
    here.counter.add(3),
    here.big.add(1),
    here.level.add(0.25),
    here.note.splice(-0, 1, "T"),
    here.tags.append("b"),
    here["board/todo"].insert({ text: "cups" }, -0),
    here.people.put("ana", { name: "Ana" }),
    here.any.put(["a", 1], 2n ** 63n - 1n),
  ]);
  assert.equal(await until(there.flag, (flag) => flag), true);
  assert.equal(await until(there.counter, (n) => n === 3), 3);
  assert.equal(await until(there.big, (n) => n === 2n ** 60n + 1n), 2n ** 60n + 1n);
  assert.equal(await until(there.level, (n) => n === 0.75), 0.75);
  assert.equal(await until(there.note, (text) => text !== "tea"), "Tea");
  assert.deepEqual(await until(there.tags, (tags) => tags.length === 2), ["a", "b"]);
  await until(there["board/todo"], (todo) => todo.length === 2);
  assert.deepEqual(there["board/todo"].values(), [{ text: "cups" }, { text: "kettle" }]);
  assert.deepEqual(await until(there.people, (people) => "ana" in people), { ana: { name: "Ana" } });
  assert.deepEqual(await until(there.any, (any) => (any as { a: unknown[] }).a.length === 2), { a: [1, 2n ** 63n - 1n] });

  const told = new Promise((resolve) => there.ping.on((args) => resolve(args)));
  await here.ping.emit({ n: 7 });
  assert.deepEqual(await told, { n: 7 });

  const { circle: other } = await ana.command({ create_circle: { name: "Ops" } });
  assert.equal((await refused(ana.open(other as CircleId, APP))).code, "topic.not_found");
  assert.equal((await refused(ana.topicByName(id, "note", int()))).code, "topic.wrong_kind");
});

test("what the server refuses is taken back, and says which and why", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id } = await circle(ana, bob);
  const here = await ana.open(id, APP, { create: true });
  const refusals: string[] = [];
  ana.onRefused((error) => refusals.push(error.code));
  // Refused for what the client knows itself: it was never shown.
  const shown: number[] = [];
  here.tags.subscribe((tags) => shown.push(tags.length));
  assert.equal((await refused(here.tags.append("a"))).code, "topic.item_there");
  assert.deepEqual(shown, [1]);
  // Refused by the server: shown, and taken back.
  const doing = ana.transaction((t) => {
    t(here.counter).add(5);
    t(here.tags).append("b");
  }, { when: [here.note.equals("coffee")] });
  assert.deepEqual([here.counter.get(), here.tags.get().length], [5, 2]);
  assert.equal((await refused(doing)).code, "topic.not_as_asked");
  assert.deepEqual([here.counter.get(), here.tags.get().length], [0, 1]);
  // Which change of several it was.
  await ana.command({ change_topic: { topic: here.tags.id, name: "tags", rules: { count_max: 1 } } });
  const error = await refused(ana.transaction((t) => {
    t(here.counter).add(1);
    t(here.note).insert("!");
    t(here.tags).append("b");
  }));
  assert.deepEqual([error.code, error.change], ["topic.too_large", 2]);
  assert.deepEqual([here.counter.get(), here.note.get()], [0, "tea"]);
  await ana.transaction((t) => t(here.counter).add(1), { when: [here.note.equals(), here.tags.unchanged()] });
  assert.equal(here.counter.get(), 1);
  assert.deepEqual(refusals, ["topic.item_there", "topic.not_as_asked", "topic.too_large"]);
});

test("a topic that only another client follows is changed as well", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id } = await circle(ana, bob);
  const { counter } = await ana.open(id, APP, { create: true });
  await bob.transaction(() => {});
  await bob.transaction((t) => t(counter).add(1));
  await until(counter, (value) => value === 1);
});

test("what was taken is found again after a restart, and what waited is done once", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id, stream } = await circle(ana, bob);
  const [here, there] = [await ana.open(id, APP, { create: true }), await bob.open(id, APP)];
  const [lines, theirs] = [await ana.stream(stream), await bob.stream(stream)];
  await here.counter.add(1);
  await server.kill();
  await until(ana.connection, ({ state }) => state === "offline");
  const waiting = [
    here.counter.add(10),
    here.note.insert("!"),
    here.note.insert("!"),
    here["board/todo"].insert({ text: "later" }),
    ana.transaction((t) => {
      t(here.flag).set(true);
      t(here.level).add(1);
    }),
    lines.post("said while away"),
  ];
  assert.deepEqual([here.counter.get(), here.note.get(), here.counter.pending.get()], [11, "tea!!", true]);
  assert.equal((await refused(lines.write())).code, "client.not_connected");
  // How the user is there is told by the next connection.
  await ana.presence("idle");
  await server.again();
  await Promise.all(waiting);
  const present = await bob.query({ present: { circle: id } });
  assert.equal(present.find(({ user }) => user === ana.user.id)?.status, "idle");
  await until(there.counter, (n) => n === 11);
  await until(there.note, (text) => text === "tea!!");
  await until(there.flag, (flag) => flag);
  await until(theirs.messages, (all) => texts(all).includes("said while away"));
  await until(there["board/todo"], (todo) => todo.length === 2);
  assert.equal(here.counter.pending.get(), false);
  await server.stop();
  await server.again();
  await there.counter.add(1);
  await until(here.counter, (n) => n === 12);
});

test("several write in one text at a time", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id } = await circle(ana, bob);
  const app = schema({ note: string() });
  const [here, there] = [await ana.open(id, app, { create: true }), await bob.open(id, app)];
  const all: Promise<void>[] = [];
  for (const letter of "the quick brown fox") all.push(here.note.insert(letter));
  for (const letter of "jumps") all.push(there.note.insert(letter, 0));
  assert.equal(here.note.get(), "the quick brown fox");
  await Promise.all(all);
  await Promise.all([until(here.note, (text) => text.length === 24), until(there.note, (text) => text.length === 24)]);
  assert.equal(here.note.get(), there.note.get());
  assert.ok(here.note.get().includes("the quick brown fox"), here.note.get());
});

/** Bob has a topic and the stream of ana's circle open. */
async function watched(context: TestContext) {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id, stream } = await circle(ana, bob);
  const app = schema({ counter: int<number>() });
  await ana.open(id, app, { create: true });
  const { counter } = await bob.open(id, app);
  const theirs = await bob.stream(stream);
  const ended = new Promise<KithError>((resolve) => counter.onEnd(resolve));
  const closed = new Promise<KithError>((resolve) => theirs.onEnd(resolve));
  return { server, ana, bob, id, stream, counter, ended, closed };
}

test("who is removed learns it, and who is not let in stays out", async (context) => {
  const { server, ana, bob, id, stream, counter, ended, closed } = await watched(context);
  await ana.command({ kick: { circle: id, user: bob.user.id } });
  assert.equal((await ended).code, "topic.not_found");
  assert.equal((await closed).code, "stream.not_found");
  assert.equal((await refused(counter.add(1))).code, "topic.not_found");
  assert.equal((await refused(bob.stream(stream))).code, "stream.not_found");
  const session = (await bob.query({ sessions: {} })).find(({ current }) => current);
  const stopped = until(bob.connection, ({ state }) => state === "stopped");
  void bob.command({ revoke_session: { session: session?.id as `d_${string}` } }).catch(() => {});
  const connection = await stopped;
  assert.ok(connection.state === "stopped" && !connection.error.code.startsWith("client."), JSON.stringify(connection));
  assert.equal((await refused(bob.query({ ping: {} }))).code, (connection as { error: KithError }).error.code);
  assert.equal((await refused(server.client("bob"))).code, "auth.failed");
});

test("what is open of a circle ends when it is removed", async (context) => {
  const { ana, bob, id, ended, closed: streamEnded } = await watched(context);
  const told = new Promise<unknown>((resolve) => bob.follow({ feed: bob.user.id }, (update) => {
    if (update.kind === "event") resolve(update.event.body);
  }));
  const closed = new Promise<unknown>((resolve) => bob.follow({ feed: id }, (update) => {
    if (update.kind === "caught_up") void ana.command({ remove_circle: { circle: id } });
    if (update.kind === "closed") resolve(update);
  }));
  assert.deepEqual(await closed, { kind: "closed", feed: id, removed: true });
  assert.deepEqual(await told, { kind: "circle_left", circle: id, how: "circle_removed" });
  const why = await Promise.all([ended, streamEnded]);
  assert.deepEqual(why.map(({ code, message }) => [code, message]), [["topic.not_found", "this topic was removed"], ["stream.not_found", "this stream was removed"]]);
  assert.deepEqual((await bob.query({ window: {} })).circles, []);
  assert.equal((await refused(ana.command({ remove_circle: { circle: id } }))).code, "circle.not_found");
});

test("a stream that is removed alone ends for everybody, and what waits to be sent to it is refused", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id, stream } = await circle(ana, bob);
  const theirs = await bob.stream(stream);
  const ended = new Promise<[string, string, boolean]>((resolve) => theirs.onEnd(({ code, message }, removed) => resolve([code, message, removed])));
  const asked = new Promise<void>((resolve) => bob.follow({ feed: id }, (update) => {
    if (update.kind === "caught_up") void ana.command({ remove_stream: { stream } });
    if (update.kind === "event" && update.event.body.kind === "feeds_changed") resolve();
  }));
  assert.deepEqual(await ended, ["stream.not_found", "this stream was removed", true]);
  await asked;
  assert.equal((await refused(bob.command({ post: { stream, text: "late" } }))).code, "stream.not_found");
  const [of] = (await bob.query({ window: {} })).circles;
  assert.deepEqual([of?.circle.id, of?.streams], [id, []]);
  assert.equal((await refused(ana.command({ remove_stream: { stream } }))).code, "stream.not_found");
});

test("steps are taken back and done again", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id } = await circle(ana, bob);
  const app = schema({ counter: int<number>(), note: string("tea") });
  const [here, there] = [await ana.open(id, app, { create: true }), await bob.open(id, app)];
  for (const by of [1, 2]) await ana.transaction((t) => t(here.counter).add(by), { group: "drag" });
  await there.counter.add(10);
  await here.note.insert("s");
  await there.note.insert("two ", 0);
  await ana.undo(id);
  await until(there.note, (text) => text === "two tea");
  await ana.undo(id);
  await until(there.counter, (n) => n === 10);
  assert.equal((await refused(ana.undo(id))).code, "undo.nothing");
  await ana.redo(id);
  await until(there.counter, (n) => n === 13);
  assert.deepEqual([here.counter.get(), here.note.get()], [13, "two tea"]);
});

test("topics that no store has begin anew, and their schemas hold", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id } = await circle(ana, bob);
  const rules = { ephemeral: true, schema: { type: "integer", maximum: 9 } };
  const app = schema({ level: int<number>(5, rules) });
  const [here, there] = [await ana.open(id, app, { create: true }), await bob.open(id, app)];
  await here.level.add(1);
  assert.equal((await refused(here.level.add(9))).code, "topic.invalid");
  assert.equal(here.level.get(), 6);
  await until(there.level, (level) => level === 6);
  await server.kill();
  await server.again();
  await until(here.level, (level) => level === 5);
  await there.level.add(3);
  await until(here.level, (level) => level === 8);
});

test("a topic tells each of its events once, own ones too", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle: id } = await circle(ana, bob);
  const { counter, flag } = await ana.open(id, APP, { create: true });
  const told: [string, string | undefined, number][] = [];
  const stops = [counter, flag].map((topic) =>
    topic.onEvent(({ body, by, seq }) => void told.push([body.kind, by, seq])));
  await counter.add(1);
  const there = await bob.topicByName(id, "counter", int<number>());
  await there.add(2);
  await until(counter, (value) => value === 3);
  await ana.transaction((t) => {
    t(counter).add(1);
    t(flag).set(true);
  });
  stops[0]?.();
  await counter.add(1);
  assert.deepEqual(told, [
    ["changed", ana.user.id, 2],
    ["changed", bob.user.id, 3],
    ["changed", ana.user.id, 4],
    ["changed", ana.user.id, 2],
  ]);
});

test("a client is resumed without a connection, with what was kept, and goes on from there", async (context) => {
  const server = await Server.start(context);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { stream } = await circle(ana, bob);
  const before = await ana.stream(stream);
  await before.post("before");
  await before.post("deleted meanwhile");
  await until(before.messages, (lines) => lines.length === 2);
  const held = before.messages.get().flatMap((line) => (line.state === "confirmed" ? [line.message] : []));
  const from = { stream: before.info.get() as NonNullable<ReturnType<typeof before.info.get>>, head: before.seq, read: 0, unread: 0, mentions: 0 };
  const { welcome } = ana;
  ana.close();
  await bob.command({ post: { stream, text: "meanwhile" } });
  await server.kill();

  const later = server.resume("ana", welcome);
  assert.equal(later.user.name, "ana");
  assert.equal(later.connection.get().state, "offline");
  const now = Stream.from(later, from, { held });
  assert.deepEqual(texts(now.messages.get()), ["before", "deleted meanwhile"]);
  const posting = now.post("from nowhere");
  await server.again();
  await posting;
  await until(now.messages, (lines) => texts(lines).join() === "before,deleted meanwhile,meanwhile,from nowhere");
  await now.delete(held[1]?.seq ?? 0);
  await until(now.messages, (lines) => texts(lines).join() === "before,meanwhile,from nowhere");
});

test("a client that is resumed and not let in any longer says so", async (context) => {
  const server = await Server.start(context);
  const ana = await server.client("ana");
  const { welcome } = ana;
  await ana.command({ revoke_session: { session: welcome.session } }).catch(() => {});
  const later = server.resume("ana", welcome);
  const { state, ...rest } = await until(later.connection, (now) => now.state === "stopped");
  assert.equal(state, "stopped");
  assert.equal((rest as { error: KithError }).error.code, "auth.failed");
});
