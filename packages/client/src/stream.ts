// A stream that is followed: its messages, who is writing, and what one can do in it.

import type { Client } from "./client.js";
import { KithError } from "./error.js";
import { Messages, type Draft, type Entry } from "./messages.js";
import type { Command, OpId, Seq, Stream as Info, StreamId, UserId } from "./protocol.js";
import type { FeedUpdate } from "./session/update.js";
import { Listeners, Watchers, type Store } from "./store.js";

/** Messages that are held unless told otherwise. */
const MESSAGES_MAX = 1000;
/** How long somebody counts as writing after saying so. */
const TYPING_MS = 8000;
/** How often writing is said at most. */
const TYPING_SAID_MS = 3000;

/** How a stream is followed. */
export interface StreamOptions {
  /** How many of the newest messages to begin with; 50 unless set, at most 200. */
  window?: number;
  /** How many messages are held at most; 1000 unless set. Older ones can be asked for again. */
  messages_max?: number;
}

/** A stream that is followed. */
export class Stream {
  /** Its lines, those of threads apart: what the server has, then what is on its way or failed. */
  readonly messages: Store<readonly Entry[]>;

  readonly #client: Client;
  readonly #list: Messages;
  readonly #max: number;
  readonly #entries = new Watchers<readonly Entry[]>([]);
  readonly #threads = new Map<Seq, Watchers<readonly Entry[]>>();
  readonly #info: Watchers<Info | undefined> = new Watchers<Info | undefined>(undefined);
  readonly #typing = new Watchers<readonly UserId[]>([]);
  readonly #writers = new Map<UserId, ReturnType<typeof setTimeout>>();
  readonly #ended = new Listeners<[KithError]>();
  #said_ms = -Infinity;
  #stop: () => void = () => {};

  private constructor(client: Client, id: StreamId, { messages_max = MESSAGES_MAX }: StreamOptions) {
    this.#client = client;
    this.#list = new Messages(id);
    this.#max = messages_max;
    this.messages = this.#entries;
  }

  /** Follows a stream; rejects when it cannot be followed. */
  static open(client: Client, id: StreamId, options: StreamOptions): Promise<Stream> {
    const stream = new Stream(client, id, options);
    const window = options.window === undefined ? {} : { window: options.window };
    return new Promise((resolve, reject) => {
      stream.#ended.add(reject);
      stream.#stop = client.follow({ feed: id, ...window }, (update) => {
        stream.#told(update);
        if (update.kind === "caught_up") resolve(stream);
      });
    });
  }

  /** Its id. */
  get id(): StreamId {
    return this.#list.id;
  }

  /** What it is: its name, its pins. */
  get info(): Store<Info | undefined> {
    return this.#info;
  }

  /** Who is writing in it now. */
  get typing(): Store<readonly UserId[]> {
    return this.#typing;
  }

  /** The lines of one of its threads, as far as they are held. */
  thread(root: Seq): Store<readonly Entry[]> {
    let lines = this.#threads.get(root);
    if (lines === undefined) {
      lines = new Watchers<readonly Entry[]>(this.#list.entries(root));
      this.#threads.set(root, lines);
    }
    return lines;
  }

  /** Calls `run` when it may not be read any longer. */
  onEnd(run: (error: KithError) => void): () => void {
    return this.#ended.add(run);
  }

  /** Follows it no longer. */
  close(): void {
    this.#stop();
    for (const timer of this.#writers.values()) clearTimeout(timer);
    this.#writers.clear();
  }

  #told(update: FeedUpdate): void {
    switch (update.kind) {
      case "snapshot":
        if (!("stream" in update.state)) return;
        this.#list.snapshot(update.seq, update.state.stream.stream, update.state.stream.messages);
        break;
      case "event":
        this.#list.event(update.event);
        if (update.event.body.kind === "posted" && update.event.by !== undefined) this.#wrote(update.event.by);
        this.#list.trim(this.#max);
        break;
      case "hidden":
        this.#list.hidden(update.seq);
        break;
      case "signal":
        if ("typing" in update.what) this.#writes(update.user);
        return;
      case "refused":
      case "closed": {
        const problem = update.kind === "refused" ? update.problem
          : { code: "stream.not_found", message: "this stream may not be read any longer" };
        this.close();
        this.#ended.tell(new KithError(problem));
        return;
      }
      case "aware":
        return;
      case "caught_up":
    }
    this.#show();
  }

  #show(): void {
    this.#info.set(this.#list.stream);
    this.#entries.set(this.#list.entries());
    for (const [root, lines] of this.#threads) lines.set(this.#list.entries(root));
  }

  #writes(user: UserId): void {
    clearTimeout(this.#writers.get(user));
    this.#writers.set(user, setTimeout(() => this.#wrote(user), TYPING_MS));
    this.#typing.set([...this.#writers.keys()]);
  }

  #wrote(user: UserId): void {
    clearTimeout(this.#writers.get(user));
    if (this.#writers.delete(user)) this.#typing.set([...this.#writers.keys()]);
  }

  /**
   * Posts a message, which is shown as on its way at once. Resolves with its number when it is
   * durable. Where it is refused, its line stays and says so until `retry` or `discard`.
   */
  post(text: string, where: Omit<Draft, "text"> = {}): Promise<Seq> {
    const op = this.#client.newOp();
    return this.#bring(op, this.#list.send(op, { text, ...where }));
  }

  /** Sends a line that failed once more. */
  retry(op: OpId): Promise<Seq> {
    const command = this.#list.retry(op);
    if (command !== undefined) return this.#bring(op, command);
    return Promise.reject(new KithError({ code: "client.no_such_line", message: "there is no line of this name that failed" }));
  }

  /** Takes a line that failed away; what it said comes back. */
  discard(op: OpId): Draft | undefined {
    const draft = this.#list.discard(op);
    this.#show();
    return draft;
  }

  #bring(op: OpId, command: Command): Promise<Seq> {
    this.#show();
    const brought = this.#sent(op, command);
    // Its line tells of a failure, whether or not somebody awaits it.
    brought.catch(() => {});
    return brought;
  }

  async #sent(op: OpId, command: Command): Promise<Seq> {
    try {
      const outcome = await this.#client.command(command, op);
      this.#list.done(op, outcome);
      return outcome.events?.find(({ feed }) => feed === this.id)?.seq ?? 0;
    } catch (error) {
      this.#list.failed(op, error as KithError);
      throw error;
    } finally {
      this.#show();
    }
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
  async older(limit = 50): Promise<boolean> {
    const before = this.#list.oldest();
    const place = before === undefined ? {} : { before };
    const { messages, more } = await this.#client.query({ messages: { stream: this.id, limit, ...place } });
    this.#list.page(messages);
    this.#show();
    return more;
  }

  /** Tells others that one is writing; may be called at every key. */
  async write(): Promise<void> {
    const now = performance.now();
    if (now - this.#said_ms < TYPING_SAID_MS) return;
    this.#said_ms = now;
    await this.#client.signal({ typing: { stream: this.id } });
  }
}
