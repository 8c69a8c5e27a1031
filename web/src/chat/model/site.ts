// Everything that a user who is signed in has here: circles, streams and conversations, followed as they
// change. The page shows it, and asks it for what its user wants done.

import { KithError, type Client, type Connection, type FeedUpdate, type Json, type protocol } from "@kith/client";
import { get, writable, type Readable, type Writable } from "svelte/store";
import { KeptFiles } from "../../lib/store/files.js";
import { inTurn } from "../../lib/store/turn.js";
import { isAway, type Own } from "./away.js";
import { CircleModel, type AroundCircle } from "./circle.js";
import { Drafts } from "./drafts.js";
import { mutedBy, type Muted } from "./muted.js";
import { Outbox, type Keep } from "./outbox.js";
import type { Past } from "./past.js";
import { People } from "./people.js";
import { Preferences } from "./preferences.js";
import { Singles } from "./singles.js";
import { Stranded, type Left } from "./stranded.js";
import { StreamModel, type Around } from "./stream.js";
import { Uploads, type Chosen } from "./uploads.js";

type StreamId = protocol.StreamId;
type CircleId = protocol.CircleId;
type UserId = protocol.UserId;

/** The pause before the window is asked for again, while more may have changed. */
const STALE_MS = 120;

/** Messages of a conversation that somebody began just now which are told one by one. */
const BEGUN_MAX = 20;

/** How a stream ended for the user. */
export interface End {
  /** While they looked at it. */
  readonly here: boolean;
  /** For everybody; otherwise they may not read it any longer, or it was removed while there was no connection. */
  readonly removed: boolean;
}

/** Told of what happens besides what the stores say. */
export interface Watcher {
  /** A message of somebody else came. */
  posted?(stream: StreamModel, event: protocol.Event): void;
  /** The user was made to leave a circle, or it was removed, with these streams. */
  removed?(circle: CircleModel, how: protocol.Leaving, streams: readonly StreamId[]): void;
  /** A stream is not there any longer whose circle still is. */
  gone?(stream: StreamModel, circle: CircleModel, end: End): void;
  /** This was written for streams that are not there any longer. */
  stranded?(left: Left): void;
  /** Something that the user wanted did not come about. */
  refused?(error: unknown): void;
}

export class Site {
  readonly people: People;
  readonly outbox: Outbox;
  readonly drafts: Drafts;
  readonly preferences: Preferences;
  /** What is muted now. */
  readonly muted: Readable<Muted>;
  readonly uploads: Uploads;
  /** Messages that are shown apart from their streams. */
  readonly singles: Singles;
  /** In the order in which they are shown. */
  readonly circles: Readable<readonly CircleModel[]>;
  /** Those in which something happened last come first. */
  readonly conversations: Readable<readonly StreamModel[]>;
  /** Whom the user blocks. */
  readonly blocked: Readable<ReadonlySet<UserId>>;
  /** How the user is there, as this browser tells it. */
  readonly status: Readable<Own>;
  /** How those are there with whom the user talks, as far as it is told; learned once the page is shown. */
  readonly present: Writable<ReadonlyMap<UserId, protocol.Status>> = writable(new Map());
  /** Whether the user administers the site. */
  readonly admin: Readable<boolean>;
  /** Whether it is known what there is. */
  readonly ready: Readable<boolean>;
  /** As of when it is, where that was kept by a page before; `undefined` once the server told. */
  readonly shownAt: Readable<protocol.Timestamp | undefined>;

  readonly #circles: Writable<readonly CircleModel[]> = writable([]);
  readonly #conversations: Writable<readonly StreamModel[]> = writable([]);
  readonly #blocked: Writable<ReadonlySet<UserId>> = writable(new Set());
  readonly #status: Writable<Own> = writable("online");
  readonly #admin = writable(false);
  readonly #ready = writable(false);
  readonly #shownAt: Writable<protocol.Timestamp | undefined> = writable(undefined);
  readonly #streams = new Map<StreamId, StreamModel>();
  readonly #around: Around & AroundCircle;
  readonly #stranded: Stranded;
  readonly #stops: (() => void)[] = [];
  readonly #last = new Map<StreamId, protocol.Timestamp>();
  /** For each question how others are there that has no answer yet: what was told of them since. */
  readonly #noticed = new Set<Map<UserId, protocol.Status>>();
  /** Streams that ended, until it is known whether their circles are there. */
  readonly #gone: (End & { readonly stream: StreamModel })[] = [];
  #stale: ReturnType<typeof setTimeout> | undefined;
  #ended = false;
  /** Whether the server told what there is. */
  #is_told = false;

