// A connection's protocol without I/O: texts, calls and the time go in; texts, updates and results
// come out. It outlives the sockets it is spoken over, and so brings everything to its end.
//
// Every request keeps its id and every operation its name until it is answered. After a
// reconnection the feeds are resumed first and what has no answer is then said again.

import { Backoff, LAST_MS } from "../backoff.js";
import { KithError } from "../error.js";
import { parse, stringify } from "../json.js";
import { VERSION, type Auth, type FeedId, type Hello, type OpId, type Problem, type Push, type Request, type Status, type Subscribe, type Welcome } from "../protocol.js";
import { Feeds } from "./feeds.js";
import { isOfNow, notConnected, Pending, type Answered, type Ask } from "./pending.js";
import type { Update } from "./update.js";

/** How long the server may take to answer the hello. */
export const WELCOME_MS = 10_000;
/** Requests that may be without an answer at a time. */
export const PENDING_MAX = 1024;
/**
 * The share of the rate that the server allows which a client makes use of: what is sent evenly may
 * arrive in bunches.
 */
const RATE_SHARE = 0.9;
/** What an answer of a provider costs of what may be sent: the server lets it say more. */
const ANSWER_COST = 1 / 20;
/** What showing something costs of it: the server lets it be done more often, too. */
const AWARE_COST = 1 / 10;
/** Feeds in one request: many more would not fit into the largest frame that servers take. */
const SUBSCRIBE_MAX = 200;

/** What is to be done, in this order. */
export type Output =
  /** Send this as one message. */
  | { kind: "send"; text: string }
  /** What was asked under this number has come to its end. */
  | { kind: "settled"; id: number; result: Answered | KithError }
  /** Tell this to the application. */
  | { kind: "update"; update: Update }
  /** The connection is of no use any more: drop it and tell `lost`. */
  | { kind: "hang_up"; why: string };

type Phase =
  | { is: "offline" | "stopped" }
  | { is: "greeting" | "online"; since_ms: number };

const failure = (code: string, message: string) => new KithError({ code, message });

/**
 * The state of a client, from its making to its end. Times are milliseconds of any clock that does
 * not go back.
 */
export class Session {
  /** How the user is there: every hello says it. */
  status: Status = "online";

  #auth: Auth;
  readonly #label: string | undefined;
  #phase: Phase = { is: "offline" };
  /** How the last hello said that the user is there. */
  #greeted: Status = "online";
  #welcome: Welcome | undefined;
  #bye: Problem | undefined;
  #stopped: Problem | undefined;
  readonly #backoff = new Backoff();
  #next_id = 1;
  readonly #pending = new Map<number, Pending>();
  readonly #subscribing = new Map<number, FeedId[]>();
  readonly #feeds = new Feeds((update) => this.#out.push({ kind: "update", update }));
  #heard_ms = 0;
  #said_ms = 0;
  /** Requests that may be sent at once, as it was when one was last sent; below 0 after more. */
  #allowance = 0;
  #allowed_ms = 0;
  #out: Output[] = [];

  /**
   * A client that is not connected yet. `label` is what a session is called that begins with a password,
   * `welcome` how one before was welcomed.
   */
  constructor(auth: Auth, label?: string, welcome?: Welcome) {
    this.#auth = auth;
    this.#label = label;
    this.#welcome = welcome;
  }

  /** The next thing to do; `undefined` until more goes in. */
  poll(): Output | undefined {
    return this.#out.shift();
  }

  /** The last welcome. */
  get welcome(): Welcome | undefined {
    return this.#welcome;
  }

  /** Why the client is not let in any longer, if that is so. */
  get stopped(): Problem | undefined {
    return this.#stopped;
  }

  /** Asks something; its end is told as settled under the number that is returned. */
  ask(ask: Ask, now_ms: number): number {
    const id = this.#number();
    const end = this.#stopped !== undefined ? new KithError(this.#stopped)
      : isOfNow(ask) && !this.#isOnline() ? notConnected()
      : this.#pending.size >= PENDING_MAX
        ? new KithError({ code: "client.busy", message: "too much waits for an answer already", retry_ms: 1000 })
      : undefined;
    if (end !== undefined) {
      this.#settle(id, end);
    } else {
      this.#pending.set(id, new Pending(ask));
      this.#say(now_ms);
    }
    return id;
  }

  /** Whether an operation waits to be sent and has certainly not been done. */
  isUnsent(op: OpId): boolean {
    return this.#unsent(op) !== undefined;
  }

