// One stream or conversation as it is shown: what is unread in it, where what is new begins, and its
// messages as far as they are held.

import { KithError, Stream, type Client, type Lines, type protocol } from "@kith/client";
import { get, writable, type Readable, type Writable } from "svelte/store";
import type { CircleModel } from "./circle.js";
import type { Outbox, Written } from "./outbox.js";
import { rolesOf } from "./rights.js";
import type { Own } from "./rows.js";
import { ThreadReads } from "./thread.js";
import type { Uploads } from "./uploads.js";

type Seq = protocol.Seq;
type UserId = protocol.UserId;

/** Messages that are held of a stream that is looked at. */
export const HELD_MAX = 1000;
/** Messages that are held of others. */
export const REST_MAX = 60;
/** Messages that are asked for at once. */
const PAGE = 50;
/** The pause between two words on how far one has read. */
const READ_MS = 700;

/** What is unread. */
export interface Counts {
  /** The read marker. */
  readonly read: Seq;
  readonly unread: number;
  /** How many of those mean the user, those of threads included. */
  readonly mentions: number;
}

/** What a stream needs of what is around it. */
export interface Around {
  readonly client: Client;
  readonly outbox: Outbox;
  readonly uploads: Uploads;
  /** Whether what there is was kept by a page before, and the server has not told yet. */
  isPast(): boolean;
  /** The names of these will be shown. */
  wanted(users: readonly UserId[]): void;
  /** Somebody did something, and may be shown otherwise by now. */
  met(user: UserId): void;
  /** Somebody with whom the user talks is there in another way. */
  noticed(user: UserId, status: protocol.Status): void;
  /** A message of somebody else came. */
  posted(stream: StreamModel, event: protocol.Event): void;
  /** Something happened to a message of the stream. */
  changed(stream: StreamModel, message: Seq): void;
  /** The stream may not be read any longer, or was removed for everybody. */
  ended(stream: StreamModel, removed: boolean): void;
  /** A message was refused, and the stream is not there. */
  stranded(op: protocol.OpId): void;
  /** Shows that something did not come about. */
  refused(error: unknown): void;
}

export class StreamModel {
  readonly id: protocol.StreamId;
  readonly feed: Stream;
  readonly counts: Readable<Counts>;
  /** Up to here it was read when one came; what is behind is new. */
  readonly newAfter: Readable<Seq | undefined>;
  /** Counts how often the server told how it is by now, where one looked at what a page before had kept. */
  readonly renewed: Readable<number>;
  /** The threads that the user follows, with what is unread in them; known once it was asked for. */
  readonly threads: Readable<ReadonlyMap<Seq, protocol.ThreadUnread>>;
  /** When the user posted last, for slow mode; 0 where it was before. */
  readonly postedAt: Readable<number>;
  /** Own messages whose files are on their way, threads' included: they follow behind all others. */
  readonly waiting: Readable<readonly Own[]>;

  readonly #counts: Writable<Counts>;
  readonly #newAfter: Writable<Seq | undefined> = writable(undefined);
  readonly #renewed = writable(0);
  readonly #threads: Writable<ReadonlyMap<Seq, protocol.ThreadUnread>> = writable(new Map());
  readonly #postedAt = writable(0);
  readonly #waiting: Writable<readonly Own[]> = writable([]);
  /** Own messages of pages before which may have been sent by them. */
  readonly #doubtful = new Set<protocol.OpId>();
  /** Own messages that were refused. */
  readonly #refused = new Set<protocol.OpId>();
  /** The last event of what was kept by a page before, until the server told what there is. */
  #past: Seq | undefined;
  #seen: Seq;
  #told: Seq;
  #ended = false;
  #is_here = false;
  #was_read: boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #again = false;

