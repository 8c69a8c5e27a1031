// The lines of a stream, or of one of its threads, with what can be asked for at both ends of what is
// held.

import type { Client } from "./client.js";
import { KithError } from "./error.js";
import { Messages, type Draft, type Entry } from "./messages.js";
import type { Command, Message, OpId, Seq, StreamId } from "./protocol.js";
import type { FeedUpdate } from "./session/update.js";
import { Watchers, type Store } from "./store.js";

/** Messages that one question asks for unless told otherwise. */
const PAGE = 50;

/** Which part of the messages is held. */
export interface Part {
  /** Older ones may be there that are not held. */
  readonly older: boolean;
  /** Newer ones are there that are not held. */
  readonly newer: boolean;
  /** Some were asked for, and are not there yet. */
  readonly loading: boolean;
}

/**
 * Lines that are held: what the server has, in one part without holes, then what is on its way or
 * failed. While the newest are held, those that are posted join them.
 */
export class Lines {
  /** The lines, oldest first. */
  readonly messages: Store<readonly Entry[]>;
  /** Which part of the messages it is. */
  readonly part: Store<Part>;

  readonly #client: Client;
  readonly #list: Messages;
  #max: number;
  readonly #entries: Watchers<readonly Entry[]>;
  readonly #part: Watchers<Part>;
  #older: boolean;
  #asking: Promise<boolean> | undefined;
  /** Counts how often other messages took the place of those that were held. */
  #life = 0;
  #at_end = true;

  /** `older`: whether there may be messages before those that the list has. */
  constructor(client: Client, list: Messages, max: number, older: boolean) {
    this.#client = client;
    this.#list = list;
    this.#max = max;
    this.#older = older;
    this.#entries = new Watchers<readonly Entry[]>(list.entries(list.thread));
    this.#part = new Watchers<Part>({ older, newer: list.isCut, loading: false });
    this.messages = this.#entries;
    this.part = this.#part;
  }

  /** The stream. */
  get stream(): StreamId {
    return this.#list.id;
  }

  /** The message whose thread it is; `undefined` of the stream itself. */
  get thread(): Seq | undefined {
    return this.#list.thread;
  }

  /** A message that is held. */
  message(seq: Seq): Message | undefined {
    return this.#list.message(seq);
  }

  /** Whether something of one's own has no answer yet. */
  get isSending(): boolean {
    return this.#list.isSending;
  }

  /**
   * Says whether the newest lines are looked at, as is assumed. When more come than are held at a time,
   * the oldest are let go then, else the newest.
   */
  set atEnd(at_end: boolean) {
    this.#at_end = at_end;
  }

  /** How many messages are held at most from now on. */
  set max(max: number) {
    this.#max = max;
    this.#trim(this.#at_end);
    this.show();
  }

  /** What is told of the stream. */
  told(update: FeedUpdate): void {
    switch (update.kind) {
      case "snapshot":
        if (!("stream" in update.state)) return;
        this.#life += 1;
        this.#older = true;
        this.#list.snapshot(update.seq, update.state.stream.stream, update.state.stream.messages);
        break;
      case "event":
        this.#list.event(update.event);
        this.#trim(this.#at_end);
        break;
      case "hidden":
        this.#list.hidden(update.seq);
        break;
      default:
        return;
    }
    this.show();
  }

  /** Tells those who watch what is held now. */
  show(): void {
    this.#entries.set(this.#list.entries(this.#list.thread));
    this.#showPart();
  }

  #showPart(): void {
    const [older, newer, loading] = [this.#older, this.#list.isCut, this.#asking !== undefined];
    const before = this.#part.get();
    if (before.older !== older || before.newer !== newer || before.loading !== loading) this.#part.set({ older, newer, loading });
  }

  #trim(newest: boolean): void {
    if (!newest) this.#list.trimNewest(this.#max);
    else if (this.#list.trim(this.#max)) this.#older = true;
  }

  /**
   * Posts a line, which is shown as on its way at once; under a name that was given to it before, if
   * there is one. Resolves with its number when it is durable. Where it is refused, it stays and says
   * so until `retry` or `discard`.
   */
  post(draft: Draft, op: OpId = this.#client.newOp()): Promise<Seq> {
    return this.#bring(op, this.#list.send(op, draft));
  }

  /** Sends a line that failed once more. */
  retry(op: OpId): Promise<Seq> {
    const command = this.#list.retry(op);
    if (command !== undefined) return this.#bring(op, command);
    return Promise.reject(new KithError({ code: "client.no_such_line", message: "there is no line of this name that failed" }));
  }

