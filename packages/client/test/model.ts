// A server in memory: one order for all, the rules of topics, and lines that carry what it tells.

import { KithError } from "../dist/error.js";
import type { Json } from "../dist/json.js";
import type { Fact, Kind, OpId, Problem, Seq, TopicId } from "../dist/protocol.js";
import { resolve } from "../dist/topic/resolve.js";
import { apply, begin, type State } from "../dist/topic/state.js";
import { plain, told, valueOf } from "../dist/topic/value.js";
import { Values, type Sending } from "../dist/topic/values.js";
import { same } from "../dist/json.js";

interface Topic {
  kind: Kind;
  seq: Seq;
  state: State;
}

type Told =
  | { event: { topic: TopicId; seq: Seq; fact: Fact; op: OpId } }
  | { done: { id: number; events: { feed: TopicId; seq: Seq }[] } }
  | { refused: { id: number; problem: Problem } };

/** The server. */
export class Server {
  readonly topics = new Map<TopicId, Topic>();
  readonly clients: Client[] = [];
  refusals = 0;

  add(topic: TopicId, kind: Kind, value: Json): void {
    this.topics.set(topic, { kind, seq: 1, state: begin(valueOf(kind, value, 1), 1) });
  }

  connect(): Client {
    const client = new Client(this);
    this.clients.push(client);
    return client;
  }

  /** Decides a transaction as a whole, and tells everyone. */
  decide(from: Client, { id, op, changes, along }: Sending): void {
    const draft = new Map<TopicId, Topic>();
    const of = (topic: TopicId) => draft.get(topic) ?? (this.topics.get(topic) as Topic);
    const events: { topic: TopicId; seq: Seq; fact: Fact; op: OpId }[] = [];
    try {
      for (const { topic, seq, value } of along.when ?? []) {
        const now = of(topic);
        const holds = (seq === undefined || seq === now.seq)
          && (value === undefined || same(value, plain(now.state.value)));
        if (!holds) throw new KithError({ code: "topic.not_as_asked", message: "the topic is not as was asked for" });
      }
      for (const { topic, change } of changes) {
        const { kind, seq, state } = of(topic);
        const fact = resolve(state, seq + 1, change);
        draft.set(topic, { kind, seq: seq + 1, state: apply(state, seq + 1, fact) });
        events.push({ topic, seq: seq + 1, fact, op });
      }
    } catch (error) {
      if (!(error instanceof KithError)) throw error;
      this.refusals += 1;
      from.line.push({ refused: { id, problem: { code: error.code, message: error.message } } });
      return;
    }
    for (const [topic, now] of draft) this.topics.set(topic, now);
    const done = { done: { id, events: events.map(({ topic, seq }) => ({ feed: topic, seq })) } };
    for (const client of this.clients) client.line.push(...events.map((event) => ({ event })));
    from.line.push(done);
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
  refused: string[] = [];
  #ops = 0;

  constructor(private readonly server: Server) {
    this.resume();
  }

  /** Follows everything from its present state. */
  resume(): void {
    for (const [topic, { kind, seq, state }] of this.server.topics) {
      this.values.snapshot(topic, kind, told(state.value), seq);
    }
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
    this.outgoing.push(...this.values.take(() => {
      this.#ops += 1;
      return `${this.server.clients.indexOf(this)}-${this.#ops}`;
    }));
  }

  /** The server takes the next of what was sent. */
  push(): void {
    const next = this.outgoing.shift();
    if (next !== undefined) this.server.decide(this, next);
  }

  /** The next of what was told arrives. */
  hear(): void {
    const next = this.line.shift();
    if (next === undefined) return;
    if ("event" in next) {
      const { topic, seq, fact, op } = next.event;
      this.values.event(topic, seq, fact, op);
    } else if ("done" in next) {
      this.values.done(next.done.id, { events: next.done.events });
    } else {
      this.refused.push(next.refused.problem.code);
      this.values.refused(next.refused.id);
    }
    this.send();
  }

  shown(topic: TopicId): Json {
    const value = this.values.shown(topic);
    return value === undefined ? null : told(value);
  }
}
