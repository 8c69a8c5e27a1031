// Offering services and calling them.

import type { Driver } from "./driver.js";
import { clean, closed, invalid, KithError } from "./error.js";
import type { Json } from "./json.js";
import type { Call, Called, Card, CircleId, Failure, Offer, Service, ServiceName, Told, Why } from "./protocol.js";
import { Listeners } from "./store.js";

/** Items that may be on their way to a caller unless told otherwise. */
const WINDOW = 16;
/** The most items that may be on their way. */
const WINDOW_MAX = 1000;
/** The pause before an offer is made again that was refused for the moment. */
const OFFER_AGAIN_MS = 1000;

/** Thrown by a provider: what its caller is told as the reason why there is no result. */
export class ServiceFailure extends Error {
  override readonly name = "ServiceFailure";

  /** `code` is for programs, `message` a sentence for a person. */
  constructor(readonly code: string, message: string, readonly data?: unknown) {
    super(message);
  }
}

/** A call that is to be answered. */
export interface Request {
  /** All that the server says of it: who calls, from where. */
  readonly called: Called;
  /** Aborted when the call has ended without an answer; its `reason` says why. */
  readonly signal: AbortSignal;
  /** Tells how far it is, to a caller who wants to know. */
  progress(value: unknown): void;
}

/**
 * Answers calls: with a result, or as a generator with a stream of items and then a result. What is
 * thrown becomes the reason: a `ServiceFailure` as it is, anything else as `provider.failed`.
 */
export type Provide<A = Json> = (args: A, request: Request) => unknown;

/** How a service is called. */
export interface CallOptions {
  /** Cancels the call. */
  signal?: AbortSignal;
  /** Told how far it is. */
  onProgress?: (value: Json) => void;
  /** Of a stream: how many items may be on their way; 16 unless set, at most 1000. */
  window?: number;
}

/** A service that is offered, on this connection and every later one. */
export interface Offered {
  /** Calls `run` when the server does not let it be offered any longer. */
  onEnd(run: (error: KithError) => void): () => void;
  /** Ends the offer; calls that were taken go on, unless `now` is true. */
  withdraw(now?: boolean): Promise<void>;
}

interface Standing {
  readonly offer: Offer;
  readonly provide: Provide;
  readonly ended: Listeners<[KithError]>;
  /** Told once, when it is offered first or cannot be. */
  first: { resolve(): void; reject(error: KithError): void } | undefined;
  timer?: ReturnType<typeof setTimeout>;
}

/** A call that is being answered. */
interface Serving {
  readonly abort: AbortController;
  credit: number;
  /** Waits for credit. */
  wake: () => void;
}

interface Open {
  item(value: Json): void;
  progress(value: Json): void;
}

/** What names an offer: the circle, unless it is personal, and the name there. */
const keyOf = (circle: CircleId | undefined, name: ServiceName) => `${circle ?? ""} ${name}`;

/** The services that a client offers, and its calls. */
export class Services {
  readonly #standing = new Map<string, Standing>();
  readonly #serving = new Map<number, Serving>();
  readonly #open = new Map<number, Open>();
  readonly #offered = new Listeners<[Card]>();

  constructor(private readonly driver: Driver) {
    driver.onService = (told) => this.#told(told);
  }

