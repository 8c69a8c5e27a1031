// Carries texts between a session and its sockets, one after another, and keeps its time.

import { closed, invalid, KithError } from "./error.js";
import type { Auth, FeedId, OpId, Status, Subscribe, Told, Welcome } from "./protocol.js";
import type { Answered, Ask } from "./session/pending.js";
import { Session, type Output } from "./session/session.js";
import type { ConnectionUpdate, FeedUpdate, TopicsUpdate, Update } from "./session/update.js";
import { addressOf, Socket, type SocketType } from "./socket.js";
import { call } from "./store.js";

/** The longest wait that timers take. */
const WAIT_MAX_MS = 2 ** 31 - 1;
/** Random bytes in the series of names that a client gives its operations. */
const SERIES_BYTES = 12;

interface Asker {
  resolve(answer: Answered): void;
  reject(error: KithError): void;
}

/** What a driver is made from. */
export interface DriverOptions {
  url?: string;
  auth: Auth;
  label?: string;
  WebSocket?: SocketType;
  /** How a client before was welcomed: then the first connection may take as long as any. */
  welcome?: Welcome;
}

/** The connection of a client, from its making to its end. */
export class Driver {
  /** Told of every change of the connection. */
  onConnection: (update: ConnectionUpdate) => void = () => {};
  /** Told what is told of feeds, before whoever follows them. */
  onFeed: (update: FeedUpdate) => void = () => {};
  /** Told of a feed that is followed no longer because nobody wants it any more. */
  onLeft: (feed: FeedId) => void = () => {};
  /** Told what is told of several topics. */
  onTopics: (update: TopicsUpdate) => void = () => {};
  /** Told what is told about services. */
  onService: (told: Told) => void = () => {};
  /** When the first connection stands; of one that was welcomed before, at once. */
  readonly connected: Promise<void>;

  readonly #session: Session;
  readonly #type: SocketType;
  readonly #address: string;
  readonly #series: string;
  readonly #waiting = new Map<number, Asker>();
  readonly #followers = new Map<FeedId, (update: FeedUpdate) => void>();
  #last_op = 0;
  #socket: Socket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reopen: ReturnType<typeof setTimeout> | undefined;
  #ready: { resolve(): void; reject(error: KithError): void } | undefined;
  #carrying = false;
  #closed = false;

