import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fake, refusal, storage, type Answers } from "./fake.js";
import { Site, type Watcher } from "./site.js";

type Of = Partial<protocol.StreamWindow>;
const stream = (id: string, circle: string | undefined, of: Of = {}): protocol.StreamWindow => ({
  stream: { id, kind: circle === undefined ? "direct" : "channel", circle, name: circle === undefined ? undefined : id.slice(2), users: ["u_ana", "u_bob"], created_at: Number(of.head ?? 0) } as unknown as protocol.Stream,
  head: 0, read: 0, unread: 0, mentions: 0, ...of,
});
const circle = (id: string, streams: readonly protocol.StreamWindow[]) => ({
  circle: { id, name: id.slice(2), owner: "u_ana", everyone: "r_all", roles: {}, members: 1, public: true } as unknown as protocol.Circle,
  member: { user: "u_ana", joined_at: 0 } as protocol.Member,
  streams: [...streams],
});
const windowOf = (circles: ReturnType<typeof circle>[], conversations: protocol.StreamWindow[] = []) => ({ circles, conversations, site_admin: true });

/** A site whose window is what `state.window` says when it is asked. */
function world(window: object, { answers = {}, watcher = {}, kept = {} }: { answers?: Answers; watcher?: Watcher; kept?: Record<string, string> } = {}) {
  const state = { window };
  const keep = storage(kept);
  const of = fake({ window: () => state.window, blocks: () => ["u_eve"], preferences: () => ({ look: "dark" }), users: () => [], unread: () => ({ threads: [] }), ...answers });
  const site = new Site(of.client, keep, watcher);
  return { ...of, state, site, keep, asked: (name: string) => of.said.filter(([one]) => one === name).length };
}
const event = (feed: string, seq: number, body: object, by = "u_bob") => ({ kind: "event", event: { feed, seq, at: seq, by, body } as unknown as protocol.Event }) as const;