  constructor(readonly client: Client, storage: Keep, private readonly watcher: Watcher = {}, own: Keep = storage) {
    this.circles = this.#circles;
    this.conversations = this.#conversations;
    this.blocked = this.#blocked;
    this.status = this.#status;
    this.admin = this.#admin;
    this.ready = this.#ready;
    this.shownAt = this.#shownAt;
    this.people = new People((users) => client.query({ users: { users } }));
    this.people.learn([client.user]);
    this.outbox = new Outbox(this.me, storage);
    this.drafts = new Drafts(this.me, storage, own);
    this.#stranded = new Stranded(client, this.outbox, this.drafts, (left) => this.watcher.stranded?.(left));
    this.preferences = new Preferences(this.me, storage, (key, value) => client.command({ set_preference: { key, value } }));
    // Before there is a connection, so that nobody is told otherwise first.
    if (isAway(get(this.preferences.values))) this.show("away");
    this.muted = mutedBy(this.preferences.values);
    this.uploads = new Uploads(client, new KeptFiles<Chosen>(this.me), () => client.welcome.limits.file_bytes, inTurn);
    this.singles = new Singles({
      held: (stream, seq) => this.stream(stream)?.feed.lines.message(seq),
      ask: (stream, message) => client.query({ message: { stream, message } }),
      wanted: (users) => this.people.want(users),
      isPassing: (error) => error instanceof KithError && (error.code.startsWith("client.") || error.retry_ms !== undefined),
    });
    this.#around = {
      client,
      outbox: this.outbox,
      uploads: this.uploads,
      isPast: () => get(this.#shownAt) !== undefined,
      wanted: (users) => this.people.want(users),
      met: (user) => this.people.meet([user]),
      noticed: (user, status) => {
        this.present.update((present) => new Map(present).set(user, status));
        for (const noticed of this.#noticed) noticed.set(user, status);
      },
      left: (user) => {
        if (this.isThere(user)) this.#learnPresentAgain();
      },
      renamed: () => this.people.again(),
      posted: (stream, event) => this.#posted(stream, event),
      changed: ({ id }, message) => this.singles.changed(id, message),
      ended: (stream, removed) => this.#lost(stream, removed),
      stranded: (op) => { if (!this.#ended) this.#stranded.refused(op); },
      stale: () => this.stale(),
      refused: (error) => this.refused(error),
    };
    this.#stops.push(client.follow({ feed: this.me }, (update) => this.#told(update)));
    let was_online = false;
    this.#stops.push(client.connection.subscribe(({ state }) => {
      if (state !== "online") return;
      this.shareOutbox();
      this.outbox.online();
      this.uploads.online();
      this.singles.again();
      // What is not followed may have changed while there was no connection. Of the first, `start` asks.
      if (was_online) {
        this.stale();
        this.#renewPeople();
      }
      was_online = true;
    }));
  }

  /** Who the user is. */
  get me(): UserId {
    return this.client.user.id;
  }

  /** How the user was shown when the page connected. */
  get self(): protocol.User {
    return this.client.user;
  }

  /** What the server takes at most. */
  get limits(): protocol.Limits {
    return this.client.welcome.limits;
  }

  get connection(): Readable<Connection> {
    return this.client.connection;
  }

  /** The address of a file. */
  fileAddress(...asked: Parameters<Client["fileAddress"]>): string {
    return this.client.fileAddress(...asked);
  }

  /** Brings a file from the server; rejects where that fails. */
  download(...asked: Parameters<Client["download"]>): ReturnType<Client["download"]> {
    return this.client.download(...asked);
  }

  /** The address of the picture that a user is shown with, where there is one. */
  avatar(user: protocol.User | undefined): string | undefined {
    return user === undefined ? undefined : this.client.avatarAddress(user);
  }

  /** The same of a circle. */
  icon(circle: Pick<protocol.Circle, "id" | "icon">): string | undefined {
    return this.client.iconAddress(circle);
  }

  stream(id: StreamId): StreamModel | undefined {
    return this.#streams.get(id);
  }

