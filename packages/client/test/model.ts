// A server in memory: one order for all, the rules of topics, and lines that carry what it tells.

import { KithError } from "../dist/error.js";
import type { Json } from "../dist/json.js";
import type { Fact, Kind, OpId, Problem, Seq, TopicId } from "../dist/protocol.js";
import { resolve } from "../dist/topic/resolve.js";
import { apply, begin, type State } from "../dist/topic/state.js";
import { empty, plain, told, valueOf } from "../dist/topic/value.js";
import { Values, type Sending } from "../dist/topic/values.js";
import { same } from "../dist/json.js";

interface Topic {
  kind: Kind;
  seq: Seq;
  state: State;
}

interface Happened {
  topic: TopicId;
  seq: Seq;
  fact: Fact;
  op: OpId;
}

type Answer = { events: { feed: TopicId; seq: Seq }[] } | { problem: Problem };

interface Snapshot {
  topic: TopicId;
  kind: Kind;
  seq: Seq;
  value: Json;
}

type Told =
  | { events: Happened[] }
  | { snapshot: Snapshot }
  | { settled: TopicId[] }
  | { answer: { id: number; op: OpId; answer: Answer } };

/** The server. */
export class Server {
  readonly topics = new Map<TopicId, Topic>();
  readonly clients: Client[] = [];
  readonly #past: Happened[] = [];
  readonly #answers = new Map<OpId, Answer>();
  readonly #denied = new Set<string>();
  /** How often it refused something, by the code of why. */
  readonly refusals = new Map<string, number>();

  add(topic: TopicId, kind: Kind, value?: Json): void {
    const state = begin(value === undefined ? empty(kind) : valueOf(kind, value, 1), 1);
    this.topics.set(topic, { kind, seq: 1, state });
  }

  connect(): Client {
    const client = new Client(this);
    this.clients.push(client);
    return client;
  }

  /** Whoever may write a topic may not any longer, or the other way round. */
  turn(client: Client, topic: TopicId): void {
    const right = `${this.clients.indexOf(client)} ${topic}`;
    if (!this.#denied.delete(right)) this.#denied.add(right);
  }

  /** Decides a transaction as a whole, and tells everyone; a second time it only answers. */
  decide(from: Client, sending: Sending): void {
    const { id, op } = sending;
    const answer = this.#answers.get(op) ?? this.#decide(from, sending);
    this.#answers.set(op, answer);
    from.line.push({ answer: { id, op, answer } });
  }

  #decide(from: Client, { op, changes, along }: Sending): Answer {
    const draft = new Map<TopicId, Topic>();
    const of = (topic: TopicId) => draft.get(topic) ?? (this.topics.get(topic) as Topic);
    const events: Happened[] = [];
    try {
      for (const { topic, seq, value } of along.when ?? []) {
        const now = of(topic);
        const holds = (seq === undefined || seq === now.seq)
          && (value === undefined || same(value, plain(now.state.value)));
        if (!holds) throw new KithError({ code: "topic.not_as_asked", message: "the topic is not as was asked for" });
      }
      for (const { topic, change } of changes) {
        if (this.#denied.has(`${this.clients.indexOf(from)} ${topic}`)) {
          throw new KithError({ code: "permission.denied", message: "it needs the permission write" });
        }
        const { kind, seq, state } = of(topic);
        const fact = resolve(state, seq + 1, change);
        draft.set(topic, { kind, seq: seq + 1, state: apply(state, seq + 1, fact) });
        events.push({ topic, seq: seq + 1, fact, op });
      }
    } catch (error) {
      if (!(error instanceof KithError)) throw error;
      this.refusals.set(error.code, (this.refusals.get(error.code) ?? 0) + 1);
      return { problem: { code: error.code, message: error.message } };
    }
    for (const [topic, now] of draft) this.topics.set(topic, now);
    this.#past.push(...events);
    for (const client of this.clients) if (client.online) client.line.push({ events });
    return { events: events.map(({ topic, seq }) => ({ feed: topic, seq })) };
  }

  /** What a client missed of a topic after an event. */
  since(topic: TopicId, after: Seq): Happened[] {
    return this.#past.filter((one) => one.topic === topic && one.seq > after);
  }

  /** A topic as it is. */
  snapshot(topic: TopicId): Snapshot {
    const { kind, seq, state } = this.topics.get(topic) as Topic;
    return { topic, kind, seq, value: told(state.value) };
  }

  value(topic: TopicId): Json {
    return told((this.topics.get(topic) as Topic).state.value);
  }
}

