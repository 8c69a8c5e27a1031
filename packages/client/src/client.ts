// A connection to a server that mends itself: it resumes every feed without gap or repeat, and
// brings every operation to its end.

import { Aware, Awareness } from "./aware.js";
import { closed, KithError, unreachable } from "./error.js";
import { Driver } from "./driver.js";
import { Files, Upload, type ContentOptions, type DownloadOptions, type FilePlace, type UploadOptions } from "./files.js";
import type { Answer, Asked, Auth, Call, Card, Circle, CircleId, Command, Condition, FeedId, FileId, Offer, OpId, Outcome, Query, ServiceName, Signal, Status, StreamId, Subscribe, TopicId, User, Welcome } from "./protocol.js";
import type { FeedUpdate } from "./session/update.js";
import { Listeners, Watchers, type Store } from "./store.js";
import type { SocketType } from "./socket.js";
import { Stream, type StreamOptions } from "./stream.js";
import type { AnyKind, HandleOf, Sink } from "./topic/handle.js";
import type { Topics } from "./topics.js";
import { type Judge, judging } from "./guard.js";
import { Services, type CallOptions, type Offered, type Provide } from "./services.js";
import type { Json, JsonObject } from "./json.js";
import { open, type Handles, type OpenOptions, type Schema } from "./schema.js";

/** How to connect. */
export interface Options {
  /** The server: `http(s)://host[:port][/base]`. In a page, its own origin unless told otherwise. */
  url?: string;
  /**
   * Who the client is. A password is used once; the session that it begins is then continued by its
   * token, which the welcome holds.
   */
  auth: Auth;
  /** What a session is called that begins with a password, at most 64 characters. */
  label?: string;
  /** The WebSocket to speak over; needed where there is no global one, as in Node 20: `ws`. */
  WebSocket?: SocketType;
}

/** How the connection is. */
export type Connection =
  | { state: "online" }
  | { state: "offline"; retry_in_ms: number; why: string }
  | { state: "stopped"; error: KithError };

type KeyOf<T> = T extends unknown ? keyof T : never;
/** The field of the answer, where it is not called as the query is. */
interface AnswerNames {
  ping: "pong";
  topic_by_name: "topic";
  user_by_name: "user";
  present_in_conversations: "present";
  public_circles: "circles";
}
type AnswerName<K> = K extends keyof AnswerNames ? AnswerNames[K] : K;
/** The answer to a query. */
export type AnswerTo<Q extends Query> = Extract<Answer, { [K in AnswerName<KeyOf<Q>> & string]: unknown }>[
  AnswerName<KeyOf<Q>> & KeyOf<Answer>
];

/** Changes that a transaction is made of: `t(topic)` is the topic to be changed within it. */
export type Changes = <B>(topic: { bind(sink: Sink<void>): B }) => B;

/** What a transaction depends on. */
export interface TransactionOptions {
  /** What must hold before, as `topic.equals(…)` and `topic.unchanged()` say it. */
  when?: readonly Condition[];
  /** What makes it one step to undo with the user's last one, when that has the same: all of a drag, say. */
  group?: string;
}

/** A client of a Kith server. */
export class Client {
  readonly #driver: Driver;
  /** What keeps topics in sync, once it was loaded: whoever only talks does without. */
  #topics: Topics | undefined;
  readonly #services: Services;
  readonly #awareness: Awareness;
  readonly #files: Files;
  readonly #connection: Watchers<Connection>;
  readonly #refusals = new Listeners<[KithError, readonly Asked[]]>();

  private constructor(driver: Driver, options: Options, connection: Connection) {
    this.#driver = driver;
    // The driver sees to it that one of them is there.
    const url = options.url ?? globalThis.location.origin;
    this.#files = new Files(url, options.auth, () => driver.welcome?.token);
    this.#connection = new Watchers<Connection>(connection);
    driver.onConnection = (update) => {
      if (update.kind === "connected") {
        this.#services.online();
        this.#connection.set({ state: "online" });
      } else if (update.kind === "stopped") {
        this.#services.offline();
        this.#awareness.offline();
        this.#connection.set({ state: "stopped", error: new KithError(update.problem) });
      } else {
        this.#topics?.offline();
        this.#awareness.offline();
        this.#services.offline();
        this.#connection.set({ state: "offline", retry_in_ms: update.retry_in_ms, why: update.why });
      }
    };
    this.#services = new Services(driver);
    this.#awareness = new Awareness(driver);
  }

  /**
   * Connects. Only the first connection fails, with `client.unreachable` or the server's reason; a
   * later one is made again for as long as it takes, after pauses of up to 15 s or as long as the
   * server says.
   */
  static async connect(options: Options): Promise<Client> {
    const driver = new Driver(options);
    const client = new Client(driver, options, { state: "online" });
    await driver.connected;
    return client;
  }

