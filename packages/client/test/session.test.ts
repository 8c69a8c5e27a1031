// The session fed by hand: no sockets, and time is a number.

import assert from "node:assert/strict";
import { test } from "node:test";
import { KithError } from "../dist/error.js";
import { parse, stringify } from "../dist/json.js";
import type { Event, Hello, Problem, Push, Request, Subscribe, Welcome } from "../dist/protocol.js";
import type { Answered, Ask } from "../dist/session/pending.js";
import { PENDING_MAX, Session, type Output } from "../dist/session/session.js";
import type { Update } from "../dist/session/update.js";

const FEED = "s_1";
const POST: Ask = { op: "k-1", do: { post: { stream: FEED, text: "hi" } } };
const LIMITS = { frame_bytes: 65_536, update_bytes: 3 << 20, text_chars: 8000, burst: 2000, per_second: 30, subscribe_max: 1000, queue_bytes: 1 << 20 };
const WELCOME: Welcome = {
  v: 1,
  user: { id: "u_1", name: "ana", display_name: "Ana", created_at: 1 },
  session: "d_1",
  now: 1,
  heartbeat_ms: 1000,
  limits: LIMITS,
};

const event = (seq: number): Event => ({ feed: FEED, seq, at: seq, body: { kind: "unpinned", message: 1 } });

function told(from: number, to: number, more = false): Push {
  const events = Array.from({ length: to - from + 1 }, (_, at) => event(from + at));
  return { subscribed: { events: { feed: FEED, epoch: "e", seq: to, events, ...(more ? { more } : {}) } } };
}

const snapshot = (seq: number): Push => ({ subscribed: { snapshot: { feed: FEED, epoch: "e", seq, state: { head: {} } } } });
const problem = (code: string, retry_ms?: number, unknown?: boolean): Problem => ({
  code,
  message: code,
  ...(retry_ms === undefined ? {} : { retry_ms }),
  ...(unknown === undefined ? {} : { unknown }),
});

/** A session and what it said. */
class Talk {
  readonly session = new Session({ token: "t" });
  now_ms = 1;
  settled: { id: number; result: Answered | KithError }[] = [];
  hung_up: string[] = [];
  #updates: Update[] = [];

  static online(limits: Partial<Welcome["limits"]> = {}): Talk {
    const talk = new Talk();
    talk.connect(limits);
    return talk;
  }

  connect(limits: Partial<Welcome["limits"]> = {}): Request[] {
    this.session.opened(this.now_ms);
    assert.deepEqual(this.said(), [{ v: 1, auth: { token: "t" } }]);
    this.hear({ welcome: { ...WELCOME, limits: { ...LIMITS, ...limits } } });
    return this.said();
  }

  hear(push: Push): void {
    this.session.received(stringify(push), this.now_ms);
  }

  said(): Request[] {
    const said: Request[] = [];
    for (let output: Output | undefined; (output = this.session.poll()) !== undefined; ) {
      if (output.kind === "send") said.push(parse(output.text) as unknown as Request);
      else if (output.kind === "settled") this.settled.push(output);
      else if (output.kind === "hang_up") this.hung_up.push(output.why);
      else this.#updates.push(output.update);
    }
    return said;
  }

  /** What it was told since the last time. */
  told(): Update[] {
    this.said();
    const updates = this.#updates;
    this.#updates = [];
    return updates;
  }

  /** The numbers of the events that came, other updates by their kinds. */
  updates(): string[] {
    return this.told().map((update) =>
      update.kind === "event" ? `${update.event.seq}` : update.kind === "hidden" ? `(${update.seq})` : update.kind);
  }

  follow(): Subscribe {
    this.session.subscribe({ feed: FEED }, this.now_ms);
    return this.asked() as Subscribe;
  }

  asked(): Subscribe | undefined {
    return this.said().find((request) => request.subscribe !== undefined)?.subscribe?.[0];
  }

  lose(): void {
    assert.notEqual(this.session.lost(undefined, "cut", 0.5, this.now_ms), undefined);
  }

  later(ms: number): void {
    this.now_ms += ms;
    this.session.tick(this.now_ms);
  }

  codes(): unknown[] {
    this.said();
    return this.settled.splice(0).map(({ result }) => (result instanceof KithError ? result.code : result));
  }
}