/** A client of it, with its values, what it has on the way, and what waits for it. */
export class Client {
  readonly values = new Values();
  readonly line: Told[] = [];
  readonly outgoing: Sending[] = [];
  /** All that was ever sent. */
  readonly sent: Sending[] = [];
  refused: string[] = [];
  /** What it was told of, by topic. */
  readonly heard = new Map<TopicId, Seq[]>();
  #ops = 0;

  online = true;
  /** What was sent and has no answer. */
  readonly #asked = new Map<OpId, Sending>();

  constructor(private readonly server: Server) {
    for (const [topic, { kind, seq, state }] of this.server.topics) {
      this.values.snapshot(topic, kind, told(state.value), seq);
    }
  }

  /** The connection is gone, with all that was on its way. */
  lose(): void {
    this.online = false;
    this.line.length = 0;
    this.outgoing.length = 0;
    this.values.offline();
  }

  /** It is back: what was missed of each topic is told, as `asState` wishes, and all is asked again. */
  resume(asState: (kind: Kind) => boolean): void {
    if (this.online) return;
    this.online = true;
    for (const [topic, { kind, seq, state }] of this.server.topics) {
      const missed = this.server.since(topic, this.values.seq(topic) ?? 0);
      if (asState(kind)) this.line.push({ snapshot: { topic, kind, seq, value: told(state.value) } });
      else for (const event of missed) this.line.push({ events: [event] });
    }
    this.line.push({ settled: [...this.server.topics.keys()] });
    this.outgoing.push(...this.#asked.values());
    this.sent.push(...this.#asked.values());
    this.send();
  }

  /** How much was sent. */
  get sendings(): number {
    return this.sent.length;
  }

  /** The server refuses the next of what was sent, for a reason of its own. */
  refuse(code: string): void {
    const next = this.outgoing.shift();
    if (next === undefined) return;
    this.line.push({ answer: { id: next.id, op: next.op, answer: { problem: { code, message: code } } } });
  }

  /** What a program does on top of what it sees; whether it fits. */
  change(changes: Sending["changes"], along: Sending["along"] = {}): number | string {
    try {
      const id = this.values.change(changes, along);
      this.send();
      return id;
    } catch (error) {
      if (error instanceof KithError) return error.code;
      throw error;
    }
  }

  send(): void {
    if (!this.online) return;
    for (const sending of this.values.take(() => {
      this.#ops += 1;
      return `${this.server.clients.indexOf(this)}-${this.#ops}`;
    })) {
      this.#asked.set(sending.op, sending);
      this.outgoing.push(sending);
      this.sent.push(sending);
    }
  }

  /** The server takes the next of what was sent; a guard makes `instead` of it. */
  push(instead?: Sending["changes"]): void {
    const next = this.outgoing.shift();
    if (next !== undefined) this.server.decide(this, instead === undefined ? next : { ...next, changes: instead });
  }

  /** What waits to be told is told as the values that come of it, each in the place of its last event. */
  merge(): void {
    const line = this.line.flatMap((told): Told[] => {
      if (!("events" in told)) return [told];
      return [...new Set(told.events.map(({ topic }) => topic))].map((topic) => ({ snapshot: this.server.snapshot(topic) }));
    });
    this.line.splice(0, this.line.length, ...line);
  }

  /** The next of what was told arrives. */
  hear(): void {
    const next = this.line.shift();
    if (next === undefined) return;
    if ("events" in next) {
      for (const { topic, seq, fact, op } of next.events) {
        // As an SDK tells its program of it: once.
        if (seq > (this.values.seq(topic) ?? 0)) this.heard.set(topic, [...(this.heard.get(topic) ?? []), seq]);
        const isOwn = op.startsWith(`${this.server.clients.indexOf(this)}-`);
        this.values.event(topic, seq, fact, isOwn ? op : undefined);
      }
    } else if ("snapshot" in next) {
      const { topic, kind, seq, value } = next.snapshot;
      this.values.snapshot(topic, kind, value, seq);
    } else if ("settled" in next) {
      this.values.settled(next.settled);
    } else {
      const { id, op, answer } = next.answer;
      this.#asked.delete(op);
      if ("events" in answer) {
        this.values.done(id, answer);
      } else {
        this.refused.push(answer.problem.code);
        this.values.refused(id);
      }
    }
    this.send();
  }

  shown(topic: TopicId): Json {
    const value = this.values.shown(topic);
    return value === undefined ? null : told(value);
  }
}
