// The topics that a client follows, and the transactions that it makes on them.

import type { Driver } from "./driver.js";
import { KithError, refusal } from "./error.js";
import type { JsonObject } from "./json.js";
import type { Asked, Event, Kind, Outcome, Topic, TopicId } from "./protocol.js";
import type { FeedUpdate } from "./session/update.js";
import { Listeners, Watchers } from "./store.js";
import type { AnyKind, HandleOf } from "./topic/handle.js";
import type { Value } from "./topic/value.js";
import { Values, type Along, type Sending } from "./topic/values.js";

/** A topic that is followed: what it is and what is shown of it. Handles of the same topic share it. */
export class Followed {
  readonly info: Watchers<Topic>;
  readonly value: Watchers<Value>;
  /** Whether changes of ours are on their way. */
  readonly pending = new Watchers(false);
  readonly emitted = new Listeners<[JsonObject, Event]>();
  readonly events = new Listeners<[Event]>();
  readonly ended = new Listeners<[KithError]>();
  /** Why it is followed no longer. */
  end: KithError | undefined;

  constructor(readonly topics: Topics, info: Topic, value: Value) {
    this.info = new Watchers(info);
    this.value = new Watchers(value);
  }

  get id(): TopicId {
    return this.info.get().id;
  }
}

interface Opening {
  readonly promise: Promise<Followed>;
  resolve(followed: Followed): void;
  reject(error: KithError): void;
  /** Ends the following. */
  stop(): void;
  /** How many handles hold it, or will. */
  holders: number;
  followed?: Followed;
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly asked: Asked[];
  resolve(): void;
  reject(error: KithError): void;
}

/** The topics of a client. */
export class Topics {
  readonly #values = new Values();
  readonly #openings = new Map<TopicId, Opening>();
  readonly #deferred = new Map<number, Deferred>();

  constructor(
    private readonly driver: Driver,
    private readonly refused: (error: KithError, changes: readonly Asked[]) => void,
  ) {
    driver.onTopics = (update) => {
      if (update.kind === "settled") {
        this.#values.settled(update.feeds);
      } else {
        for (const event of update.events) {
          const opening = this.#openings.get(event.feed as TopicId);
          if (opening !== undefined) this.#event(opening, event);
        }
      }
      this.#send();
      this.#show();
    };
  }

  /** The connection is gone: nothing is told at present. */
  offline(): void {
    this.#values.offline();
  }

  /** A handle of a topic, which is followed together with all who do already. Rejects when it holds something else. */
  async handle<K extends AnyKind>(topic: TopicId, kind: K): Promise<HandleOf<K>> {
    const followed = await this.#open(topic, kind);
    return kind.make(followed, (asked) => this.change([asked])) as HandleOf<K>;
  }