  /** A connection stands: what is offered is offered on it. */
  online(): void {
    for (const standing of this.#standing.values()) this.#say(standing);
  }

  /** The connection is gone, and with it the calls that came on it. */
  offline(): void {
    for (const id of [...this.#serving.keys()]) this.#end(id, "gone");
  }

  /** Nothing is offered any longer. */
  close(): void {
    this.offline();
    for (const { timer, first } of this.#standing.values()) {
      clearTimeout(timer);
      first?.reject(closed());
    }
    this.#standing.clear();
  }

  /** Calls `run` whenever it is told how a service of a circle that is followed is offered now. */
  onOffered(run: (card: Card) => void): () => void {
    return this.#offered.add(run);
  }

  /** Offers a service. Resolves when it is offered; rejects when the server refuses it. */
  async offer(offer: Offer, provide: Provide): Promise<Offered> {
    const key = keyOf(offer.circle, offer.name);
    if (this.#standing.has(key)) {
      throw new KithError({ code: "client.offered", message: "this service is offered already" });
    }
    const standing: Standing = { offer, provide, ended: new Listeners(), first: undefined };
    this.#standing.set(key, standing);
    await new Promise<void>((resolve, reject) => {
      standing.first = { resolve, reject };
      this.#say(standing);
    });
    return {
      onEnd: (run) => standing.ended.add(run),
      withdraw: async (now = false) => {
        if (this.#standing.get(key) !== standing) return;
        this.#standing.delete(key);
        const { circle, name } = offer;
        const place = circle === undefined ? { name } : { circle, name };
        await this.driver.ask({ service: { withdraw: { ...place, ...(now ? { now } : {}) } } });
      },
    };
  }

  #say(standing: Standing): void {
    clearTimeout(standing.timer);
    this.driver.ask({ service: { offer: standing.offer } }).then(
      () => {
        standing.first?.resolve();
        standing.first = undefined;
      },
      (error: KithError) => {
        // It is offered on the next connection.
        if (error.code === "client.not_connected") return;
        if (error.retry_ms === undefined) this.#dismiss(standing, error);
        else standing.timer = setTimeout(() => this.#say(standing), Math.max(error.retry_ms, OFFER_AGAIN_MS));
      },
    );
  }

  #dismiss(standing: Standing, error: KithError): void {
    const key = keyOf(standing.offer.circle, standing.offer.name);
    if (this.#standing.get(key) !== standing) return;
    this.#standing.delete(key);
    standing.first?.reject(error);
    standing.first = undefined;
    standing.ended.tell(error);
  }

  #told(told: Told): void {
    if ("called" in told) {
      void this.#serve(told.called);
    } else if ("item" in told) {
      this.#open.get(told.item.id)?.item(told.item.value);
    } else if ("progress" in told) {
      this.#open.get(told.progress.id)?.progress(told.progress.value);
    } else if ("credit" in told) {
      const serving = this.#serving.get(told.credit.call);
      if (serving === undefined) return;
      serving.credit += told.credit.more;
      serving.wake();
    } else if ("cancelled" in told) {
      this.#end(told.cancelled.call, told.cancelled.why);
    } else if ("withdrawn" in told) {
      const { circle, name, problem } = told.withdrawn;
      const standing = this.#standing.get(keyOf(circle, name));
      if (standing !== undefined) this.#dismiss(standing, new KithError(problem));
    } else if ("offered" in told) {
      this.#offered.tell(told.offered);
    }
  }

  /** A call has ended without an answer. */
  #end(id: number, why: Why): void {
    const serving = this.#serving.get(id);
    if (serving === undefined) return;
    this.#serving.delete(id);
    serving.abort.abort(why);
    serving.wake();
  }

  async #serve(called: Called): Promise<void> {
    const standing = this.#standing.get(keyOf(called.circle, called.name));
    if (standing === undefined) {
      this.#answer({ fail: { call: called.call, code: "provider.gone", message: "nobody here takes this call" } });
      return;
    }
    const serving: Serving = { abort: new AbortController(), credit: called.credit ?? 0, wake: () => {} };
    this.#serving.set(called.call, serving);
    const end = await this.#provide(standing, called, serving);
    // Who called does not wait for it any longer.
    if (this.#serving.get(called.call) !== serving) return;
    this.#serving.delete(called.call);
    this.#answer(end);
  }

  async #provide({ provide }: Standing, called: Called, serving: Serving): Promise<Service> {
    const { call } = called;
    const request: Request = {
      called,
      signal: serving.abort.signal,
      progress: (value) => {
        if (called.progress === true && this.#serving.get(call) === serving) {
          this.#answer({ progress: { call, value: clean(value ?? null) } });
        }
      },
    };
    try {
      const given = await provide(called.args, request);
      const value = isStream(given) ? await this.#stream(given, called, serving) : given;
      return { done: { call, value: clean(value ?? null) } };
    } catch (error) {
      return { fail: { call, ...failureOf(error) } };
    }
  }

  /** Sends items as the caller takes them; the result. */
  async #stream(stream: AsyncIterator<unknown>, called: Called, serving: Serving): Promise<unknown> {
    const { signal } = serving.abort;
    for (;;) {
      while (called.credit !== undefined && serving.credit <= 0 && !signal.aborted) {
        await new Promise<void>((resolve) => (serving.wake = resolve));
      }
      if (signal.aborted) {
        await stream.return?.();
        return undefined;
      }
      const { done, value } = await stream.next();
      if (done === true) return value;
      // Who wants a result alone gets that.
      if (called.credit === undefined || signal.aborted) continue;
      serving.credit -= 1;
      this.#answer({ item: { call: called.call, value: clean(value ?? null) } });
    }
  }