const countsOf = (site: Site, id: protocol.StreamId) => {
  const held = site.stream(id);
  return held && get(held.counts);
};
const streamsOf = (site: Site, id: protocol.CircleId) => {
  const held = site.circle(id);
  return held && get(held.streams).map((one) => one.id);
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("what there is is known once it was asked for: places, blocks, preferences, and who administers the site", async () => {
  const { site } = world(windowOf([circle("c_tea", [stream("s_tea", "c_tea"), stream("s_ops", "c_tea")])], [stream("s_bob", undefined)]));
  expect(get(site.ready)).toBe(false);
  await site.start();
  expect([get(site.ready), get(site.admin)]).toEqual([true, true]);
  expect(get(site.circles).map(({ id }) => id)).toEqual(["c_tea"]);
  expect([...site.all()].map(({ id }) => id)).toEqual(["s_tea", "s_ops", "s_bob"]);
  expect([[...get(site.blocked)], site.preferences.get("look")]).toEqual([["u_eve"], "dark"]);
  expect(site.circle("c_tea")?.id).toBe(site.stream("s_ops")?.circle?.id);
});

test("what stays is the same when it is asked for again, and what went is followed no longer", async () => {
  const { site, state, followed } = world(windowOf([circle("c_tea", [stream("s_tea", "c_tea")]), circle("c_ops", [stream("s_ops", "c_ops")])]));
  await site.start();
  const before = site.stream("s_tea");
  state.window = windowOf([circle("c_tea", [stream("s_tea", "c_tea", { unread: 3, head: 3 })])]);
  await site.refresh();
  expect(site.stream("s_tea")).toBe(before);
  expect(countsOf(site, "s_tea")).toMatchObject({ unread: 3 });
  expect([site.circle("c_ops"), site.stream("s_ops")]).toEqual([undefined, undefined]);
  expect(followed().toSorted()).toEqual(["c_tea", "s_tea", "u_ana"]);
});

test("the conversation in which somebody says something comes first", async () => {
  const posted: string[] = [];
  const { site, tell } = world(windowOf([], [stream("s_bob", undefined, { head: 9 }), stream("s_cyd", undefined, { head: 5 })]), { watcher: { posted: ({ id }) => posted.push(id) } });
  await site.start();
  expect(get(site.conversations).map(({ id }) => id)).toEqual(["s_bob", "s_cyd"]);
  tell("s_cyd", event("s_cyd", 10, { kind: "posted", text: "tea?" }));
  expect(get(site.conversations).map(({ id }) => id)).toEqual(["s_cyd", "s_bob"]);
  expect([posted, get(site.conversations)[0]?.forMe()]).toEqual([["s_cyd"], 1]);
});

test("of a conversation that somebody begins all is told from its first message on, and of what was there before nothing", async () => {
  const posted: string[] = [];
  const { site, tell, state } = world(windowOf([], [stream("s_bob", undefined, { head: 9, unread: 2, read: 7 })]), { watcher: { posted: ({ id }, { seq }) => posted.push(`${id} ${seq}`) } });
  await site.start();
  expect(countsOf(site, "s_bob")).toMatchObject({ unread: 2 });
  state.window = windowOf([], [stream("s_bob", undefined, { head: 9, unread: 2, read: 7 }), stream("s_cyd", undefined, { head: 3, unread: 2 }), stream("s_many", undefined, { head: 90, unread: 90 })]);
  await site.refresh();
  expect([site.stream("s_cyd")?.feed.seq, site.stream("s_many")?.feed.seq]).toEqual([0, 90]);
  for (const seq of [2, 3]) tell("s_cyd", event("s_cyd", seq, { kind: "posted", text: "tea?" }));
  expect([posted, countsOf(site, "s_cyd")?.unread]).toEqual([["s_cyd 2", "s_cyd 3"], 2]);
});

test("a stream that may not be read any longer is gone at once, with what was shown of it elsewhere", async () => {
  const { site, tell, state, asked } = world(windowOf([circle("c_tea", [stream("s_tea", "c_tea"), stream("s_ops", "c_tea")])]), { answers: { message: () => ({ seq: 1, author: "u_bob", at: 0, text: "secret" }) } });
  await site.start();
  let shown: unknown;
  site.singles.one("s_ops", 1).subscribe((one) => (shown = one));
  await vi.advanceTimersByTimeAsync(0);
  expect(shown).toMatchObject({ text: "secret" });
  state.window = windowOf([circle("c_tea", [stream("s_tea", "c_tea")])]);
  tell("s_ops", { kind: "closed" } as never);
  expect([site.stream("s_ops"), shown]).toEqual([undefined, null]);
  expect(streamsOf(site, "c_tea")).toEqual(["s_tea"]);
  await vi.advanceTimersByTimeAsync(200);
  expect(asked("window")).toBe(2);
});

test("that a stream is gone is told once it is known that its circle is not", async () => {
  const gone: unknown[] = [];
  const all = [circle("c_tea", [stream("s_tea", "c_tea"), stream("s_old", "c_tea")]), circle("c_ops", [stream("s_ops", "c_ops")])];
  const { site, tell, state } = world(windowOf(all), { watcher: { gone: ({ id }, { id: of }, end) => gone.push([id, of, end]) } });
  await site.start();
  site.stream("s_tea")?.enter();
  state.window = windowOf([circle("c_tea", [])]);
  for (const id of ["s_tea", "s_ops"] as const) tell(id, { kind: "closed", removed: true } as never);
  tell("s_old", { kind: "closed", removed: false } as never);
  expect([streamsOf(site, "c_tea"), gone]).toEqual([[], []]);
  await vi.advanceTimersByTimeAsync(200);
  expect(gone).toEqual([["s_tea", "c_tea", { here: true, removed: true }], ["s_old", "c_tea", { here: false, removed: false }]]);
});

/** What is told to be stranded: names of messages, and streams in which something was begun. */
function strands(): { told: unknown[]; watcher: Watcher } {
  const told: unknown[] = [];
  return { told, watcher: { stranded: ({ messages, drafts }) => told.push([messages.map(({ op }) => op), drafts]) } };
}

const waiting = (op: string, stream: string, more: object = {}) => ({ [`kith.outbox.u_ana.${op}`]: JSON.stringify({ op, stream, draft: { text: op }, place: 1, ...more }) });

test("what was written for a stream that went before the page was opened is told of once", async () => {
  const { told, watcher } = strands();
  const { site } = world(windowOf([circle("c_tea", [stream("s_tea", "c_tea")])]), {
    watcher,
    kept: { ...waiting("op-8", "s_gone"), "kith.draft.u_ana.s_gone.7": "half a", "kith.draft.u_ana.s_tea": "goes on" },
  });
  await site.start();
  await site.refresh();
  await vi.advanceTimersByTimeAsync(500);
  expect(told).toEqual([[["op-8"], ["s_gone"]]]);
});

test("what a page before has posted is not stranded, though its stream is gone and it was not told", async () => {
  const { told, watcher } = strands();
  const sent = { sent: true };
  const { site } = world(windowOf([circle("c_tea", [])]), {
    watcher,
    kept: { ...waiting("op-7", "s_gone", sent), ...waiting("op-8", "s_gone", sent), ...waiting("op-9", "s_gone", sent), ...waiting("op-10", "s_gone", sent) },
  });
  const asked: unknown[] = [];
  Object.assign(site.client, { command: async (command: { post: object }, op: string) => {
    asked.push([op, command.post]);
    if (op !== "op-7") throw refusal({ "op-8": "stream.not_found", "op-9": "client.closed" }[op] ?? "op.expired");
  } });
  await site.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked[0]).toEqual(["op-7", { stream: "s_gone", text: "op-7" }]);
  expect(told).toEqual([[["op-8"], []]]);
  expect(site.outbox.all().map(({ op }) => op)).toEqual(["op-8", "op-9"]);
});