  /** `held` are the newest messages as they were, where they were kept. */
  constructor(private readonly around: Around, of: protocol.StreamWindow, readonly circle: CircleModel | undefined, held?: readonly protocol.Message[]) {
    this.id = of.stream.id;
    this.#counts = writable({ read: of.read, unread: of.unread, mentions: of.mentions });
    this.counts = this.#counts;
    this.newAfter = this.#newAfter;
    this.renewed = this.#renewed;
    this.#past = around.isPast() ? of.head : undefined;
    this.threads = this.#threads;
    this.postedAt = this.#postedAt;
    this.waiting = this.#waiting;
    [this.#seen, this.#told] = [of.read, of.read];
    this.feed = Stream.from(around.client, of, { messages_max: REST_MAX, held: held ?? [] });
    this.#was_read = held !== undefined;
    this.feed.onEvent((event) => this.#happened(event));
    this.feed.onEnd((_, removed) => around.ended(this, removed));
    this.feed.onPresence((user, status) => around.noticed(user, status));
    if (of.stream.kind !== "channel") around.wanted(of.stream.users);
  }

  /** The stream itself. */
  get info(): protocol.Stream {
    return this.feed.info.get() as protocol.Stream;
  }

  /** Whether somebody looked at it, here or in the page before. */
  get wasRead(): boolean {
    return this.#was_read;
  }

  /** Who is in the conversation besides `me`; nobody of a stream of a circle. */
  others(me: UserId): readonly UserId[] {
    const { info } = this;
    if (info.kind === "channel") return [];
    const others = info.users.filter((user) => user !== me);
    return others.length > 0 ? others : info.users;
  }

  /** How many unread messages are for the user: those that mean them, and all of a conversation. */
  forMe({ unread, mentions }: Counts = get(this.#counts)): number {
    return this.circle === undefined ? Math.max(unread, mentions) : mentions;
  }

  /** The server told how it is. */
  told(of: protocol.StreamWindow): void {
    if (this.#past !== undefined) this.#isPresent(of);
    // What was counted before the last event that is here is counted again.
    if (of.head < this.feed.seq) return;
    const is_read = this.#seen > of.read;
    this.#counts.set({ read: Math.max(of.read, this.#told), unread: is_read ? 0 : of.unread, mentions: is_read ? this.#meantInThreads() : of.mentions });
  }

  /** The server told how it is for the first time: what is new since a page before is marked. */
  #isPresent({ read, unread, head }: protocol.StreamWindow): void {
    this.#past = undefined;
    if (read > this.#seen) [this.#seen, this.#told] = [read, read];
    if (!this.#is_here) return;
    // What was kept may have been looked at already, of which the server does not know yet.
    this.#newAfter.set(unread > 0 && head > this.#seen ? this.#seen : undefined);
    this.#renewed.update((count) => count + 1);
  }

  /** Whether somebody looks at it now. */
  get isHere(): boolean {
    return this.#is_here;
  }

  /** Somebody looks at it now: more is held, and what is new is marked. */
  enter(): void {
    this.#is_here = true;
    this.#was_read = true;
    this.feed.lines.max = HELD_MAX;
    const { unread, read } = get(this.#counts);
    this.#newAfter.set(unread > 0 ? read : this.#past);
    const held = this.feed.messages.get().length;
    // Where all of the newest are new, one begins further back.
    if (held === 0 && unread >= PAGE) this.attempt(read === 0 ? this.feed.lines.oldest() : this.feed.lines.around(read));
    else if (held < REST_MAX / 2) this.attempt(this.feed.older());
    this.countThreads();
  }

  /** Nobody looks at it any longer. */
  leave(): void {
    this.#is_here = false;
    this.flushRead();
    this.feed.lines.atEnd = true;
    this.feed.lines.max = REST_MAX;
    this.#newAfter.set(undefined);
  }

  /** The lines of the stream, or of one of its threads. */
  lines(thread?: Seq): Lines {
    return thread === undefined ? this.feed.lines : this.feed.thread(thread);
  }

  /** Posts a message: kept until the server has it, whatever becomes of the page. */
  post(draft: Written): Promise<Seq> {
    return this.carry(this.around.client.newOp(), draft);
  }

  /** Posts what was kept under a name, once its files are on the server; `sent` where a page before may have posted it. */
  async carry(op: protocol.OpId, draft: Written, sent = false): Promise<Seq> {
    const { client, outbox, uploads } = this.around;
    if (sent) this.#doubtful.add(op);
    this.#refused.delete(op);
    const is_online = get(client.connection).state === "online";
    outbox.keep({ op, stream: this.id, draft, ...(sent || is_online ? { sent: true } : {}) });
    const { uploads: keys = [] } = draft;
    const seq = await this.#post(op, draft, keys);
    outbox.drop(op);
    for (const key of keys) uploads.forget(key);
    return seq;
  }

  async #post(op: protocol.OpId, draft: Written, keys: NonNullable<Written["uploads"]>): Promise<Seq> {
    try {
      const whole = keys.length === 0 ? draft : await this.#fill(op, draft, keys);
      return await this.lines(draft.thread).post(whole, op);
    } catch (error) {
      if (this.#ended) this.around.stranded(op);
      else this.#refused.add(op);
      throw error;
    }
  }

  /** Shows a message as on its way until its files are there; what it says of them then. */
  async #fill(op: protocol.OpId, draft: Written, keys: NonNullable<Written["uploads"]>): Promise<Written> {
    const others = (waiting: readonly Own[]) => waiting.filter((own) => own.op !== op);
    this.#waiting.update((waiting) => [...others(waiting), { state: "sending", op, draft }]);
    try {
      const files = await Promise.all(keys.map((key) => this.around.uploads.done(key)));
      if (!this.#isWaiting(op)) throw takenBack();
      this.#waiting.update(others);
      return { ...draft, files: files.map(({ id }) => id) };
    } catch (error) {
      const failed: Own = { state: "failed", op, draft, error: error as KithError };
      if (this.#isWaiting(op)) this.#waiting.update((waiting) => [...others(waiting), failed]);
      throw error;
    }
  }

  #isWaiting(op: protocol.OpId): boolean {
    return get(this.#waiting).some((own) => own.op === op);
  }

  /** Tries once more what was refused, as another operation: the same would get the same answer. */
  retry(op: protocol.OpId, thread?: Seq): void {
    const { uploads } = this.around;
    const waiting = get(this.#waiting).find((own) => own.op === op);
    if (waiting !== undefined) {
      // It was never sent.
      for (const key of waiting.draft.uploads ?? []) uploads.retry(key);
      void this.carry(op, waiting.draft).catch(() => {});
      return;
    }
    const failed = this.lines(thread).messages.get().find((line) => line.state === "failed" && line.op === op);
    const draft = this.discard(op, thread);
    if (draft === undefined) return;
    const is_gone = failed?.state === "failed" && failed.error.code === "file.not_found";
    void (is_gone ? this.#renew(draft) : this.post(draft)).catch(() => {});
  }

  /** Posts a message whose files the server has no longer: they waited too long. */
  async #renew(draft: Written): Promise<Seq> {
    const { outbox, uploads, client } = this.around;
    const op = client.newOp();
    outbox.keep({ op, stream: this.id, draft });
    const { uploads: keys = [] } = draft;
    return this.carry(op, { ...draft, uploads: await Promise.all(keys.map((key) => uploads.renew(key).catch(() => key))) });
  }

  /** Whether a message waits for its files or a connection, and was certainly not sent: it can be discarded. */
  isUnsent(op: protocol.OpId, thread?: Seq): boolean {
    return this.#isWaiting(op) || (!this.#isDoubtful(op) && this.lines(thread).isUnsent(op));
  }

  /** Whether a page before, or another tab, may have sent what this one did not. */
  #isDoubtful(op: protocol.OpId): boolean {
    return this.#doubtful.has(op) || this.around.outbox.isSent(op);
  }

  /** Another tab sent a message, or took it back: here it is not sent any more. */
  letGo(op: protocol.OpId, thread?: Seq): void {
    this.#waiting.update((all) => all.filter((own) => own.op !== op));
    this.lines(thread).discard(op);
  }

  /** Drops what is not sent, or was refused; what it said comes back. What may have been sent goes on. */
  discard(op: protocol.OpId, thread?: Seq): Written | undefined {
    const waiting = get(this.#waiting).find((own) => own.op === op);
    if (waiting === undefined) {
      if (this.#isDoubtful(op) && this.lines(thread).isUnsent(op)) return undefined;
      const dropped = this.lines(thread).discard(op);
      if (dropped !== undefined) this.around.outbox.drop(op);
      return dropped;
    }
    this.around.outbox.drop(op);
    this.#waiting.update((all) => all.filter((own) => own !== waiting));
    return waiting.draft;
  }

  /**
   * These messages were on the screen, from the first to the last. Whoever was led over some that are
   * unread, by a link say, has not read those; whoever sees the end is done.
   */
  saw(first: Seq, seq: Seq): void {
    // What came since is looked at where it begins, once that is known.
    if (seq <= this.#seen || (this.#past !== undefined && seq > this.#past)) return;
    const held = this.feed.messages.get().flatMap((line) => (line.state === "confirmed" ? [line.message] : []));
    const { older, newer } = this.feed.part.get();
    const is_all = !newer && (held.at(-1)?.seq ?? 0) <= seq;
    const is_behind = (held[0]?.seq ?? 0) <= this.#seen + 1 || !older;
    const skips = !is_behind || held.some((one) => one.seq > this.#seen && one.seq < first && one.author !== this.around.client.user.id);
    if (skips && !is_all) return;
    this.#seen = seq;
    this.#counts.update((counts) => (is_all ? { read: seq, unread: 0, mentions: this.#meantInThreads() } : counts));
    this.#timer ??= setTimeout(() => this.flushRead(), READ_MS);
  }

  /** Tells the server how far it was read. */
  flushRead(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#ended || this.#seen <= this.#told) return;
    this.#told = this.#seen;
    this.attempt(this.around.client.command({ read: { stream: this.id, seq: this.#seen } }));
  }

  /** Everything is read, seen or not; in threads as well. */
  markRead(): void {
    this.#newAfter.set(undefined);
    this.#seen = Math.max(this.#seen, this.feed.seq);
    this.#counts.set({ read: this.#seen, unread: 0, mentions: 0 });
    this.flushRead();
    this.attempt(this.#readThreads());
  }

  async #readThreads(): Promise<void> {
    const { client } = this.around;
    const { threads } = await client.query({ unread: { stream: this.id } });
    const unread = threads.filter((thread) => thread.unread > 0);
    await Promise.all(unread.map(({ thread }) => client.command({ read: { stream: this.id, thread, seq: this.feed.seq } })));
  }

  /** Unread messages of threads that mean the user: seeing the stream is not reading those. */
  #meantInThreads(): number {
    return [...get(this.#threads).values()].reduce((sum, { mentions }) => sum + mentions, 0);
  }

  /** From this message on everything is unread. */
  markUnread(from: Seq): void {
    const seq = from - 1;
    [this.#seen, this.#told] = [seq, seq];
    this.#newAfter.set(seq);
    this.attempt(this.around.client.command({ read: { stream: this.id, seq } }).then(() => this.count()));
  }

  /** While nobody looks, what comes is new. */
  looksAway(): void {
    if (this.#is_here && get(this.#newAfter) === undefined) this.#newAfter.set(this.feed.seq);
  }

  /** Asks what is unread, also when the read marker was moved elsewhere. */
  async count(): Promise<void> {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    try {
      do {
        this.#again = false;
        const of = await this.around.client.query({ stream: { stream: this.id } });
        if (of.read > this.#seen) [this.#seen, this.#told] = [of.read, of.read];
        this.told(of);
      } while (this.#again);
    } finally {
      this.#asking = false;
    }
  }

  /** How far the user reads in one of its threads, while that is open. */
  reads(thread: Seq): ThreadReads {
    return new ThreadReads(this, this.around.client, thread);
  }

  /** What a message said before, and what it says now, oldest first; rejects where one may not read it. */
  edits(message: Seq): Promise<readonly protocol.Edit[]> {
    return this.around.client.query({ edits: { stream: this.id, message } });
  }

  /** Asks which threads the user follows. */
  countThreads(): void {
    if (this.#ended) return;
    this.attempt(this.around.client.query({ unread: { stream: this.id } }).then(({ threads }) => {
      this.#threads.set(new Map(threads.map((thread) => [thread.thread, thread])));
    }));
  }

  /** Does something; where it does not come about, it is told why, unless there is no stream any more. */
  attempt(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!this.#ended) this.around.refused(error);
    });
  }

  /** It is followed no longer. */
  end(): void {
    this.#ended = true;
    for (const op of this.#refused) this.around.stranded(op);
    clearTimeout(this.#timer);
    this.feed.close();
  }

  #happened(event: protocol.Event): void {
    const { body, by } = event;
    const me = this.around.client.user.id;
    if (by !== undefined) this.around.met(by);
    if ("message" in body) this.around.changed(this, body.message);
    switch (body.kind) {
      case "posted":
        if (by === me) this.#postedAt.set(Date.now());
        else this.#came(event, body);
        break;
      case "deleted":
        // Whether it was unread, and for whom, only the server knows.
        if (get(this.#counts).unread > 0 || get(this.#counts).mentions > 0) this.attempt(this.count());
        break;
      case "group_added":
        this.around.wanted(body.users);
        break;
      default:
    }
  }

  /** Whether what somebody said means the user: by name, by a role, or with everybody. */
  means({ everyone, users, roles }: protocol.Mentions = {}): boolean {
    const place = this.circle && { circle: get(this.circle.circle), member: get(this.circle.member) };
    const mine = place === undefined ? [] : rolesOf(place.circle, place.member);
    return everyone === true || users?.includes(this.around.client.user.id) === true || roles?.some((role) => mine.includes(role)) === true;
  }

  #came(event: protocol.Event, { mentions, thread }: Extract<protocol.Body, { kind: "posted" }>): void {
    this.#counts.update(({ read, unread, mentions: before }) => ({
      read,
      unread: unread + (thread === undefined ? 1 : 0),
      mentions: before + (this.means(mentions) ? 1 : 0),
    }));
    if (thread !== undefined && this.#is_here) this.countThreads();
    this.around.posted(this, event);
  }
}

function takenBack(): KithError {
  return new KithError({ code: "client.taken_back", message: "the message was taken back" });
}