  /** Takes an operation back that was not sent; whether it was. It then ends with `client.taken_back`. */
  withdraw(op: OpId): boolean {
    const id = this.#unsent(op);
    if (id !== undefined) this.#settle(id, failure("client.taken_back", "it was taken back before it was sent"));
    return id !== undefined;
  }

  #unsent(op: OpId): number | undefined {
    for (const [id, { ask, isUnsent }] of this.#pending) {
      if (isUnsent && "do" in ask && ask.op === op) return id;
    }
    return undefined;
  }

  /**
   * Follows a feed, now and on every later connection, until it is closed, refused or unsubscribed.
   * A feed that is followed already begins anew.
   */
  subscribe(wish: Subscribe, now_ms: number): void {
    this.#feeds.want(wish);
    this.#say(now_ms);
  }

  /** Follows a feed no longer. */
  unsubscribe(feed: FeedId, now_ms: number): void {
    if (this.#feeds.forget(feed) && this.#isOnline()) {
      this.#send({ id: this.#number(), unsubscribe: [feed] }, now_ms);
    }
  }

  /** A connection is open: the hello goes out. */
  opened(now_ms: number): void {
    this.#phase = { is: "greeting", since_ms: now_ms };
    this.#bye = undefined;
    const label = this.#label === undefined ? {} : { label: this.#label };
    this.#greeted = this.status;
    const hello: Hello = { v: VERSION, auth: this.#auth, ...label, ...(this.status === "online" ? {} : { status: this.status }) };
    this.#heard_ms = now_ms;
    this.#said_ms = now_ms;
    this.#out.push({ kind: "send", text: stringify(hello) });
  }

  /** A message came. */
  received(text: string, now_ms: number): void {
    this.#heard_ms = now_ms;
    if (this.#phase.is === "offline" || this.#phase.is === "stopped") return;
    const push = readPush(text);
    if (push !== undefined && "bye" in push) {
      this.#bye = push.bye;
    } else if (this.#phase.is === "greeting") {
      if (push !== undefined && "welcome" in push) this.#welcomed(push.welcome, now_ms);
      else this.#hangUp("the server did not answer with a welcome");
    } else if (push === undefined) {
      this.#hangUp("a message cannot be read");
    } else {
      this.#pushed(push, now_ms);
    }
    this.#say(now_ms);
  }

  #welcomed(welcome: Welcome, now_ms: number): void {
    // The password began a session, which is now continued: another hello with the password would
    // begin another.
    if (welcome.token !== undefined) this.#auth = { token: welcome.token };
    this.#phase = { is: "online", since_ms: now_ms };
    this.#welcome = welcome;
    this.#allowance = welcome.limits.burst * RATE_SHARE;
    this.#allowed_ms = now_ms;
    this.#out.push({ kind: "update", update: { kind: "connected", welcome } });
    if (this.status !== this.#greeted) this.ask({ signal: { presence: { status: this.status } } }, now_ms);
  }

  #pushed(push: Push, now_ms: number): void {
    if ("ok" in push) {
      this.#answered(push.ok.id, push.ok, now_ms);
    } else if ("error" in push) {
      const { id, ...problem } = push.error;
      if (id === undefined) this.#notUnderstood(problem);
      else this.#failed(id, problem, now_ms);
    } else if ("subscribed" in push) {
      this.#feeds.subscribed(push.subscribed, now_ms);
    } else if ("event" in push) {
      this.#feeds.event(push.event, now_ms);
    } else if ("events" in push) {
      this.#feeds.events(push.events, now_ms);
    } else if ("run" in push) {
      const { events, seq, by: first, ...shared } = push.run;
      let by = first;
      events.forEach(({ op, by: other, ...did }, place) => {
        by = other ?? by;
        const who = { ...(by === undefined ? {} : { by }), ...(op === undefined ? {} : { op }) };
        const body = "fact" in did ? { kind: "changed" as const, fact: did.fact } : did.body;
        this.#feeds.event({ ...shared, ...who, body, seq: seq + place }, now_ms);
      });
    } else if ("hidden" in push) {
      this.#feeds.hidden(push.hidden.feed, push.hidden.seq, now_ms);
    } else if ("signal" in push) {
      this.#out.push({ kind: "update", update: { kind: "signal", ...push.signal } });
    } else if ("aware" in push) {
      this.#out.push({ kind: "update", update: { kind: "aware", ...push.aware } });
    } else if ("service" in push) {
      this.#out.push({ kind: "update", update: { kind: "service", told: push.service } });
    } else if ("lagged" in push) {
      this.#feeds.lagged(push.lagged.feeds, now_ms);
    } else if ("closed" in push) {
      this.#feeds.closed(push.closed.feed, push.closed.removed === true);
    }
  }

  #answered(id: number, answer: Answered, now_ms: number): void {
    const feeds = this.#subscribing.get(id);
    if (feeds !== undefined) {
      this.#subscribing.delete(id);
      this.#feeds.served(feeds, now_ms);
      return;
    }
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#settle(id, pending.fits(answer) ? answer
      : failure("client.unexpected", "the server gave an answer that does not fit the question"));
  }

  #failed(id: number, problem: Problem, now_ms: number): void {
    const feeds = this.#subscribing.get(id);
    if (feeds !== undefined) {
      this.#subscribing.delete(id);
      this.#feeds.notServed(feeds, problem, now_ms);
      return;
    }
    const pending = this.#pending.get(id);
    if (pending !== undefined && !pending.isAgain(problem, now_ms)) this.#settle(id, new KithError(problem));
  }

  /**
   * The server could not read a request and cannot say which. If only one is on its way, that is
   * the one.
   */
  #notUnderstood(problem: Problem): void {
    const sent = [...this.#pending].filter(([, pending]) => pending.due_at === undefined);
    const [only] = sent;
    if (only !== undefined && sent.length === 1) this.#settle(only[0], new KithError(problem));
  }

  #settle(id: number, result: Answered | KithError): void {
    this.#pending.delete(id);
    this.#out.push({ kind: "settled", id, result });
  }

  /**
   * The connection is gone, or could not be opened. The milliseconds after which to try again;
   * `undefined` when the server does not want this client to.
   *
   * `code` is that of the server's close frame, `random` from 0 up to 1, `why` for a person.
   */
  lost(code: number | undefined, why: string, random: number, now_ms: number): number | undefined {
    if (this.#phase.is === "online" && now_ms - this.#phase.since_ms >= LAST_MS) this.#backoff.reset();
    this.#phase = { is: "offline" };
    this.#feeds.offline();
    this.#subscribing.clear();
    this.#out = this.#out.filter(({ kind }) => kind === "settled" || kind === "update");
    for (const [id, pending] of this.#pending) {
      if (!pending.survives()) this.#settle(id, pending.loss());
    }
    const bye = this.#bye;
    this.#bye = undefined;
    const end = endOf(code, bye);
    if (end !== undefined) {
      this.#stop(end);
      return undefined;
    }
    const retry_in_ms = this.#backoff.pause(bye?.retry_ms, random);
    const told = bye === undefined ? why : `${bye.message} (${bye.code})`;
    this.#out.push({ kind: "update", update: { kind: "disconnected", retry_in_ms, why: told } });
    return retry_in_ms;
  }

  #stop(problem: Problem): void {
    this.#phase = { is: "stopped" };
    this.#stopped = problem;
    for (const id of [...this.#pending.keys()]) this.#settle(id, new KithError({ ...problem, unknown: true }));
    this.#out.push({ kind: "update", update: { kind: "stopped", problem } });
  }

  /** When `tick` is next of use. */
  deadline(): number | undefined {
    if (this.#phase.is === "greeting") return this.#phase.since_ms + WELCOME_MS;
    if (this.#phase.is !== "online") return undefined;
    const heartbeat = this.#heartbeat();
    const free = this.#freeAt();
    let least = Math.min(this.#said_ms + heartbeat, this.#heard_ms + heartbeat * 2.5);
    for (const { due_at } of this.#pending.values()) {
      if (due_at !== undefined) least = Math.min(least, Math.max(due_at, free));
    }
    return Math.min(least, this.#feeds.dueAt() ?? least);
  }

  /** Time has passed. */
  tick(now_ms: number): void {
    if (this.#phase.is === "greeting") {
      if (now_ms >= this.#phase.since_ms + WELCOME_MS) this.#hangUp("the server did not answer in time");
    } else if (this.#phase.is === "online") {
      const heartbeat = this.#heartbeat();
      if (now_ms >= this.#heard_ms + heartbeat * 2.5) {
        this.#hangUp("the server gave no sign of life");
      } else if (now_ms >= this.#said_ms + heartbeat) {
        this.#send({ id: this.#number(), get: { ping: {} } }, now_ms);
      }
      this.#say(now_ms);
    }
  }

  #hangUp(why: string): void {
    this.#out.push({ kind: "hang_up", why });
  }

  #isOnline(): boolean {
    return this.#phase.is === "online";
  }

  #heartbeat(): number {
    // Nobody means to ping without pause, whatever the number says.
    return Math.max(this.#welcome?.heartbeat_ms ?? WELCOME_MS, 100);
  }

  #number(): number {
    this.#next_id += 1;
    return this.#next_id - 1;
  }

  /** Sends what is to be sent now: first which feeds to resume, then what has no answer. */
  #say(now_ms: number): void {
    if (!this.#isOnline()) return;
    const told = this.#welcome?.limits.subscribe_max ?? SUBSCRIBE_MAX;
    const max = Math.max(1, Math.min(told, SUBSCRIBE_MAX));
    for (;;) {
      const subscribe = this.#feeds.due(now_ms, max);
      if (subscribe.length === 0) break;
      const id = this.#number();
      this.#subscribing.set(id, subscribe.map((wish) => wish.feed));
      this.#send({ id, subscribe }, now_ms);
    }
    for (const [id, pending] of this.#pending) {
      if (pending.due_at === undefined || pending.due_at > now_ms) continue;
      // Rather later than refused; in the order in which they were asked.
      if (this.#freeAt() > now_ms) break;
      if (!this.#send(pending.request(id), now_ms)) {
        this.#settle(id, failure("input.too_large", "this is more than the server takes"));
      }
    }
  }

  /**
   * Sends a request, if it is not larger than the server takes: it would close the connection, and
   * be sent again on every later one.
   */
  #send(request: Request, now_ms: number): boolean {
    const text = stringify(request);
    const limits = this.#welcome?.limits;
    const max = isUpdate(request) ? limits?.update_bytes : limits?.frame_bytes;
    if (bytesOf(text) > (max ?? Infinity)) return false;
    this.#said_ms = now_ms;
    this.#allowance = this.#allowanceAt(now_ms) - costOf(request);
    this.#allowed_ms = now_ms;
    this.#out.push({ kind: "send", text });
    return true;
  }

  #allowanceAt(now_ms: number): number {
    const { burst = 1, per_second = 1 } = this.#welcome?.limits ?? {};
    const more = ((now_ms - this.#allowed_ms) / 1000) * per_second * RATE_SHARE;
    return Math.min(burst * RATE_SHARE, this.#allowance + more);
  }

  /** When the next request may be sent. */
  #freeAt(): number {
    const per_second = Math.max(this.#welcome?.limits.per_second ?? 1, 1);
    const lacking = 1 - this.#allowance;
    return lacking <= 0 ? 0 : this.#allowed_ms + Math.ceil((lacking * 1000) / (per_second * RATE_SHARE));
  }
}

/** What a request costs of what may be sent. */
function costOf(request: Request): number {
  if (isAnswer(request)) return ANSWER_COST;
  return request.signal !== undefined && "aware" in request.signal ? AWARE_COST : 1;
}

/** Whether a request is a provider's answer to a call. */
function isAnswer({ service = { cancel: { call: 0 } } }: Request): boolean {
  return ["item", "progress", "done", "fail"].some((kind) => kind in service);
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** A frame of the server; `undefined` for what is none. Kinds of frames that are not known are let pass. */
function readPush(text: string): Push | undefined {
  try {
    const push = parse(text);
    return typeof push === "object" && push !== null && !Array.isArray(push) ? (push as unknown as Push) : undefined;
  } catch {
    return undefined;
  }
}

/** Why the client should not come back, if it should not. */
function endOf(code: number | undefined, bye: Problem | undefined): Problem | undefined {
  // A farewell that says when to come back is not for good, whatever the code.
  if (bye !== undefined && (bye.retry_ms !== undefined || bye.code === "auth.too_slow")) return undefined;
  switch (code) {
    case undefined:
      return bye;
    case 4401:
      return bye ?? { code: "auth.failed", message: "the server does not let you in" };
    case 4402:
      return bye ?? { code: "session.revoked", message: "this session has ended" };
    case 4408:
      return bye ?? { code: "client.abuse", message: "the server refuses this client" };
    case 1002:
    case 1007:
    case 1009:
      return bye ?? { code: "protocol.broken", message: "the server could not read what this client sent" };
    default:
      return undefined;
  }
}

/** Whether a request brings nothing but updates into texts: such a one may be larger than others. */
function isUpdate({ do: command }: Request): boolean {
  return command != null && "change" in command && command.change.changes.every(({ change }) => "update" in change);
}