test("what another tab begins while the page is opened is not stranded", async () => {
  const { told, watcher } = strands();
  const { site, keep } = world(windowOf([circle("c_tea", [])]), { watcher });
  const started = site.start();
  Object.assign(keep, waiting("op-8", "s_new"));
  await started;
  await vi.advanceTimersByTimeAsync(0);
  expect(told).toEqual([]);
});

test("a message is stranded once it is refused and its stream is gone, whichever comes first", async () => {
  const { told, watcher } = strands();
  const { site, state } = world(windowOf([circle("c_tea", [stream("s_tea", "c_tea"), stream("s_old", "c_tea")])]), { watcher });
  await site.start();
  const answers = new Map<string, (error: unknown) => void>();
  Object.assign(site.client, { command: (_: object, op: string) => new Promise((_, reject) => answers.set(op, reject)) });
  for (const [id, text] of [["s_tea", "stays"], ["s_old", "before"], ["s_old", "after"], ["s_old", "posted"]] as const) void site.stream(id)?.post({ text }).catch(() => {});
  const [stays, before, after, posted] = site.outbox.all().map(({ op }) => op);
  for (const op of [stays, before]) answers.get(op ?? "")?.(refusal("stream.not_found"));
  state.window = windowOf([circle("c_tea", [stream("s_tea", "c_tea")])]);
  await site.refresh();
  answers.get(after ?? "")?.(refusal("stream.not_found"));
  await vi.advanceTimersByTimeAsync(500);
  expect(told).toEqual([[[before, after], []]]);
  site.end();
  answers.get(posted ?? "")?.(refusal("client.closed"));
  await vi.advanceTimersByTimeAsync(500);
  expect(told.length).toBe(1);
});

test("what a page before showed, and is gone, is told of as what went", async () => {
  const gone: unknown[] = [];
  const { told, watcher } = strands();
  const all = windowOf([circle("c_tea", [stream("s_tea", "c_tea"), stream("s_old", "c_tea")])]);
  const { site, state } = world(all, {
    watcher: { ...watcher, gone: ({ id }, _, end) => gone.push([id, end]) },
    kept: { ...waiting("op-8", "s_old"), "kith.draft.u_ana.s_old": "half a" },
  });
  Object.assign(site.client, { command: async () => { throw refusal("stream.not_found"); } });
  site.recall({ at_ms: 1, users: [], blocked: [], window: all, streams: new Map() } as never);
  state.window = windowOf([circle("c_tea", [stream("s_tea", "c_tea")])]);
  await site.start();
  await vi.advanceTimersByTimeAsync(500);
  expect([gone, told]).toEqual([[["s_old", { here: false, removed: false }]], [[["op-8"], []]]]);
});

