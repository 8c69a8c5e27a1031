// A stream that is followed: its messages, who is writing, and what one can do in it.

import type { Client } from "./client.js";
import { KithError } from "./error.js";
import { Lines, type Part } from "./lines.js";
import { Messages, type Draft, type Entry } from "./messages.js";
import type { Event, Message, OpId, Seq, Status, Stream as Info, StreamId, StreamWindow, UserId } from "./protocol.js";
import type { FeedUpdate } from "./session/update.js";
import { Listeners, Watchers, type Store } from "./store.js";
import { Writers } from "./writers.js";

/** Messages that are held unless told otherwise. */
const MESSAGES_MAX = 1000;
/** How often writing is said at most. */
const TYPING_SAID_MS = 3000;

/** How a stream is followed. */
export interface StreamOptions {
  /** How many of the newest messages to begin with; 50 unless set, at most 200. */
  window?: number;
  /** How many messages are held at most, threads apart; 1000 unless set. Others can be asked for again. */
  messages_max?: number;
  /**
   * What the window or a query told of it: it is then followed from there, and begins without messages,
   * which can be asked for.
   */
  from?: StreamWindow;
  /** With `from`: the newest messages, as they were then. */
  held?: readonly Message[];
}

/** A stream that is followed. */
export class Stream {
  /** Its lines, those of threads apart: what the server has, then what is on its way or failed. */
  readonly messages: Store<readonly Entry[]>;
  /** Which part of its messages is held. */
  readonly part: Store<Part>;

  readonly #client: Client;
  readonly #list: Messages;
  readonly #lines: Lines;
  readonly #threads = new Map<Seq, Lines>();
  readonly #info: Watchers<Info | undefined>;
  readonly #writers = new Writers();
  /** The same of threads, of those that were asked for. */
  readonly #inThreads = new Map<Seq, Writers>();
  readonly #ended = new Listeners<[KithError, boolean]>();
  readonly #events = new Listeners<[Event]>();
  readonly #presence = new Listeners<[UserId, Status]>();
  /** Where it was said last that the user is writing, and when. */
  #said: { thread: Seq | undefined; at_ms: number } = { thread: undefined, at_ms: -Infinity };
  #stop: () => void = () => {};

  private constructor(client: Client, id: StreamId, { messages_max = MESSAGES_MAX, from, held = [] }: StreamOptions) {
    this.#client = client;
    this.#list = new Messages(id, undefined, from?.head);
    if (from !== undefined) {
      this.#list.begin(from.stream);
      this.#list.page(held);
    }
    this.#info = new Watchers<Info | undefined>(from?.stream);
    this.#lines = new Lines(client, this.#list, messages_max, true);
    this.messages = this.#lines.messages;
    this.part = this.#lines.part;
  }

  /** Follows a stream; rejects when it cannot be followed. */
  static open(client: Client, id: StreamId, options: StreamOptions): Promise<Stream> {
    const stream = new Stream(client, id, options);
    return new Promise((resolve, reject) => {
      stream.#ended.add(reject);
      stream.#follow(options, () => resolve(stream));
    });
  }

  /** Follows a stream that the server told of, and does not wait. */
  static from(client: Client, from: StreamWindow, options: StreamOptions = {}): Stream {
    const stream = new Stream(client, from.stream.id, { ...options, from });
    stream.#follow({ ...options, from }, () => {});
    return stream;
  }