  /** Whether a line was not sent yet, for want of a connection say: it can be discarded. */
  isUnsent(op: OpId): boolean {
    return this.#client.isUnsent(op);
  }

  /**
   * Takes a line away that failed, or was not sent yet; what it said comes back. `post` then rejects with
   * `client.taken_back`. A line that may have been sent stays.
   */
  discard(op: OpId): Draft | undefined {
    const draft = this.#list.discard(op, this.#client.withdraw(op));
    this.show();
    return draft;
  }

  #bring(op: OpId, command: Command): Promise<Seq> {
    this.show();
    const brought = this.#sent(op, command);
    // Its line tells of a failure, whether or not somebody awaits it.
    brought.catch(() => {});
    return brought;
  }

  async #sent(op: OpId, command: Command): Promise<Seq> {
    try {
      const outcome = await this.#client.command(command, op);
      this.#list.done(op, outcome);
      return outcome.events?.find(({ feed }) => feed === this.stream)?.seq ?? 0;
    } catch (error) {
      this.#list.failed(op, error as KithError);
      throw error;
    } finally {
      this.show();
    }
  }

  /** Asks for messages before the oldest one that is held; whether there are more. */
  older(limit: number = PAGE): Promise<boolean> {
    if (!this.#older) return Promise.resolve(false);
    return this.#ask(() => {
      const before = this.#list.oldest();
      return before === undefined ? { limit } : { limit, before };
    }, (messages, more) => {
      this.#list.page(messages);
      this.#older = more;
      this.#trim(false);
      return more;
    });
  }

  /** Asks for messages after the newest one that is held, where it is not the last; whether there are more. */
  newer(limit: number = PAGE): Promise<boolean> {
    if (!this.#list.isCut) return Promise.resolve(false);
    return this.#ask(() => ({ limit, after: this.#list.askNewer() ?? 0 }), (messages, more) => {
      this.#list.newerPage(messages, more);
      this.#trim(true);
      return this.#list.isCut;
    });
  }

  /**
   * Holds the messages up to this one, if it is not held, and some after it, in place of what is held.
   * Whether it is there: it may be deleted, or somebody's who is blocked.
   */
  async around(seq: Seq, limit: number = PAGE): Promise<boolean> {
    if (this.message(seq) !== undefined) return true;
    await this.#jump({ limit: Math.max(1, Math.floor(limit / 2)), before: seq + 1 }, (messages, more) => {
      this.#list.show(messages);
      return (this.#older = more);
    });
    await this.newer(limit);
    return this.message(seq) !== undefined;
  }

  /** Holds the newest messages, in place of what is held where they are not. */
  async latest(limit: number = PAGE): Promise<void> {
    if (!this.#list.isCut) return;
    this.#list.askNewer();
    await this.#jump({ limit }, (messages, more) => {
      this.#list.show(messages);
      this.#list.newerPage([], false);
      return (this.#older = more);
    });
    if (this.#list.isCut) await this.newer(limit);
  }

  /** Holds the first messages, in place of what is held where they are not. */
  async oldest(limit: number = PAGE): Promise<void> {
    if (!this.#older) return;
    await this.#jump({ limit, after: 0 }, (messages, more) => {
      this.#list.show(messages);
      if (!more) this.#list.newerPage([], false);
      return (this.#older = false);
    });
  }

  /** Asks unless something is asked for already, in which case that is waited for. */
  #ask(place: () => Place, came: Came): Promise<boolean> {
    return this.#asking ?? this.#page(place(), came);
  }

  /** What takes the place of everything does not wait for what was asked for before. */
  #jump(place: Place, came: Came): Promise<boolean> {
    this.#life += 1;
    return this.#page(place, (messages, more) => {
      this.#life += 1;
      return came(messages, more);
    });
  }

  #page(place: Place, came: Came): Promise<boolean> {
    const life = this.#life;
    const { stream, thread } = this;
    const asked = this.#client.query({ messages: { stream, ...place, ...(thread === undefined ? {} : { thread }) } });
    const asking: Promise<boolean> = asked
      .then(({ messages, more }) => (life === this.#life ? came(messages, more) : true))
      .finally(() => {
        if (this.#asking === asking) this.#asking = undefined;
        this.show();
      });
    this.#asking = asking;
    // The lines are the same until the answer is there.
    this.#showPart();
    return asking;
  }
}

/** What is done with what came; whether there is more. */
type Came = (messages: readonly Message[], more: boolean) => boolean;

/** From where messages are asked for. */
interface Place {
  limit: number;
  before?: Seq;
  after?: Seq;
}