  constructor({ url, auth, label, WebSocket, welcome }: DriverOptions) {
    const type = WebSocket ?? (globalThis.WebSocket as unknown as SocketType | undefined);
    if (type === undefined) throw invalid("there is no WebSocket here: give one as the option WebSocket");
    const origin = url ?? (globalThis.location as Location | undefined)?.origin;
    if (origin === undefined) throw invalid("the address of the server is missing: give it as the option url");
    this.#type = type;
    this.#address = addressOf(origin);
    this.#series = series();
    this.#session = new Session(auth, label, welcome);
    this.connected = welcome !== undefined ? Promise.resolve()
      : new Promise((resolve, reject) => (this.#ready = { resolve, reject }));
    this.#open();
  }

  get welcome(): Welcome | undefined {
    return this.#session.welcome;
  }

  /**
   * A name for an operation that nobody else gives: random bits that this client has for all of
   * them, and a number that grows, so that the server knows a new one without looking.
   */
  newOp(): OpId {
    this.#last_op += 1;
    return `${this.#series}-${this.#last_op}`;
  }

  /** Asks something; rejects with a `KithError`. */
  ask(ask: Ask): Promise<Answered> {
    return this.askNumbered(ask).answer;
  }

  /** Asks something; also tells the number under which it is asked. */
  askNumbered(ask: Ask): { id: number; answer: Promise<Answered> } {
    if (this.#closed) return { id: 0, answer: Promise.reject(closed()) };
    const id = this.#session.ask(ask, now());
    const answer = new Promise<Answered>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#carry();
    return { id, answer };
  }

  /** Says how the user is there: now, where there is a connection, and with every connection that comes. */
  async presence(status: Status): Promise<void> {
    this.#session.status = status;
    await this.ask({ signal: { presence: { status } } }).catch((error: KithError) => {
      // The next hello says it.
      if (error.code !== "client.not_connected") throw error;
    });
  }

  /** Whether an operation waits to be sent and has certainly not been done. */
  isUnsent(op: OpId): boolean {
    return !this.#closed && this.#session.isUnsent(op);
  }

  /** Takes an operation back that was not sent; whether it was. It then rejects with `client.taken_back`. */
  withdraw(op: OpId): boolean {
    if (this.#closed || !this.#session.withdraw(op)) return false;
    this.#carry();
    return true;
  }

  /**
   * Follows a feed until what is returned is called, or it is refused or closed. Throws
   * `client.followed` where it is followed already.
   */
  follow(wish: Subscribe, told: (update: FeedUpdate) => void): () => void {
    const { feed } = wish;
    if (this.#closed) throw closed();
    if (this.#followers.has(feed)) {
      throw new KithError({ code: "client.followed", message: "this feed is followed already" });
    }
    this.#followers.set(feed, told);
    this.#session.subscribe(wish, now());
    this.#carry();
    return () => {
      if (this.#followers.get(feed) !== told) return;
      this.#followers.delete(feed);
      this.onLeft(feed);
      this.#session.unsubscribe(feed, now());
      this.#carry();
    };
  }

  /** Has a feed that is followed told anew, from its present state. */
  restart(feed: FeedId): void {
    this.#session.subscribe({ feed }, now());
    this.#carry();
  }

  /** Says goodbye and ends. */
  close(): void {
    if (this.#closed) return;
    this.#end();
    this.#ready?.reject(closed());
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const asker of waiting) asker.reject(closed());
  }

  #end(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#reopen);
    this.#socket?.close();
    this.#socket = undefined;
    this.#followers.clear();
  }

  #open(): void {
    this.#socket = new Socket(this.#type, this.#address, {
      opened: () => {
        this.#session.opened(now());
        this.#carry();
      },
      came: (text) => {
        this.#session.received(text, now());
        this.#carry();
      },
      closed: (code, why) => this.#lost(code, why),
    });
  }

  #lost(code: number | undefined, why: string): void {
    this.#socket?.close();
    this.#socket = undefined;
    const pause = this.#session.lost(code, why, Math.random(), now());
    if (this.#ready !== undefined) {
      const { stopped } = this.#session;
      const error = stopped ?? { code: "client.unreachable", message: `the server cannot be reached: ${why}` };
      this.#ready.reject(new KithError(error));
      this.#ready = undefined;
      this.close();
      return;
    }
    if (pause !== undefined) this.#reopen = setTimeout(() => this.#open(), pause);
    this.#carry();
  }

  /** Does what the session wants done, also what comes of it. */
  #carry(): void {
    if (this.#carrying || this.#closed) return;
    this.#carrying = true;
    try {
      for (let output = this.#session.poll(); output !== undefined; output = this.#session.poll()) {
        this.#do(output);
      }
    } finally {
      this.#carrying = false;
    }
    this.#wait();
  }

  #do(output: Output): void {
    switch (output.kind) {
      case "send":
        this.#socket?.send(output.text);
        break;
      case "settled": {
        const asker = this.#waiting.get(output.id);
        this.#waiting.delete(output.id);
        if (output.result instanceof KithError) asker?.reject(output.result);
        else asker?.resolve(output.result);
        break;
      }
      case "hang_up":
        this.#lost(undefined, output.why);
        break;
      case "update":
        this.#tell(output.update);
    }
  }

  #tell(update: Update): void {
    if ("feed" in update) {
      this.onFeed(update);
      const told = this.#followers.get(update.feed);
      if (update.kind === "refused" || update.kind === "closed") this.#followers.delete(update.feed);
      if (told !== undefined) call([told], update);
      return;
    }
    if (update.kind === "events" || update.kind === "settled") {
      this.onTopics(update);
      return;
    }
    if (update.kind === "service") {
      this.onService(update.told);
      return;
    }
    if (update.kind === "connected") {
      this.#ready?.resolve();
      this.#ready = undefined;
    }
    this.onConnection(update);
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const deadline = this.#session.deadline();
    if (deadline === undefined || this.#closed) return;
    const wait = Math.min(Math.max(deadline - now(), 0), WAIT_MAX_MS);
    this.#timer = setTimeout(() => {
      this.#session.tick(now());
      this.#carry();
    }, wait);
  }
}

/** Milliseconds of a clock that does not go back. */
function now(): number {
  return performance.now();
}

function series(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SERIES_BYTES));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