test("what is done on another device is seen here", async () => {
  const { site, tell, asked } = world(windowOf([circle("c_tea", [stream("s_tea", "c_tea", { unread: 2, head: 2 })])]), { answers: { stream: () => stream("s_tea", "c_tea", { read: 2, head: 2 }) } });
  await site.start();
  tell("u_ana", event("u_ana", 1, { kind: "blocked", user: "u_cyd" }));
  tell("u_ana", event("u_ana", 2, { kind: "unblocked", user: "u_eve" }));
  tell("u_ana", event("u_ana", 3, { kind: "preference_set", key: "look", value: "light" }));
  expect([[...get(site.blocked)], site.preferences.get("look")]).toEqual([["u_cyd"], "light"]);
  tell("u_ana", event("u_ana", 4, { kind: "read_to", stream: "s_tea", seq: 2 }));
  await vi.advanceTimersByTimeAsync(0);
  expect([asked("stream"), countsOf(site, "s_tea")]).toMatchObject([1, { unread: 0, read: 2 }]);
});

test("who was made to leave is told, and many changes are one question", async () => {
  const removed: string[] = [];
  const { site, tell, state, asked } = world(windowOf([circle("c_tea", [stream("s_tea", "c_tea"), stream("s_ops", "c_tea")])]), {
    watcher: { removed: (of, how, streams) => removed.push(`${get(of.circle).name} ${how} ${streams.join()}`) },
  });
  await site.start();
  state.window = windowOf([]);
  // Whichever is told first.
  tell("s_ops", { kind: "closed", removed: true } as never);
  tell("u_ana", event("u_ana", 1, { kind: "circle_left", circle: "c_tea", how: "kicked" }));
  for (let seq = 2; seq < 9; seq += 1) tell("u_ana", event("u_ana", seq, { kind: "circle_joined", circle: "c_ops" }));
  await vi.advanceTimersByTimeAsync(500);
  expect([removed, asked("window"), get(site.circles)]).toEqual([["tea kicked s_tea,s_ops"], 2, []]);
});

test("what waited in a page before is sent under its name, and what is gone is not", async () => {
  const waiting = [{ op: "op-7", stream: "s_tea", draft: { text: "said before" } }, { op: "op-8", stream: "s_gone", draft: { text: "to nobody" } }];
  const { site, said } = world(windowOf([circle("c_tea", [stream("s_tea", "c_tea")])]), { kept: Object.fromEntries(waiting.map((one, place) => [`kith.outbox.u_ana.${one.op}`, JSON.stringify({ ...one, place })])) });
  const sent: unknown[] = [];
  Object.assign(site.client, { command: (command: object, op?: string) => (sent.push(op, command), new Promise(() => {})) });
  await site.start();
  expect(JSON.stringify(sent)).toContain("said before");
  expect(JSON.stringify([sent, said])).not.toContain("to nobody");
});

test("what another tab sent or took back is not sent here any more, and what is merely kept no longer is", async () => {
  const { site, keep, connection } = world(windowOf([circle("c_tea", [stream("s_tea", "c_tea")])]));
  const withdrawn: string[] = [];
  Object.assign(site.client, { command: () => new Promise(() => {}), isUnsent: () => true, withdraw: (op: string) => withdrawn.push(op) > 0 });
  await site.start();
  for (const text of ["one", "two"]) void site.stream("s_tea")?.post({ text }).catch(() => {});
  const texts = () => site.stream("s_tea")?.feed.lines.messages.get().map((line) => line.state !== "confirmed" && line.draft.text);
  for (const key of Object.keys(keep)) keep.removeItem(key);
  connection.set({ state: "online" });
  expect([texts(), withdrawn]).toEqual([["one", "two"], []]);
  expect(site.outbox.all().map(({ draft, sent }) => [draft.text, sent])).toEqual([["one", true], ["two", true]]);
  site.letGo("op-1");
  expect([texts(), withdrawn, site.outbox.all().map(({ op }) => op)]).toEqual([["two"], ["op-1"], ["op-2"]]);
  site.letGo("op-1");
  expect(withdrawn).toEqual(["op-1"]);
});

