// Random histories of several clients: whatever is on the way, all see the same in the end.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../dist/json.js";
import type { Anchor, Asked, Change, Kind, Path, Spot, TopicId } from "../dist/protocol.js";
import { compose, editAll, inTurn, inverse, over, past, type Splice } from "../dist/topic/splice.js";
import { isPlace } from "../dist/topic/splice.js";
import { pick, random, type Dice } from "./dice.js";
import { Server, type Client } from "./model.js";

const TOPICS: readonly [TopicId, Kind, Json][] = [
  ["t_bool", "bool", false],
  ["t_int", "int", 0],
  ["t_float", "float", 0],
  ["t_string", "string", "hello 😀 wörld"],
  ["t_set", "set", [1]],
  ["t_list", "list", ["a", "b"]],
  ["t_map", "map", { a: [] }],
  ["t_json", "json", { b: { c: [1] } }],
  ["t_event", "event", null],
];
/** Two that are always changed alike. */
const PAIR: readonly TopicId[] = ["t_one", "t_two"];
const LEAVES: readonly Json[] = [0, 1, 2, "x", null, [], {}];
const KEYS = ["a", "b", "c"];

function path(dice: Dice): Path {
  return Array.from({ length: 1 + dice(3) }, () => (dice(3) === 0 ? dice(3) : pick(dice, KEYS)));
}

function places(text: string): number[] {
  return Array.from({ length: text.length + 1 }, (_, at) => at).filter((at) => isPlace(text, at));
}

function splice(dice: Dice, text: string): Splice {
  const all = places(text);
  const from = dice(all.length);
  const until = Math.min(from + dice(3), all.length - 1);
  const [at, end] = [all[from] as number, all[until] as number];
  return { at, delete: text.slice(at, end), insert: pick(dice, ["", "x", "yz", "é😀"]) };
}

/** A change that often fits what the client sees. */
function change(
  dice: Dice, client: Client, topic: TopicId, kind: Kind, fresh: () => string, editing: boolean,
): Change {
  const now = client.shown(topic);
  const names = kind === "list" ? (now as unknown as { element: string }[]).map((one) => one.element) : [];
  const spot = (): Spot => dice(2) === 0 || names.length === 0 ? { at: dice(4) - 2 } : { element: pick(dice, names) };
  const anchor = (): Anchor =>
    dice(2) === 0 || names.length === 0 ? { at: dice(5) - 2 }
    : dice(2) === 0 ? { before: pick(dice, names) } : { after: pick(dice, names) };
  switch (kind) {
    case "event":
      return { emit: { args: { n: dice(9) } } };
    case "bool":
      return { set: { value: dice(2) === 0 } };
    case "int":
    case "float":
      return dice(4) === 0 ? { set: { value: dice(9) } } : { add: { by: dice(9) - 4 } };
    case "string": {
      if (!editing && dice(20) === 0) return { set: { value: pick(dice, ["new", "", "hello"]) } };
      const { at, delete: taken, insert } = splice(dice, now as string);
      return { splice: { at, delete: taken.length, insert } };
    }
    case "set":
      return dice(2) === 0 ? { append: { item: pick(dice, LEAVES) } } : { remove: { item: pick(dice, LEAVES) } };
    case "list":
      switch (dice(6)) {
        case 0: return { remove: spot() };
        case 1: return { move: { from: spot(), to: anchor() } };
        case 2: return { replace: { spot: spot(), value: dice(9) } };
        case 3: return dice(5) === 0 ? { set: { value: ["n"] } } : { remove: spot() };
        default: return { insert: { value: dice(9), element: fresh(), ...(dice(2) === 0 ? { to: anchor() } : {}) } };
      }
    default:
      switch (dice(5)) {
        case 0: return { remove: { path: path(dice) } };
        case 1: return { rename: { path: path(dice), key: pick(dice, KEYS) } };
        case 2: return { insert: { value: pick(dice, LEAVES), to: { path: path(dice) } } };
        default: return { put: { path: path(dice), value: pick(dice, LEAVES) } };
      }
  }
}

/**
 * A history of three to eight clients over topics of these kinds, whose connections lag and break. Where
 * only one kind is, nobody replaces the whole of it, and nobody loses a right.
 */