  #answer(service: Service): void {
    // A call whose end cannot be told has ended, or its connection has, which its caller is told.
    this.driver.ask({ service }).catch(() => {});
  }

  /** Calls a service and waits for its result. */
  async call(call: Call, { signal, onProgress }: CallOptions = {}): Promise<Json> {
    const { credit: _, ...plain } = call;
    return this.#invoke(plain, { item: () => {}, progress: onProgress ?? (() => {}) }, signal, onProgress !== undefined).end;
  }

  /** Calls a service for a stream: gives its items, and returns its result. */
  async *stream(call: Call, { signal, onProgress, window = WINDOW }: CallOptions = {}): AsyncGenerator<Json, Json, void> {
    if (!Number.isInteger(window) || window < 1) throw invalid("a window is a whole number from 1");
    const credit = Math.min(window, WINDOW_MAX);
    const items: Json[] = [];
    let wake = () => {};
    let ended: { value: Json } | { error: KithError } | undefined;
    const item = (value: Json) => {
      // The server sees to it that no more come than were asked for.
      items.push(value);
      wake();
    };
    const { id, end } = this.#invoke({ ...call, credit }, { item, progress: onProgress ?? (() => {}) }, signal, onProgress !== undefined);
    end.then((value) => (ended = { value }), (error: KithError) => (ended = { error })).finally(() => wake());
    let owed = 0;
    try {
      for (;;) {
        const next = items.shift();
        if (next !== undefined) {
          owed += 1;
          if (owed * 2 >= credit && ended === undefined) {
            this.#answer({ credit: { call: id, more: owed } });
            owed = 0;
          }
          yield next;
        } else if (ended === undefined) {
          await new Promise<void>((resolve) => (wake = resolve));
        } else if ("error" in ended) {
          throw ended.error;
        } else {
          return ended.value;
        }
      }
    } finally {
      // Who goes before the end wants no more of it.
      if (ended === undefined) this.#answer({ cancel: { call: id } });
    }
  }

  #invoke(call: Call, open: Open, signal: AbortSignal | undefined, progress: boolean): { id: number; end: Promise<Json> } {
    const args = call.args === undefined ? {} : { args: clean(call.args) };
    const asked = { ...call, ...args, ...(progress ? { progress } : {}) };
    const { id, answer } = this.driver.askNumbered({ service: { call: asked } });
    this.#open.set(id, open);
    const cancel = () => this.#answer({ cancel: { call: id } });
    if (signal?.aborted === true) cancel();
    signal?.addEventListener("abort", cancel);
    const end = answer.then((answered) => (answered as { returned?: Json }).returned ?? null).finally(() => {
      this.#open.delete(id);
      signal?.removeEventListener("abort", cancel);
    });
    return { id, end };
  }
}

function isStream(given: unknown): given is AsyncIterator<unknown> {
  return typeof given === "object" && given !== null && Symbol.asyncIterator in given && "next" in given;
}

/** What the caller is told; nothing of what went wrong inside of a provider. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof ServiceFailure)) return { code: "provider.failed", message: "the provider could not do it" };
  const { code, message, data } = error;
  return { code, message, ...(data === undefined ? {} : { data: clean(data) }) };
}