test("a feed resumes after the last event", () => {
  const talk = Talk.online();
  assert.deepEqual(talk.follow(), { feed: FEED });
  talk.hear(snapshot(5));
  talk.hear({ event: event(6) });
  talk.hear({ hidden: { feed: FEED, seq: 7 } });
  talk.lose();
  const [request] = talk.connect();
  assert.deepEqual(request?.subscribe, [{ feed: FEED, epoch: "e", after: 7 }]);
  talk.hear(told(7, 8));
  assert.deepEqual(talk.updates(),
    ["connected", "snapshot", "caught_up", "6", "(7)", "disconnected", "connected", "8", "caught_up"]);
});

test("a gap is asked for and a repeat dropped", () => {
  const talk = Talk.online();
  talk.follow();
  talk.hear(snapshot(5));
  talk.hear({ event: event(5) });
  talk.hear({ event: event(8) });
  assert.equal(talk.asked()?.after, 5);
  // What was on its way before the answer is in the answer.
  talk.hear({ event: event(9) });
  talk.hear(told(6, 9));
  talk.hear({ event: event(9) });
  talk.hear({ event: event(10) });
  assert.deepEqual(talk.updates(), ["connected", "snapshot", "caught_up", "6", "7", "8", "9", "caught_up", "10"]);
});

test("each event of a run is taken as if it came alone", () => {
  const run = (from: number, to: number): Push => {
    const { feed, at, body } = event(from);
    return { run: { feed, seq: from, at, events: Array.from({ length: to - from + 1 }, () => ({ body })) } };
  };
  const talk = Talk.online();
  talk.follow();
  talk.hear(snapshot(5));
  // Some of it was there before.
  talk.hear(run(4, 7));
  talk.hear(run(9, 10));
  assert.equal(talk.asked()?.after, 7);
  talk.hear(told(8, 10));
  assert.deepEqual(talk.updates(), ["connected", "snapshot", "caught_up", "6", "7", "8", "9", "10", "caught_up"]);
});

test("what a run tells of a value is a change of it", () => {
  const talk = Talk.online();
  talk.follow();
  talk.hear(snapshot(5));
  const { feed, at } = event(6);
  const fact = { add: { by: 3 } };
  const { body } = event(9);
  const [ana, bob] = ["u_ana", "u_bob"] as const;
  talk.hear({ run: { feed, seq: 6, at, events: [{ fact }, { by: ana, op: "k-2", fact }, { fact }, { by: bob, body }] } });
  talk.hear({ run: { feed, seq: 10, at, by: ana, events: [{ fact }] } });
  const told = talk.told().flatMap((update) => (update.kind === "event" ? [update.event] : []));
  const changed = { feed, at, body: { kind: "changed", fact } };
  assert.deepEqual(told, [
    { ...changed, seq: 6 }, { ...changed, seq: 7, by: ana, op: "k-2" }, { ...changed, seq: 8, by: ana },
    { feed, at, body, seq: 9, by: bob }, { ...changed, seq: 10, by: ana },
  ]);
});

test("who lags resumes and pages are asked for one after another", () => {
  const talk = Talk.online();
  talk.follow();
  talk.hear(snapshot(1));
  talk.hear({ lagged: { feeds: [FEED] } });
  assert.equal(talk.asked()?.after, 1);
  talk.hear(told(2, 3, true));
  assert.equal(talk.asked()?.after, 3);
  talk.hear(told(4, 4));
  assert.deepEqual(talk.updates(), ["connected", "snapshot", "caught_up", "2", "3", "4", "caught_up"]);
});

test("answers that never fit end in a snapshot and not in haste", () => {
  const talk = Talk.online();
  talk.follow();
  talk.hear(snapshot(1));
  talk.hear({ event: event(3) });
  assert.equal(talk.asked()?.after, 1);
  talk.hear(told(3, 3));
  assert.equal(talk.asked(), undefined);
  talk.later(1000);
  assert.equal(talk.asked()?.after, 1);
  talk.hear(told(3, 3));
  talk.later(1000);
  assert.deepEqual(talk.asked(), { feed: FEED, epoch: "e" });
});

test("a feed that is refused for the moment is asked for again, and else given up", () => {
  const talk = Talk.online();
  talk.follow();
  talk.hear({ subscribed: { refused: { feed: FEED, problem: problem("server.busy", 300) } } });
  assert.equal(talk.asked(), undefined);
  talk.later(300);
  assert.deepEqual(talk.asked(), { feed: FEED });
  talk.hear({ subscribed: { refused: { feed: FEED, problem: problem("stream.not_found") } } });
  talk.lose();
  assert.deepEqual(talk.connect(), []);
  assert.deepEqual(talk.updates(), ["connected", "refused", "disconnected", "connected"]);
});