function history(seed: number, kinds: readonly Kind[], steps: number): Server {
  const dice = random(seed);
  const server = new Server();
  const topics = TOPICS.filter(([, kind]) => kinds.includes(kind));
  const several = kinds.length > 1;
  for (const [topic, kind, value] of topics) server.add(topic, kind, kind === "event" ? undefined : value);
  for (const topic of PAIR) server.add(topic, "int", 0);
  for (let count = 3 + dice(6); count > 0; count -= 1) server.connect();
  const asState = (kind: Kind) => kind !== "event" && dice(2) === 0;
  const whole = (client: Client) => {
    const [one, two] = PAIR.map((topic) => client.shown(topic));
    assert.equal(one, two, `seed ${seed}: half of a transaction is shown`);
  };
  let names = 0;
  const fresh = () => `e${(names += 1)}`;
  for (let step = 0; step < steps; step += 1) {
    const client = pick(dice, server.clients);
    if (several && dice(20) === 0) server.turn(client, pick(dice, [...server.topics.keys()]));
    switch (dice(4)) {
      case 0: {
        if (dice(20) === 0) client.lose();
        const changes = Array.from({ length: 1 + (dice(3) === 0 ? dice(3) : 0) }, (): Asked => {
          const [topic, kind] = pick(dice, topics);
          return { topic, change: change(dice, client, topic, kind, fresh, !several) };
        });
        const by = dice(9);
        if (several && dice(3) === 0) for (const topic of PAIR) changes.push({ topic, change: { add: { by } } });
        client.change(changes);
        break;
      }
      case 1:
        if (dice(5) === 0) client.resume(asState);
        client.push();
        break;
      default: client.hear();
    }
    whole(client);
  }
  for (const client of server.clients) client.resume(asState);
  for (let left = true; left; ) {
    left = false;
    for (const client of server.clients) {
      while (client.outgoing.length > 0 || client.line.length > 0) {
        left = true;
        client.push();
        client.hear();
        whole(client);
      }
    }
  }
  for (const client of server.clients) {
    for (const [topic, { kind, seq }] of server.topics) {
      assert.deepEqual(client.shown(topic), server.value(topic), `seed ${seed}, ${topic}`);
      assert.equal(client.values.isPending(topic), false, `seed ${seed}, ${topic}`);
      if (kind !== "event") continue;
      const all = Array.from({ length: seq - 1 }, (_, at) => at + 2);
      assert.deepEqual(client.heard.get(topic) ?? [], all, `seed ${seed}, each event is told once`);
    }
  }
  return server;
}

test("whatever several do at once, all see the same in the end", () => {
  const refusals = new Map<string, number>();
  for (let seed = 1; seed <= 400; seed += 1) {
    const server = history(seed, TOPICS.map(([, kind]) => kind), 300);
    for (const [code, count] of server.refusals) refusals.set(code, (refusals.get(code) ?? 0) + count);
  }
  const denied = refusals.get("permission.denied") ?? 0;
  const others = [...refusals.values()].reduce((sum, count) => sum + count, 0) - denied;
  assert.ok(denied > 100 && others > 100, "the histories have conflicts and lost rights in them");
});

test("edits of one string are never refused", () => {
  for (let seed = 1; seed <= 600; seed += 1) {
    assert.equal(history(seed, ["string"], 200).clients.flatMap((client) => client.refused).join(), "", `seed ${seed}`);
  }
});

test("nothing of others is shown in part while topics are caught up with", () => {
  const server = new Server();
  server.add("t_one", "int", 0);
  server.add("t_two", "int", 0);
  const [ana, bob] = [server.connect(), server.connect()];
  const both = (by: number): Asked[] => [
    { topic: "t_one", change: { add: { by } } },
    { topic: "t_two", change: { add: { by } } },
  ];
  const seen: string[] = [];
  const hear = () => {
    for (; ana.line.length > 0; seen.push(`${ana.shown("t_one")} ${ana.shown("t_two")}`)) ana.hear();
  };
  ana.change(both(1));
  ana.push();
  ana.lose();
  bob.change(both(10));
  bob.push();
  ana.change(both(100));
  assert.equal(ana.shown("t_one"), 101);
  ana.resume(() => false);
  hear();
  assert.deepEqual([...new Set(seen)], ["101 101", "111 111"]);
  ana.push();
  ana.push();
  // A snapshot that has an own change in it, of which nobody has told yet, does not show it twice.
  ana.lose();
  ana.resume(() => true);
  seen.length = 0;
  hear();
  ana.push();
  hear();
  assert.deepEqual([...new Set(seen)], ["111 111"]);
  assert.equal(ana.values.isFrozen(), true);
  ana.push();
  hear();
  assert.equal(ana.values.isFrozen(), false);
});

test("two edits meet in the same text", () => {
  for (let seed = 1; seed <= 20_000; seed += 1) {
    const dice = random(seed);
    const text = "ab😀cdéf".slice(0, pick(dice, places("ab😀cdéf")));
    const [one, two] = [splice(dice, text), splice(dice, text)];
    const here = editAll(text, [one, over(two, one)]);
    assert.equal(editAll(text, [two, ...past(one, two)]), here, JSON.stringify({ text, one, two }));
  }
});

test("edits together do what they did in turn, and can be taken back", () => {
  for (let seed = 1; seed <= 5000; seed += 1) {
    const dice = random(seed);
    const text = "ab😀cdéfgh";
    const edits: Splice[] = [];
    let now = text;
    for (let count = dice(7); count > 0; count -= 1) {
      const edit = splice(dice, now);
      edits.push(edit);
      now = editAll(now, [edit]) as string;
    }
    const together = compose(edits);
    assert.equal(editAll(text, inTurn(together)), now);
    const reckoned = together.reduce<Splice[]>((done, edit) => [...done, done.reduce(over, edit)], []);
    assert.equal(editAll(text, reckoned), now);
    assert.equal(editAll(now, [...inTurn(together)].reverse().map(inverse)), text);
  }
});