  async #open(topic: TopicId, { holds, yjs }: Pick<AnyKind, "holds" | "yjs">): Promise<Followed> {
    const opening = this.#openings.get(topic) ?? this.#follow(topic);
    opening.holders += 1;
    const followed = await opening.promise;
    const info = followed.info.get();
    if (info.holds === holds && (info.rules?.yjs ?? false) === (yjs ?? false)) return followed;
    this.release(followed);
    throw refusal("topic.wrong_kind", holds);
  }

  #follow(topic: TopicId): Opening {
    let settle: Pick<Opening, "resolve" | "reject"> | undefined;
    const promise = new Promise<Followed>((resolve, reject) => (settle = { resolve, reject }));
    const opening: Opening = { promise, ...(settle as unknown as Pick<Opening, "resolve" | "reject">), stop: () => {}, holders: 0 };
    this.#openings.set(topic, opening);
    try {
      opening.stop = this.driver.follow({ feed: topic }, (update) => this.#told(topic, opening, update));
    } catch (error) {
      this.#openings.delete(topic);
      opening.reject(error as KithError);
    }
    return opening;
  }

  /** A handle is held no longer; with the last one, and nothing on its way, the following ends. */
  release(followed: Followed): void {
    const opening = this.#openings.get(followed.id);
    if (opening?.followed !== followed) return;
    opening.holders -= 1;
    this.#tidy(followed.id, opening);
  }

  #tidy(topic: TopicId, opening: Opening): void {
    if (opening.holders > 0 || this.#values.isPending(topic)) return;
    this.#openings.delete(topic);
    this.#values.drop(topic);
    opening.stop();
  }

  #told(topic: TopicId, opening: Opening, update: FeedUpdate): void {
    switch (update.kind) {
      case "snapshot":
        if (!("topic" in update.state)) return;
        this.#snapshot(topic, opening, update.seq, update.state.topic);
        break;
      case "event":
        this.#event(opening, update.event);
        break;
      case "hidden":
        this.#values.passed(topic, update.seq);
        // Only what an event tells may be missed; any other value has to be told anew.
        if (opening.followed?.info.get().holds !== "event") this.driver.restart(topic);
        break;
      case "refused":
        this.#end(topic, opening, new KithError(update.problem));
        break;
      case "closed":
        this.#end(topic, opening, new KithError({ code: "topic.not_found", message: update.removed ? "this topic was removed" : "this topic may not be read any longer" }));
        break;
      case "behind":
        this.#values.behind(topic);
        return;
      case "caught_up":
      case "aware":
      case "signal":
        return;
    }
    this.#send();
    this.#show();
  }

  #snapshot(topic: TopicId, opening: Opening, seq: number, state: { topic: Topic; value: unknown }): void {
    const info = state.topic;
    this.#values.snapshot(topic, formOf(info), state.value as never, seq);
    if (opening.followed !== undefined) {
      opening.followed.info.set(info);
      return;
    }
    opening.followed = new Followed(this, info, this.#values.shown(topic) as Value);
    opening.resolve(opening.followed);
  }

  #event(opening: Opening, event: Event): void {
    const { followed } = opening;
    const { body, seq } = event;
    if (followed === undefined) return;
    followed.events.tell(event);
    switch (body.kind) {
      case "changed":
        this.#values.event(followed.id, seq, body.fact, event.by === this.driver.welcome?.user.id ? event.op : undefined);
        if ("emit" in body.fact) followed.emitted.tell(body.fact.emit.args as JsonObject, event);
        return;
      case "topic_changed": {
        const { rules: _, ...info } = followed.info.get();
        followed.info.set({ ...info, name: body.name, ...(body.rules === undefined ? {} : { rules: body.rules }) });
        break;
      }
      case "topic_narrowed":
        followed.info.set({ ...followed.info.get(), deny: body.deny });
        break;
      case "topic_removed":
        this.#end(followed.id, opening, new KithError({ code: "topic.not_found", message: "this topic was removed" }));
        return;
      default:
    }
    this.#values.passed(followed.id, seq);
  }

  #end(topic: TopicId, opening: Opening, error: KithError): void {
    this.#openings.delete(topic);
    this.#values.drop(topic);
    opening.stop();
    opening.reject(error);
    if (opening.followed === undefined) return;
    opening.followed.end = error;
    opening.followed.ended.tell(error);
  }

  /**
   * Makes changes together or not at all, and shows them at once. Where nobody awaits what is
   * returned, a refusal is told to `refused` alone.
   */
  change(asked: readonly Asked[], along: Along = {}): Promise<void> {
    const promise = this.#change(asked, along);
    promise.catch(() => {});
    return promise;
  }

  #change(asked: readonly Asked[], along: Along): Promise<void> {
    if (asked.length === 0) return Promise.resolve();
    let id: number;
    try {
      id = this.#values.change(asked, along);
    } catch (error) {
      if (error instanceof KithError) this.refused(error, asked);
      return Promise.reject(error);
    }
    const deferred = this.#deferred.get(id) ?? defer();
    deferred.asked.push(...asked);
    this.#deferred.set(id, deferred);
    this.#send();
    this.#show();
    return deferred.promise;
  }

  #send(): void {
    for (const one of this.#values.take(() => this.driver.newOp())) void this.#bring(one);
  }

  /** Brings a transaction to its end. */
  async #bring({ id, op, changes, along }: Sending): Promise<void> {
    const deferred = this.#deferred.get(id);
    this.#deferred.delete(id);
    try {
      const { when = [], group } = along;
      const change = {
        changes,
        ...(when.length === 0 ? {} : { when: [...when] }),
        ...(group === undefined ? {} : { group }),
      };
      const { done } = (await this.driver.ask({ op, do: { change }, patient: true })) as { done: Outcome };
      this.#values.done(id, done);
      deferred?.resolve();
    } catch (error) {
      const told = this.#place(id, error as KithError);
      this.#values.refused(id);
      if (told.code !== "client.closed") this.refused(told, deferred?.asked ?? []);
      deferred?.reject(told);
    }
    this.#send();
    this.#show();
  }

  /** The same refusal, about the change as it was asked for. */
  #place(id: number, error: KithError): KithError {
    const origin = error.change === undefined ? undefined : this.#values.origin(id, error.change);
    return origin === undefined || origin === error.change ? error : error.about(origin);
  }

  /** Tells those who watch. */
  #show(): void {
    for (const topic of this.#values.changed()) {
      const value = this.#values.shown(topic);
      if (value !== undefined) this.#openings.get(topic)?.followed?.value.set(value);
    }
    for (const [topic, opening] of this.#openings) {
      opening.followed?.pending.set(this.#values.isPending(topic));
      this.#tidy(topic, opening);
    }
  }

  /** The last event that is known of a topic. */
  seq(topic: TopicId): number {
    return this.#values.seq(topic) ?? 0;
  }
}

function defer(): Deferred {
  let settle: Pick<Deferred, "resolve" | "reject"> | undefined;
  const promise = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
  return { promise, asked: [], ...(settle as unknown as Pick<Deferred, "resolve" | "reject">) };
}

/** The kind of a topic's value as it is held: of a `json` with a Yjs document that of a `text`. */
function formOf(info: Topic): Kind {
  return info.rules?.yjs === true ? "text" : info.holds;
}