test("what is told of somebody while it is asked how all are is newer than the answer", async () => {
  const answers: ((all: { user: string; status: string }[]) => void)[] = [];
  const { site, tell } = world(windowOf([], [stream("s_bob", undefined)]), { answers: { present_in_conversations: () => new Promise((done) => answers.push(done)) } });
  await site.start();
  const says = (status: string) => tell("s_bob", { kind: "signal", user: "u_bob", what: { presence: { status } } } as never);
  const [stale, both] = [[{ user: "u_bob", status: "online" }], [{ user: "u_bob", status: "online" }, { user: "u_cyd", status: "idle" }]];
  let asked = site.learnPresent();
  says("offline");
  answers.shift()?.(both);
  await asked;
  expect([...get(site.present)]).toEqual([["u_bob", "offline"], ["u_cyd", "idle"]]);
  // What was told before it was asked is not.
  asked = site.learnPresent();
  answers.shift()?.(stale);
  await asked;
  expect([...get(site.present)]).toEqual([["u_bob", "online"]]);
  // Nor is what was told by a connection before.
  asked = site.learnPresent();
  says("away");
  site.forgetPresent();
  expect(get(site.present).size).toBe(0);
  answers.shift()?.(stale);
  await asked;
  expect([...get(site.present)]).toEqual([["u_bob", "online"]]);
});

test("where somebody who is there leaves a circle, or the user does, it is asked whether they may be seen still", async () => {
  const { site, tell, asked } = world(windowOf([circle("c_tea", [])], [stream("s_bob", undefined)]), { answers: { present_in_conversations: () => [] } });
  await site.start();
  tell("c_tea", event("c_tea", 1, { kind: "member_left", user: "u_cyd" }));
  expect(asked("present_in_conversations")).toBe(0);
  tell("s_bob", { kind: "signal", user: "u_bob", what: { presence: { status: "online" } } } as never);
  tell("c_tea", event("c_tea", 2, { kind: "member_left", user: "u_bob" }));
  await vi.advanceTimersByTimeAsync(0);
  expect([asked("present_in_conversations"), get(site.present).size]).toEqual([1, 0]);
  tell("u_ana", event("u_ana", 1, { kind: "circle_left", circle: "c_tea", how: "left" }));
  expect(asked("present_in_conversations")).toBe(2);
});

test("with every connection but the first it is asked what there is by now", async () => {
  const { site, connection, asked } = world(windowOf([]));
  await site.start();
  connection.set({ state: "online" });
  await vi.advanceTimersByTimeAsync(500);
  expect(asked("window")).toBe(1);
  connection.set({ state: "offline", retry_in_ms: 0, why: "" });
  connection.set({ state: "online" });
  await vi.advanceTimersByTimeAsync(500);
  expect(asked("window")).toBe(2);
});

test("what does not come about is said, but not by a page that ends", async () => {
  const refused: string[] = [];
  const { site } = world(windowOf([]), { answers: { leave: () => { throw refusal("circle.not_found"); } }, watcher: { refused: (error) => refused.push((error as Error).message) } });
  expect(await site.act({ leave: { circle: "c_tea" } })).toBeUndefined();
  site.refused(refusal("client.closed"));
  site.refused(refusal("stream.not_found"));
  site.end();
  await site.act({ leave: { circle: "c_tea" } });
  expect(refused).toEqual(["refused: circle.not_found"]);
});

test("whoever chose to be away is so before there is a connection, and shown as they say later", () => {
  const { site, said } = world(windowOf([]), { kept: { "kith.preferences.u_ana": JSON.stringify({ "page:presence": "away" }) } });
  expect([said, get(site.status)]).toEqual([[["presence", "away"]], "away"]);
  site.show("online");
  expect([said.at(-1), get(site.status)]).toEqual([["presence", "online"], "online"]);
  expect(get(world(windowOf([])).site.status)).toBe("online");
});