  #follow({ window, from }: StreamOptions, done: () => void): void {
    const wish = { feed: this.id, ...(window === undefined ? {} : { window }), ...(from === undefined ? {} : { after: from.head }) };
    this.#stop = this.#client.follow(wish, (update) => {
      this.#told(update);
      if (update.kind === "caught_up") done();
    });
  }

  /** Its id. */
  get id(): StreamId {
    return this.#list.id;
  }

  /** The last event that it has come to. */
  get seq(): Seq {
    return this.#list.seq;
  }

  /** Its lines, those of threads apart, with what can be asked for. */
  get lines(): Lines {
    return this.#lines;
  }

  /** What it is: its name, its pins. */
  get info(): Store<Info | undefined> {
    return this.#info;
  }

  /** Who is writing in it now, those apart who are writing in its threads. */
  get typing(): Store<readonly UserId[]> {
    return this.#writers.users;
  }

  /** Who is writing in one of its threads, until `leaveThread`. */
  typingIn(thread: Seq): Store<readonly UserId[]> {
    let writers = this.#inThreads.get(thread);
    if (writers === undefined) this.#inThreads.set(thread, (writers = new Writers()));
    return writers.users;
  }

  /**
   * The lines of one of its threads: those that the stream holds, and what is asked for. They are kept up
   * to date until `leaveThread`.
   */
  thread(root: Seq): Lines {
    let lines = this.#threads.get(root);
    if (lines === undefined) {
      const list = new Messages(this.id, root, this.#list.seq);
      const held = this.#list.entries(root).flatMap((line) => (line.state === "confirmed" ? [line.message] : []));
      const begun = this.#list.message(root);
      list.page(begun === undefined ? held : [begun, ...held]);
      lines = new Lines(this.#client, list, MESSAGES_MAX, true);
      this.#threads.set(root, lines);
    }
    return lines;
  }

  /** Lets the lines of a thread go, unless something in them is on its way. */
  leaveThread(root: Seq): void {
    this.#inThreads.get(root)?.end();
    this.#inThreads.delete(root);
    if (this.#threads.get(root)?.isSending === false) this.#threads.delete(root);
  }

  /** Calls `run` with each event as it is told, once what is held has it. */
  onEvent(run: (event: Event) => void): () => void {
    return this.#events.add(run);
  }

  /**
   * Calls `run` when somebody of a direct stream or group came, went, or is otherwise there; how all are
   * there now is asked by `present_in_conversations`.
   */
  onPresence(run: (user: UserId, status: Status) => void): () => void {
    return this.#presence.add(run);
  }

  /** Calls `run` when it may not be read any longer, and with whether it was `removed` for everybody. */
  onEnd(run: (error: KithError, removed: boolean) => void): () => void {
    return this.#ended.add(run);
  }

  /** Follows it no longer. */
  close(): void {
    this.#stop();
    for (const writers of [this.#writers, ...this.#inThreads.values()]) writers.end();
  }

  #told(update: FeedUpdate): void {
    switch (update.kind) {
      case "signal":
        if ("typing" in update.what) this.#writersIn(update.what.typing.thread)?.writes(update.user);
        else this.#presence.tell(update.user, update.what.presence.status);
        return;
      case "refused":
      case "closed": {
        const problem = update.kind === "refused" ? update.problem
          : { code: "stream.not_found", message: update.removed ? "this stream was removed" : "this stream may not be read any longer" };
        this.close();
        this.#ended.tell(new KithError(problem), update.kind === "closed" && update.removed);
        return;
      }
      case "event":
        if (update.event.body.kind === "posted" && update.event.by !== undefined) this.#writersIn(update.event.body.thread)?.wrote(update.event.by);
        break;
      default:
    }
    for (const lines of [this.#lines, ...this.#threads.values()]) lines.told(update);
    // What it was called when it was removed is still to be told.
    if (this.#list.stream !== undefined) this.#info.set(this.#list.stream);
    if (update.kind === "event") this.#events.tell(update.event);
  }

  #writersIn(thread: Seq | undefined): Writers | undefined {
    return thread === undefined ? this.#writers : this.#inThreads.get(thread);
  }

  /**
   * Posts a message, which is shown as on its way at once. Resolves with its number when it is
   * durable. Where it is refused, its line stays and says so until `retry` or `discard`.
   */
  post(text: string, where: Omit<Draft, "text"> = {}): Promise<Seq> {
    return this.#home(where.thread).post({ text, ...where });
  }

  #home(thread: Seq | undefined): Lines {
    return thread === undefined ? this.#lines : this.thread(thread);
  }

  /** Sends a line that failed once more. */
  retry(op: OpId): Promise<Seq> {
    return this.#own(op).retry(op);
  }

  /** Takes a line away that failed, or was not sent yet, as `Lines.discard` does; what it said comes back. */
  discard(op: OpId): Draft | undefined {
    return this.#own(op).discard(op);
  }

  /** Where a line is that the server does not have. */
  #own(op: OpId): Lines {
    const is = (line: Entry) => line.state !== "confirmed" && line.op === op;
    return [...this.#threads.values()].find(({ messages }) => messages.get().some(is)) ?? this.#lines;
  }

  /** Edits an own message. */
  async edit(message: Seq, text: string): Promise<void> {
    await this.#client.command({ edit: { stream: this.id, message, text } });
  }

  /** Deletes an own message, or another's with `manage_messages`. */
  async delete(message: Seq): Promise<void> {
    await this.#client.command({ delete: { stream: this.id, message } });
  }

  /** Reacts to a message. */
  async react(message: Seq, emoji: string): Promise<void> {
    await this.#client.command({ react: { stream: this.id, message, emoji } });
  }

  /** Takes a reaction back. */
  async unreact(message: Seq, emoji: string): Promise<void> {
    await this.#client.command({ unreact: { stream: this.id, message, emoji } });
  }

  /** Pins a message, or unpins it. */
  async pin(message: Seq, pinned = true): Promise<void> {
    await this.#client.command({ pin: { stream: this.id, message, pinned } });
  }

  /** Says how far one has read, in the stream or one of its threads. */
  async read(seq: Seq, thread?: Seq): Promise<void> {
    await this.#client.command({ read: { stream: this.id, seq, ...(thread === undefined ? {} : { thread }) } });
  }

  /** Asks for messages before the oldest one that is held; whether there are more. */
  older(limit?: number): Promise<boolean> {
    return this.#lines.older(limit);
  }

  /** Tells others that one is writing, in the stream or one of its threads; may be called at every key. */
  async write(thread?: Seq): Promise<void> {
    const at_ms = performance.now();
    if (thread === this.#said.thread && at_ms - this.#said.at_ms < TYPING_SAID_MS) return;
    this.#said = { thread, at_ms };
    await this.#client.signal({ typing: { stream: this.id, ...(thread === undefined ? {} : { thread }) } });
  }
}