  /**
   * A client as one was left that had this `welcome`: it is there at once and connects by itself, after
   * pauses as `connect` has them. What is asked meanwhile waits. `connection` says how it stands; it is
   * stopped where the server does not let it in any longer.
   */
  static resume(options: Options, welcome: Welcome): Client {
    return new Client(new Driver({ ...options, welcome }), options, { state: "offline", retry_in_ms: 0, why: "there was no connection yet" });
  }

  /** The last welcome: the token of a session that a password began, the server's limits. */
  get welcome(): Welcome {
    return this.#driver.welcome as Welcome;
  }

  /** Who the client is. */
  get user(): User {
    return this.welcome.user;
  }

  /** Whether there is a connection, and if not, why. */
  get connection(): Store<Connection> {
    return this.#connection;
  }

  /**
   * Calls `run` whenever the server refuses changes of topics that were shown already and now are
   * not. Whoever awaits the change learns it as well.
   */
  onRefused(run: (error: KithError, changes: readonly Asked[]) => void): () => void {
    return this.#refusals.add(run);
  }

  /** A name for an operation that nobody else gives. */
  newOp(): OpId {
    return this.#driver.newOp();
  }

  /**
   * Makes a change, under a new name unless one is given. Resolves when it is durable, or definitely
   * not made, however often the connection is lost meanwhile. Rejects with a `KithError`; where its
   * `unknown` is set, it may have been made.
   */
  async command(command: Command, op: OpId = this.#driver.newOp()): Promise<Outcome> {
    const answer = await this.#driver.ask({ op, do: command });
    return (answer as { done: Outcome }).done;
  }

  /**
   * Whether a change waits to be sent, for want of a connection say, and has certainly not been made: it
   * can be withdrawn.
   */
  isUnsent(op: OpId): boolean {
    return this.#driver.isUnsent(op);
  }

  /**
   * Takes a change back that was not sent yet, by the name under which it is made: `command` then rejects
   * with `client.taken_back`. Whether it was; what may have been sent goes on.
   */
  withdraw(op: OpId): boolean {
    return this.#driver.withdraw(op);
  }

