// One of the people of the shared cases: a client, what it follows, and what it offers.

import assert from "node:assert/strict";
import { bool, event, float, int, json as plain, KithError, list, map, same, ServiceFailure, set, string } from "@kith/client";
import type { Client, Entry, Json, JsonObject, Offered, protocol, Request, Stream } from "@kith/client";
import { json, text, type JsonDocument, type TextTopic } from "@kith/client/yjs";
import { until, type Way } from "./serve.js";

type Asked = protocol.Asked;
type Change = protocol.Change;
type Condition = protocol.Condition;
type TopicId = protocol.TopicId;

/** Where a case happens. */
export interface Place {
  readonly circle: `c_${string}`;
  readonly stream: `s_${string}`;
}

/** What a step says beside what is done. */
export interface Step {
  as: string;
  later?: string;
  eventually?: Partial<Step>;
  saves?: string;
  gives?: Json;
  items?: Json;
  progress?: Json;
  refused?: string;
  change?: number;
  unknown?: boolean;
  failure?: Json;
  when?: { topic: string; value?: Json; unchanged?: true }[];
  group?: string;
}

/** What came of a step. */
export interface Given {
  value?: Json;
  error?: KithError;
  items: Json[];
  progress: Json[];
}

/** A topic as a test needs it of any kind. */
interface Any {
  readonly id: TopicId;
  get(): unknown;
  subscribe(run: (value: unknown) => void): () => void;
  unchanged(): Condition;
  equals(value?: unknown): Condition;
}

const KINDS = {
  bool: bool(), int: int(), float: float(), string: string(), set: set(), list: list(), map: map(),
  json: plain(), event: event(), text: text(),
};
const ABOUT = ["as", "when", "group", "later", "eventually", "gives", "items", "progress", "refused", "change", "unknown", "failure", "saves"];

/** Whether what came of a step is what it expects. */
export function is({ value, error, items, progress }: Given, step: Partial<Step>): boolean {
  const fits = (key: keyof Step, found: unknown) => step[key] === undefined || same(step[key] as Json, (found ?? null) as Json);
  if (error === undefined) {
    return step.refused === undefined && fits("gives", value) && fits("items", items) && fits("progress", progress);
  }
  return error.code === step.refused && fits("change", error.change) && fits("unknown", error.unknown) && fits("failure", error.failure);
}

async function outcome(work: Promise<unknown>): Promise<Given> {
  const none = { items: [], progress: [] };
  try {
    return { value: (await work ?? null) as Json, ...none };
  } catch (error) {
    if (!(error instanceof KithError)) throw error;
    return { error, ...none };
  }
}

/** What tells of things one at a time, to whoever waits for the next. */
class Told<T> {
  readonly #waiting: T[] = [];
  #wake: () => void = () => {};

  tell(one: T): void {
    this.#waiting.push(one);
    this.#wake();
  }

  async next(): Promise<T> {
    while (this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#waiting.shift() as T;
  }
}

/** A service that is offered. */
interface Provider {
  readonly offered: Offered;
  /** A call was taken that waits for its end. */
  readonly taken: Told<void>;
  /** Why calls ended that had no answer yet. */
  readonly ended: Told<Json>;
}

export class Person {
  readonly #topics = new Map<string, Any>();
  readonly #heard = new Map<string, Told<JsonObject>>();
  readonly #offers = new Map<string, Provider>();
  readonly #later = new Map<string, { given: Promise<Given>; abort: AbortController }>();

  private constructor(
    private readonly name: string,
    private readonly client: Client,
    private readonly way: Way,
    private readonly place: Place,
    private readonly stream: Stream,
    private readonly people: ReadonlyMap<string, Person>,
  ) {}

  static async begin(name: string, client: Client, way: Way, place: Place, people: ReadonlyMap<string, Person>): Promise<Person> {
    return new Person(name, client, way, place, await client.stream(place.stream), people);
  }

  get user(): `u_${string}` {
    return this.client.user.id;
  }