test("an operation is said again under its name until it ends", () => {
  const talk = Talk.online();
  const id = talk.session.ask(POST, talk.now_ms);
  const first = talk.said();
  talk.lose();
  assert.deepEqual(talk.connect(), first);
  talk.hear({ error: { id, ...problem("server.busy", 50, true) } });
  assert.deepEqual(talk.said(), []);
  assert.equal(talk.session.deadline(), talk.now_ms + 50);
  talk.later(50);
  assert.deepEqual(talk.said(), first);
  // Not about the operation, which may have been done by now.
  talk.hear({ error: { id, ...problem("rate.limited", 10) } });
  talk.later(10);
  assert.deepEqual(talk.said(), first);
  talk.hear({ ok: { id, done: {} } });
  assert.deepEqual(talk.codes(), [{ id, done: {} }]);
});

test("a definite refusal is the end", () => {
  const talk = Talk.online();
  for (const refused of [problem("stream.archived"), problem("rate.limited", 10)]) {
    const id = talk.session.ask(POST, talk.now_ms);
    talk.said();
    talk.hear({ error: { id, ...refused } });
    assert.deepEqual(talk.codes(), [refused.code]);
  }
});

test("what is too large is refused here and not sent for ever", () => {
  const talk = Talk.online();
  const users = Array.from({ length: 5000 }, () => "u_01kaf2g6x4000000000000000a" as const);
  talk.session.ask({ get: { users: { users } } }, talk.now_ms);
  assert.deepEqual(talk.codes(), ["input.too_large"]);
});

test("no more is sent at once than the server allows", () => {
  const talk = Talk.online({ burst: 10, per_second: 10 });
  for (let count = 0; count < 20; count += 1) talk.session.ask({ get: { ping: {} } }, talk.now_ms);
  const first = talk.said();
  assert.equal(first.length, 9);
  const next = talk.session.deadline() as number;
  assert.ok(next > talk.now_ms && next < talk.now_ms + 200, `${next}`);
  talk.later(next - talk.now_ms);
  const [after] = talk.said();
  assert.equal(after?.id, (first.at(-1)?.id ?? 0) + 1);
});

test("there is an end to what may wait", () => {
  const talk = new Talk();
  for (let count = 0; count < PENDING_MAX; count += 1) talk.session.ask({ get: { ping: {} } }, 0);
  assert.deepEqual(talk.codes(), []);
  talk.session.ask({ get: { ping: {} } }, 0);
  assert.deepEqual(talk.codes(), ["client.busy"]);
});

test("signals are not kept", () => {
  const talk = new Talk();
  const typing: Ask = { signal: { typing: { stream: FEED } } };
  talk.session.ask(typing, 0);
  assert.deepEqual(talk.codes(), ["client.not_connected"]);
  talk.connect();
  talk.session.ask(typing, talk.now_ms);
  talk.said();
  talk.lose();
  assert.deepEqual(talk.codes(), ["client.not_connected"]);
});

test("how the user is there is said by every hello, and once more where it changed meanwhile", () => {
  const talk = new Talk();
  const connect = (said: object) => {
    talk.session.opened(talk.now_ms);
    assert.deepEqual(talk.said(), [{ v: 1, auth: { token: "t" }, ...said }]);
  };
  talk.session.status = "away";
  connect({ status: "away" });
  talk.hear({ welcome: WELCOME });
  assert.deepEqual(talk.said(), []);
  talk.lose();
  connect({ status: "away" });
  talk.session.status = "online";
  talk.hear({ welcome: WELCOME });
  assert.deepEqual(talk.said().map(({ signal }) => signal), [{ presence: { status: "online" } }]);
  talk.lose();
  connect({});
});

test("silence is first broken and then ends the connection", () => {
  const talk = Talk.online();
  assert.equal(talk.session.deadline(), 1001);
  talk.later(1000);
  assert.deepEqual(talk.said()[0]?.get, { ping: {} });
  talk.later(1000);
  assert.equal(talk.said().length, 1);
  talk.later(600);
  talk.said();
  assert.deepEqual(talk.hung_up, ["the server gave no sign of life"]);
});