  /** Asks a question, on the next connection if there is none now. */
  async query<const Q extends Query>(query: Q): Promise<AnswerTo<Q>> {
    const { got } = (await this.#driver.ask({ get: query })) as { got: Answer };
    return Object.values(got)[0] as AnswerTo<Q>;
  }

  /** Tells something to those who are there now. Rejects without a connection: it is not kept. */
  async signal(signal: Signal): Promise<void> {
    await this.#driver.ask({ signal });
  }

  /**
   * What this client and others show in a feed while it is followed: cursors, selections, colours. `S`
   * is what its programs have agreed to show.
   */
  aware<S extends JsonObject = JsonObject>(feed: FeedId): Aware<S> {
    return this.#awareness.of(feed) as unknown as Aware<S>;
  }

  /** Says that the user is at hand, or not: now, where there is a connection, and after every reconnection. */
  presence(status: Status): Promise<void> {
    return this.#driver.presence(status);
  }

  /**
   * Follows a feed as it is told, now and after every reconnection, until what is returned is called
   * or the feed is closed or refused. A feed is followed once at a time.
   */
  follow(wish: Subscribe, told: (update: FeedUpdate) => void): () => void {
    return this.#driver.follow(wish, told);
  }

  /**
   * Sends a file up, which a message can then refer to: `stream.send("", { files: [file.id] })`. It goes
   * on by itself after a lost connection.
   */
  upload(content: Blob, options: UploadOptions = {}): Upload {
    return new Upload(this.#files, content, options.op ?? this.newOp(), options);
  }

  /** Removes an own file that no message refers to, or what is there of an upload. Rejects with a `KithError`. */
  async removeFile(file: FileId): Promise<void> {
    await this.#files.send("DELETE", `/files/${file}`);
  }

  /**
   * The address of a file that a message refers to, or of one's own: for `src` and `href` where the
   * session is a cookie. With a token there is `download`.
   */
  fileAddress(place: FilePlace | FileId, options: ContentOptions = {}): string {
    return this.#files.address(place, options);
  }

  /**
   * The address of the small square image that a user is shown with, for `src` where the session is a
   * cookie; `undefined` of whoever has none. `set_avatar` sets one's own, of a file that was uploaded.
   */
  avatarAddress(user: Pick<User, "id" | "avatar">): string | undefined {
    return this.#files.icon(`/users/${user.id}/avatar`, user.avatar);
  }

  /** The same of a circle, as its members and `public_circles` have it; `set_icon` sets it. */
  iconAddress(circle: Pick<Circle, "id" | "icon">): string | undefined {
    return this.#files.icon(`/circles/${circle.id}/icon`, circle.icon);
  }

  /** Brings a file that a message refers to, or one's own. Rejects with a `KithError`. */
  download(place: FilePlace | FileId, options: DownloadOptions = {}): Promise<Blob> {
    return this.#files.bring(place, options);
  }

  /** The messages of a stream. Rejects when it cannot be followed. */
  stream(stream: StreamId, options: StreamOptions = {}): Promise<Stream> {
    return Stream.open(this, stream, options);
  }

  /**
   * A topic by its id, of the kind that is told. Rejects when there is none that may be read. The first one
   * loads the part of the SDK that keeps topics in sync, and rejects with `client.unreachable` where that
   * does not come.
   */
  async topic<K extends AnyKind>(topic: TopicId, kind: K): Promise<HandleOf<K>> {
    return (this.#topics ?? (await this.#loadTopics())).handle(topic, kind);
  }

  async #loadTopics(): Promise<Topics> {
    const { Topics } = await import("./topics.js").catch((error: unknown) => {
      throw unreachable(error);
    });
    this.#topics ??= new Topics(this.#driver, (error, changes) => this.#refusals.tell(error, changes));
    return this.#topics;
  }

  /** A topic of a circle by its name. */
  async topicByName<K extends AnyKind>(circle: CircleId, name: string, kind: K): Promise<HandleOf<K>> {
    const { topic } = await this.query({ topic_by_name: { circle, name } });
    return this.topic(topic.id, kind);
  }

  /** The topics of a schema in a circle; with `create`, those that are not there are made. */
  open<S extends Schema>(circle: CircleId, schema: S, options: OpenOptions = {}): Promise<Handles<S>> {
    return open(this, circle, schema, options);
  }

  /**
   * Makes several changes together or not at all: `work` makes them on `t(topic)`. They are shown at
   * once. Resolves with when they are durable; rejects with a `KithError` whose `change` says which of
   * them was refused.
   */
  transaction(work: (t: Changes) => void, options: TransactionOptions = {}): Promise<void> {
    const changes: Asked[] = [];
    work((topic) => topic.bind((change) => void changes.push(change)));
    if (this.#topics !== undefined) return this.#topics.change(changes, options);
    const changed = this.#loadTopics().then((topics) => topics.change(changes, options));
    // Whoever does not await it is told by `onRefused` alone.
    changed.catch(() => {});
    return changed;
  }

  /**
   * Takes back the user's last step in a circle, on whatever device it was made. With `skip` it is
   * forgotten instead, for others changed the same since and it cannot be taken back.
   */
  async undo(circle: CircleId, skip = false): Promise<void> {
    await this.command({ undo: { circle, ...(skip ? { skip } : {}) } });
  }

  /** Does the step again that was taken back last. */
  async redo(circle: CircleId, skip = false): Promise<void> {
    await this.command({ redo: { circle, ...(skip ? { skip } : {}) } });
  }

  /**
   * Offers a service to a circle, or a personal one without, on this connection and every later one:
   * `provide` answers its calls. Resolves when it is offered.
   */
  offer<A = Json>(offer: Offer, provide: Provide<A>): Promise<Offered> {
    return this.#services.offer(offer, provide as Provide);
  }

  /**
   * Guards the topics of a circle whose rules name `name`, on this and every later connection. It counts
   * where the user may `manage_feeds` in those topics. Resolves when it is offered.
   */
  guard(circle: CircleId, name: ServiceName, judge: Judge): Promise<Offered> {
    return this.#services.offer({ circle, name }, judging(judge));
  }

  /**
   * Calls a service and waits for its result. Rejects with a `KithError`: where its provider says
   * why, that is its `failure`; where `unknown` is set, it may have been done.
   */
  call(call: Call, options?: CallOptions): Promise<Json> {
    return this.#services.call(call, options);
  }

  /** Calls a service for a stream of items; leaving the loop over them cancels the call. */
  callStream(call: Call, options?: CallOptions): AsyncGenerator<Json, Json, void> {
    return this.#services.stream(call, options);
  }

  /** Calls `run` whenever it is told how a service of a circle that is followed is offered now. */
  onOffered(run: (card: Card) => void): () => void {
    return this.#services.onOffered(run);
  }

  /** Says goodbye and ends the client. What has no answer yet rejects with `client.closed`. */
  close(): void {
    this.#services.close();
    this.#awareness.offline();
    this.#driver.close();
    this.#connection.set({ state: "stopped", error: closed() });
  }
}