  /** Does a step; what comes of it, unless that is waited for later. */
  async does(step: Step): Promise<Given | undefined> {
    if (step.eventually !== undefined) {
      while (!is(await this.#begun(step, new AbortController()), step.eventually));
      return undefined;
    }
    const abort = new AbortController();
    const given = this.#begun(step, abort);
    if (step.later === undefined) return given;
    this.#later.set(step.later, { given, abort });
    return undefined;
  }

  /** Begins a step: what shows at once is shown when this returns. */
  #begun(step: Step, abort: AbortController): Promise<Given> {
    const [verb, what] = Object.entries(step).find(([word]) => !ABOUT.includes(word)) as [string, never];
    const { circle, stream } = this.place;
    const own = what as JsonObject;
    switch (verb) {
      case "call": return this.#call(own, abort);
      case "ends": return this.#ends(what).given;
      case "cancel": return outcome(this.#cancel(what));
      case "make": return outcome(this.#make(own));
      case "open": return outcome(this.#open(what));
      case "do": return outcome(this.#transact(step, what));
      case "write": return outcome(this.#write(own));
      case "ask": return outcome(this.client.command({ change: { changes: this.#changes(what) } }).then(() => null));
      case "undo": return outcome(this.client.undo(circle));
      case "redo": return outcome(this.client.redo(circle));
      case "skip": return outcome(what === "undo" ? this.client.undo(circle, true) : this.client.redo(circle, true));
      case "undoable": return outcome(this.client.query({ undoable: { circle } }).then(({ undo, redo }) => [undo, redo]));
      case "deny": return outcome(this.#deny(own));
      case "allow": return outcome(this.#allow(what));
      case "mute": return outcome(this.#mute(what));
      case "offer": return outcome(this.#offer(own));
      case "withdraw": return outcome(this.#offered(what).offered.withdraw());
      case "takes": return outcome(this.#offered(what).taken.next());
      case "learns": return outcome(this.#offered(what).ended.next());
      case "sees": return outcome(this.#sees(own));
      case "hears": return outcome(this.#hears(what));
      case "post": return outcome(this.stream.post(own["text"] as string, own as never));
      case "edit": return outcome(this.stream.edit(own["message"] as number, own["text"] as string));
      case "react": return outcome(this.stream.react(own["message"] as number, own["emoji"] as string));
      case "delete": return outcome(this.stream.delete(what));
      case "remove": return outcome(this.client.command({ remove_stream: { stream } }));
      case "reads": return outcome(until(this.stream.messages, (lines) => same(lines.map((line) => this.#line(line)), what as Json)));
      case "cut":
        this.way.close();
        return outcome(until(this.client.connection, ({ state }) => state === "offline"));
      case "mend":
        this.way.open();
        return outcome(until(this.client.connection, ({ state }) => state === "online"));
      case "leave":
        this.client.close();
        return outcome(Promise.resolve());
      default: throw new Error(`nobody can ${verb} in ${stream}`);
    }
  }

  #topic(name: string): Any {
    const topic = this.#topics.get(name);
    assert.ok(topic !== undefined, `${this.name} has not opened ${name}`);
    return topic;
  }

  async #make(what: JsonObject): Promise<void> {
    const { topic: name, kind, ...rest } = what as { topic: string; kind: protocol.Kind; value?: Json; rules?: protocol.Rules };
    const { topic } = await this.client.command({ create_topic: { circle: this.place.circle, name, holds: kind, ...rest } });
    await this.#hold(name, topic as TopicId, kind, rest.rules?.yjs ?? false);
  }

  async #open(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const { topic } = await this.client.query({ topic_by_name: { circle: this.place.circle, name } });
      await this.#hold(name, topic.id, topic.holds, topic.rules?.yjs ?? false);
    }
  }

  async #hold(name: string, id: TopicId, kind: protocol.Kind, yjs: boolean): Promise<void> {
    if (kind === "event") {
      const bell = await this.client.topic(id, KINDS.event);
      const told = new Told<JsonObject>();
      bell.on((args) => told.tell(args as JsonObject));
      this.#heard.set(name, told);
      this.#topics.set(name, bell as unknown as Any);
      return;
    }
    this.#topics.set(name, (await this.client.topic(id, yjs ? json() : KINDS[kind])) as unknown as Any);
  }

  #changes(what: readonly { topic: string; change: Change }[]): Asked[] {
    return what.map(({ topic, change }) => ({ topic: this.#topic(topic).id, change }));
  }

  #transact({ when = [], group }: Step, what: readonly { topic: string; change: Change }[]): Promise<void> {
    const conditions = when.map(({ topic, value }) =>
      value === undefined ? this.#topic(topic).unchanged() : this.#topic(topic).equals(value));
    return this.client.transaction((t) => {
      for (const asked of this.#changes(what)) t({ bind: (sink) => sink })(asked);
    }, { when: conditions, ...(group === undefined ? {} : { group }) });
  }

  #write({ topic: name, change }: JsonObject): Promise<void> {
    const topic = this.#topic(name as string) as unknown as TextTopic & JsonDocument;
    const asked = change as Change;
    if ("splice" in asked) return topic.splice(asked.splice.at, asked.splice.delete ?? 0, asked.splice.insert ?? "");
    if ("put" in asked) return topic.put(asked.put.path, asked.put.value);
    if ("insert" in asked) return topic.insert((asked.insert.to as { path: protocol.Path }).path, asked.insert.value);
    if ("rename" in asked) return topic.rename(asked.rename.path, asked.rename.key);
    if ("remove" in asked) return topic.remove((asked.remove as { path: protocol.Path }).path);
    throw new Error(`nobody writes ${JSON.stringify(change)}`);
  }

  async #deny({ topic, permissions }: JsonObject): Promise<void> {
    const { circle } = await this.client.query({ circle: { circle: this.place.circle } });
    const deny = { [circle.everyone]: permissions as unknown as protocol.Permissions };
    await this.client.command({ narrow_topic: { topic: this.#topic(topic as string).id, deny } });
  }

  async #allow(more: readonly protocol.Permissions[number][]): Promise<void> {
    const { circle } = await this.client.query({ circle: { circle: this.place.circle } });
    const role = circle.everyone;
    const { name, allow, rank } = circle.roles[role] as protocol.Role;
    await this.client.command({ change_role: { circle: circle.id, role, name, allow: [...allow, ...more], rank } });
  }

  async #mute(user: `u_${string}`): Promise<void> {
    await this.client.command({ time_out: { circle: this.place.circle, user, seconds: 600 } });
  }

  #offered(name: string): Provider {
    return this.#offers.get(name) as Provider;
  }

  async #offer({ does, ...offer }: JsonObject): Promise<void> {
    const [taken, ended] = [new Told<void>(), new Told<Json>()];
    const provide = this.#provides(does as string, taken, ended);
    const offered = await this.client.offer({ ...(offer as unknown as protocol.Offer), circle: this.place.circle }, provide);
    this.#offers.set(offer["name"] as string, { offered, taken, ended });
  }

  #provides(does: string, taken: Told<void>, ended: Told<Json>): (args: never, request: Request) => unknown {
    const end = ({ signal }: Request) =>
      new Promise<void>((resolve) => signal.addEventListener("abort", () => {
        ended.tell(signal.reason as Json);
        resolve();
      }));
    switch (does) {
      case "add":
        return ([one, two]: [number, number], request) => {
          request.progress(0.5);
          if (one < 0) throw new ServiceFailure("math.negative", "only what is above 0", { one });
          return one + two;
        };
      case "count":
        return async function* (to: number, request) {
          void end(request);
          for (let n = 1; n <= to; n += 1) yield n;
          return "done";
        };
      case "wait":
        return (_, request) => {
          taken.tell();
          return end(request);
        };
      case "who": return (_, { called }) => called.user;
      case "name": return () => this.name;
      case "where": return (_, { called }) => called.stream === this.place.stream;
      default: throw new Error(`nothing does ${does}`);
    }
  }

  async #call(what: JsonObject, { signal }: AbortController): Promise<Given> {
    const { window, take = Infinity, progress: wanted, stream, ...asked } = what as {
      window?: number; take?: number; progress?: boolean; stream?: boolean; name: string;
    };
    const call = { ...asked, circle: this.place.circle, ...(stream === true ? { stream: this.place.stream } : {}) } as protocol.Call;
    const [items, progress]: [Json[], Json[]] = [[], []];
    const options = { signal, ...(wanted === true ? { onProgress: (value: Json) => progress.push(value) } : {}) };
    if (window === undefined) return { ...await outcome(this.client.call(call, options)), progress };
    const parts = this.client.callStream(call, { ...options, window });
    const end = async () => {
      for (;;) {
        const part = await parts.next();
        if (part.done === true) return part.value;
        items.push(part.value);
        if (items.length < take) continue;
        await parts.return(null);
        return null;
      }
    };
    return { ...await outcome(end()), items, progress };
  }

  #ends(name: string): { given: Promise<Given>; abort: AbortController } {
    const later = this.#later.get(name);
    assert.ok(later !== undefined, `nothing is called ${name}`);
    this.#later.delete(name);
    return later;
  }

  async #cancel(name: string): Promise<void> {
    const { given, abort } = this.#ends(name);
    abort.abort();
    assert.equal((await given).error?.code, "service.cancelled");
  }

  async #sees(what: JsonObject): Promise<void> {
    for (const [name, value] of Object.entries(what)) {
      await until(this.#topic(name), (now) => same(plainly(now) as Json, value));
    }
  }

  async #hears(what: { [name: string]: JsonObject[] }): Promise<void> {
    for (const [name, all] of Object.entries(what)) {
      for (const args of all) assert.deepEqual(await (this.#heard.get(name) as Told<JsonObject>).next(), args);
    }
  }

  /** A line as the cases write it. */
  #line(line: Entry): Json {
    if (line.state !== "confirmed") return { [line.state]: line.draft.text };
    const name = (user: string) => [...this.people.values()].find((one) => one.user === user)?.name as string;
    const { author, text: says, edited_at, reply_to, replies = 0, reactions = {} } = line.message;
    const reacted = Object.entries(reactions).map(([emoji, users]) => [emoji, users.map(name)]);
    return {
      by: name(author), text: says,
      ...(edited_at === undefined ? {} : { edited: true }),
      ...(reply_to === undefined ? {} : { reply_to }),
      ...(replies === 0 ? {} : { replies }),
      ...(reacted.length === 0 ? {} : { reactions: Object.fromEntries(reacted) }),
    };
  }
}

/** A value without the names of elements. */
function plainly(value: unknown): unknown {
  const isElement = (one: unknown) => typeof one === "object" && one !== null && "element" in one && "value" in one;
  return Array.isArray(value) && value.every(isElement) ? value.map((one) => (one as { value: unknown }).value) : value;
}