test("a server that does not answer the hello is given up", () => {
  const talk = new Talk();
  talk.session.opened(0);
  talk.session.tick(9999);
  talk.said();
  assert.deepEqual(talk.hung_up, []);
  talk.session.tick(10_000);
  talk.said();
  assert.equal(talk.hung_up.length, 1);
});

test("who is not let in stays out", () => {
  const cases: [number | undefined, Problem | undefined, boolean][] = [
    [4401, problem("auth.failed"), true],
    [4402, undefined, true],
    [4408, undefined, true],
    [1009, undefined, true],
    [4401, problem("store.failed", 5), false],
    [4401, problem("auth.too_slow"), false],
    [4409, undefined, false],
    [1012, problem("server.restarting", 5), false],
    [undefined, undefined, false],
  ];
  for (const [code, bye, stops] of cases) {
    const talk = Talk.online();
    talk.session.ask(POST, 1);
    talk.said();
    if (bye !== undefined) talk.hear({ bye });
    const pause = talk.session.lost(code, "closed", 0, 1);
    assert.equal(pause === undefined, stops, `${code}`);
    if (!stops) assert.equal(pause, bye?.retry_ms ?? 0);
    assert.equal(talk.codes().length, stops ? 1 : 0);
  }
});

test("a password is used once", () => {
  const session = new Session({ password: { name: "ana", password: "p" } });
  session.opened(0);
  session.poll();
  session.received(stringify({ welcome: { ...WELCOME, token: "secret" } }), 0);
  session.lost(undefined, "cut", 0, 0);
  session.opened(0);
  const hellos: Hello[] = [];
  for (let output: Output | undefined; (output = session.poll()) !== undefined; ) {
    if (output.kind === "send") hellos.push(parse(output.text) as unknown as Hello);
  }
  assert.deepEqual(hellos.at(-1)?.auth, { token: "secret" });
});

test("an answer that does not fit ends its question, and what is no frame the connection", () => {
  const talk = Talk.online();
  const id = talk.session.ask({ get: { window: {} } }, talk.now_ms);
  talk.said();
  talk.hear({ ok: { id, noted: null } });
  assert.deepEqual(talk.codes(), ["client.unexpected"]);
  talk.hear({ of_tomorrow: {} } as unknown as Push);
  talk.said();
  assert.deepEqual(talk.hung_up, []);
  talk.session.received("[", talk.now_ms);
  talk.said();
  assert.equal(talk.hung_up.length, 1);
});

test("what was not sent is taken back, and what may have been done is not", () => {
  const talk = new Talk();
  const post = (op: string): Ask => ({ op, do: { post: { stream: FEED, text: op } } });
  for (const op of ["k-1", "k-2"]) talk.session.ask(post(op), talk.now_ms);
  assert.deepEqual([talk.session.isUnsent("k-1"), talk.session.isUnsent("k-3")], [true, false]);
  assert.ok(talk.session.withdraw("k-1"));
  assert.deepEqual(talk.codes(), ["client.taken_back"]);
  assert.equal(talk.session.withdraw("k-1"), false);
  assert.deepEqual(talk.connect().map(({ op }) => op), ["k-2"]);
  // It is on its way; after a loss nobody knows whether it arrived.
  assert.equal(talk.session.withdraw("k-2"), false);
  talk.lose();
  assert.equal(talk.session.isUnsent("k-2"), false);
  assert.equal(talk.session.withdraw("k-2"), false);
  assert.deepEqual(talk.codes(), []);
  assert.deepEqual(talk.connect().map(({ op }) => op), ["k-2"]);
});

test("what waits for the server to have time is taken back, unless it may have been done", () => {
  const talk = Talk.online();
  const post = (op: string): Ask => ({ op, do: { post: { stream: FEED, text: op } }, patient: true });
  const ids = ["k-1", "k-2"].map((op) => talk.session.ask(post(op), talk.now_ms));
  talk.said();
  talk.hear({ error: { id: ids[0] ?? 0, ...problem("rate.limited", 500) } });
  talk.hear({ error: { id: ids[1] ?? 0, ...problem("store.failed", 500, true) } });
  assert.deepEqual(["k-1", "k-2"].map((op) => talk.session.withdraw(op)), [true, false]);
  talk.later(600);
  assert.deepEqual(talk.said().map(({ op }) => op), ["k-2"]);
});