  circle(id: CircleId): CircleModel | undefined {
    return get(this.#circles).find((circle) => circle.id === id);
  }

  /** Every stream and conversation that there is. */
  all(): Iterable<StreamModel> {
    return this.#streams.values();
  }

  /** Shows what was kept, until the server tells what there is. */
  recall(past: Past): void {
    this.people.learn(past.users);
    this.#blocked.set(new Set(past.blocked));
    this.#shownAt.set(past.at_ms);
    this.#learn(past.window, past.streams);
  }

  /** Learns what there is, and sends what waited. */
  async start(): Promise<void> {
    const is_recalled = get(this.#shownAt) !== undefined;
    const recalled = new Set(this.#streams.keys());
    const before = this.#stranded.now();
    const learned = this.refresh();
    if (!get(this.#ready)) await learned;
    for (const { op, stream, draft, sent } of this.outbox.all()) {
      if (!this.outbox.holds(op)) this.#streams.get(stream)?.carry(op, draft, sent).catch(() => {});
    }
    if (is_recalled) void learned.then(() => this.#renewPeople(), () => {});
    const [blocks, preferences] = await Promise.all([this.client.query({ blocks: {} }), this.client.query({ preferences: {} }), learned]);
    this.#blocked.set(new Set(blocks));
    this.preferences.learn(preferences);
    // Of what a page before showed it is told as of what ends now.
    void this.#stranded.tell(before, (id) => this.#streams.has(id) || recalled.has(id));
  }

  /** Another tab sent what waits, or took it back: here it is not sent any more. */
  letGo(op: protocol.OpId): void {
    const held = this.outbox.drop(op);
    if (held !== undefined) this.#streams.get(held.stream)?.letGo(op, held.draft.thread);
  }

  /**
   * What another tab wrote without a connection is sent by whichever of them is connected first. What has
   * files stays with it.
   */
  shareOutbox(): void {
    for (const { op, stream, draft, sent } of this.outbox.all()) {
      const is_shared = sent !== true && (draft.uploads ?? []).length === 0 && !this.outbox.holds(op);
      if (is_shared) this.#streams.get(stream)?.carry(op, draft).catch(() => {});
    }
  }

  /**
   * Tells that something did not come about, unless the page itself ended it, or it was asked of a stream
   * that is gone: that is told by its end.
   */
  refused(error: unknown): void {
    const is_over = error instanceof KithError && (error.code === "client.closed" || error.code === "stream.not_found");
    if (!this.#ended && !is_over) this.watcher.refused?.(error);
  }

  /** Shows how the user is there, here and to others. */
  show(status: Own): void {
    this.#status.set(status);
    // What keeps it from being told now does not last: it is told with the next connection as well.
    this.client.presence(status).catch(() => {});
  }

  /** Asks how those are there with whom the user talks. */
  async learnPresent(): Promise<void> {
    const noticed = new Map<UserId, protocol.Status>();
    this.#noticed.add(noticed);
    try {
      const all = await this.client.query({ present_in_conversations: {} });
      // The answer says how each of them was at some time since: what was told meanwhile is newer.
      this.present.set(new Map([...all.map(({ user, status }) => [user, status] as const), ...noticed]));
    } finally {
      this.#noticed.delete(noticed);
    }
  }

  /** Whether it is known of somebody with whom the user talks that they are there. */
  isThere(user: UserId): boolean {
    return (get(this.present).get(user) ?? "offline") !== "offline";
  }

  /** Without a connection nobody is known to be there; what was told before it is not newer than what comes with the next. */
  forgetPresent(): void {
    this.present.set(new Map());
    for (const noticed of this.#noticed) noticed.clear();
  }

  /** They may have left the last circle because of which the user was told of them. */
  #learnPresentAgain(): void {
    this.learnPresent().catch(() => {});
  }

  /** Sets something that follows the user over devices; that it did not come about is said. */
  async prefer(key: string, value: Json): Promise<void> {
    await this.preferences.set(key, value).catch((error: unknown) => this.refused(error));
  }

  /** Makes a change; `undefined` where it did not come about, which is then said. */
  async act(command: protocol.Command): Promise<protocol.Outcome | undefined> {
    try {
      return await this.client.command(command);
    } catch (error) {
      this.refused(error);
      return undefined;
    }
  }

  /** Asks what there is once more, a little later. */
  stale(): void {
    this.#stale ??= setTimeout(() => {
      this.#stale = undefined;
      this.refresh().catch((error: unknown) => this.refused(error));
    }, STALE_MS);
  }

  /** Asks what there is. */
  async refresh(): Promise<void> {
    const window = await this.client.query({ window: {} });
    if (this.#ended) return;
    this.#shownAt.set(undefined);
    this.#learn(window);
    this.#is_told = true;
  }

  /** Learns who else is in the user's circles; where that fails, those who were met are known. */
  learnMembers(): void {
    for (const circle of get(this.#circles)) circle.learnMembers().catch(() => {});
  }

  /** Asks how everybody is shown by now; where that fails, they are shown as they were. */
  #renewPeople(): void {
    this.people.renewAll().catch(() => {});
  }

  #learn(window: protocol.Window, kept: Past["streams"] = new Map()): void {
    const seen = new Set<StreamId>();
    const circles = window.circles.map((of) => {
      const held = this.circle(of.circle.id);
      held?.told(of);
      const circle = held ?? new CircleModel(this.#around, of);
      const streams = of.streams.map((stream) => this.#hold(stream, circle, seen, kept));
      if (!isSame(get(circle.streams), streams)) circle.streams.set(streams);
      return circle;
    });
    const conversations = window.conversations
      .toSorted((one, two) => this.#lastIn(two.stream) - this.#lastIn(one.stream))
      .map((stream) => this.#hold(stream, undefined, seen, kept));
    for (const circle of get(this.#circles)) {
      if (!circles.includes(circle)) circle.end();
    }
    for (const [id, stream] of this.#streams) if (!seen.has(id)) this.#drop(stream, false);
    this.#circles.set(circles);
    this.#conversations.set(conversations);
    this.#admin.set(window.site_admin === true);
    this.#ready.set(true);
    for (const { stream, ...end } of this.#gone.splice(0)) {
      const circle = stream.circle;
      if (circle !== undefined && circles.includes(circle)) this.watcher.gone?.(stream, circle, end);
    }
  }

  #hold(of: protocol.StreamWindow, circle: CircleModel | undefined, seen: Set<StreamId>, kept: Past["streams"]): StreamModel {
    const { id } = of.stream;
    seen.add(id);
    const held = this.#streams.get(id);
    if (held !== undefined) {
      held.told(of);
      return held;
    }
    const past = kept.get(id);
    // Of a conversation that somebody began while one was here all is told, its first message above all.
    const is_begun = this.#is_told && circle === undefined && of.unread > 0 && of.unread <= BEGUN_MAX;
    // What happened after the messages that were kept is told from there.
    const from = is_begun ? { ...of, head: of.read, unread: 0, mentions: 0 } : { ...of, head: past?.head ?? of.head };
    const stream = new StreamModel(this.#around, from, circle, past?.messages);
    this.#streams.set(id, stream);
    return stream;
  }

  /** Ends the connection. */
  close(): void {
    this.end();
    this.client.close();
  }

  /** Lets everything go. */
  end(): void {
    this.#ended = true;
    this.#stranded.end();
    this.uploads.end();
    this.people.end();
    clearTimeout(this.#stale);
    for (const stop of this.#stops) stop();
    for (const circle of get(this.#circles)) circle.end();
    for (const stream of this.#streams.values()) stream.end();
  }

  /** The stream, once it is known: one that was made, joined or opened just now, say. */
  async find(id: StreamId): Promise<StreamModel | undefined> {
    if (!this.#streams.has(id)) await this.refresh();
    return this.#streams.get(id);
  }

  /** When something happened last in a conversation, as far as it was seen. */
  #lastIn({ id, created_at }: protocol.Stream): number {
    return this.#last.get(id) ?? created_at;
  }

  #posted(stream: StreamModel, event: protocol.Event): void {
    if (stream.circle === undefined) {
      this.#last.set(stream.id, event.at);
      this.#conversations.update((all) => (all[0] === stream ? all : [stream, ...all.filter((one) => one !== stream)]));
    }
    this.watcher.posted?.(stream, event);
  }

  #drop(stream: StreamModel, removed: boolean): void {
    this.#gone.push({ stream, here: stream.isHere, removed });
    this.#streams.delete(stream.id);
    stream.end();
    this.singles.lost(stream.id);
  }

  #lost(stream: StreamModel, removed: boolean): void {
    this.#drop(stream, removed);
    stream.circle?.streams.update((all) => all.filter((one) => one !== stream));
    this.#conversations.update((all) => all.filter((one) => one !== stream));
    this.stale();
  }

  #told(update: FeedUpdate): void {
    if (update.kind === "snapshot" && update.reset !== undefined) {
      // What happened meanwhile is not told one by one.
      this.client.query({ preferences: {} }).then((all) => this.preferences.learn(all), (error: unknown) => this.refused(error));
    }
    if (update.kind !== "event") return;
    const { body } = update.event;
    switch (body.kind) {
      case "preference_set":
        this.preferences.told(body.key, body.value);
        break;
      case "circle_left": {
        const circle = this.circle(body.circle);
        if (circle !== undefined && body.how !== "left") {
          const ended = this.#gone.filter(({ stream }) => stream.circle === circle);
          this.watcher.removed?.(circle, body.how, [...get(circle.streams), ...ended.map(({ stream }) => stream)].map(({ id }) => id));
        }
        this.#learnPresentAgain();
        this.stale();
        break;
      }
      case "read_to":
        // What means the user in a thread counts for its stream as well.
        if (body.thread !== undefined) this.#streams.get(body.stream)?.countThreads();
        this.#streams.get(body.stream)?.count().catch((error: unknown) => this.refused(error));
        break;
      case "blocked":
        this.#blocked.update((blocked) => new Set(blocked).add(body.user));
        break;
      case "unblocked":
        this.#blocked.update((blocked) => new Set([...blocked].filter((user) => user !== body.user)));
        break;
      default:
        this.stale();
    }
  }
}

function isSame<T>(one: readonly T[], two: readonly T[]): boolean {
  return one.length === two.length && one.every((item, place) => item === two[place]);
}
