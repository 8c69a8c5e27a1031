// Awareness: what sessions show of themselves to those who follow a feed with them. It is never
// stored, and ends with the connection that shows it.

import { clean, KithError } from "./error.js";
import type { Driver } from "./driver.js";
import { same, type JsonObject } from "./json.js";
import type { FeedId, SessionId, UserId } from "./protocol.js";
import type { FeedUpdate } from "./session/update.js";
import { Listeners, Watchers, type Store } from "./store.js";

/** The least time between two tellings of an own state: no server tells others more often. */
const PACE_MS = 40;
/** How long what others show is gathered before it is told. */
const GATHER_MS = 16;

/** What somebody else shows in a feed. */
export interface Other<S extends JsonObject = JsonObject> {
  /** The number of the connection that shows it: a session that is open twice has two. */
  readonly client: number;
  readonly session: SessionId;
  /** Whose session it is, as the server knows it. */
  readonly user: UserId;
  /** What they show: whatever their program says, so not to be trusted. */
  readonly state: S;
}

/** What this client and others show in a feed, for as long as it is followed. */
export class Aware<S extends JsonObject = JsonObject> {
  readonly #driver: Driver;
  readonly #feed: FeedId;
  readonly #shown = new Map<number, Other<S>>();
  readonly #others = new Watchers<ReadonlyMap<number, Other<S>>>(new Map());
  readonly #refusals = new Listeners<[KithError]>();
  #own: S | null = null;
  /** The server knows something else than is to be shown. */
  #due = false;
  #live = false;
  #sending = false;
  #not_before_ms = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #gathering: ReturnType<typeof setTimeout> | undefined;

  /** For `Client.aware`. */
  constructor(driver: Driver, feed: FeedId) {
    this.#driver = driver;
    this.#feed = feed;
  }

  /** The feed. */
  get feed(): FeedId {
    return this.#feed;
  }

  /**
   * What others show, by the number of their connection; nothing while there is no connection, or the
   * feed is not followed.
   */
  get others(): Store<ReadonlyMap<number, Other<S>>> {
    return this.#others;
  }

  /** What this client shows. */
  get own(): S | null {
    return this.#own;
  }

  /**
   * Shows a state in place of the one before, `null` for nothing any more; may be called at every move
   * of a pointer. It is shown for as long as the feed is followed, again after every reconnection.
   */
  set(state: S | null): void {
    const own = state === null ? null : (clean(state) as S);
    if (own === null ? this.#own === null : this.#own !== null && same(own, this.#own)) return;
    this.#own = own;
    this.#due = true;
    this.#send();
  }

  /** Calls `run` when the server refuses what is to be shown. */
  onRefused(run: (error: KithError) => void): () => void {
    return this.#refusals.add(run);
  }

  /** For `Awareness`: what is told of the feed. */
  told(update: FeedUpdate): void {
    if (update.kind === "caught_up") {
      this.#live = true;
      this.#due = this.#own !== null;
      this.#shown.clear();
      this.#gather();
      this.#send();
    } else if (update.kind === "aware") {
      if (update.all === true) this.#shown.clear();
      for (const { client, session, user, state } of update.states) {
        if (state === null) this.#shown.delete(client);
        else this.#shown.set(client, { client, session, user, state: state as S });
      }
      this.#gather();
    } else if (update.kind === "refused" || update.kind === "closed") {
      this.left();
    }
  }

  /** For `Awareness`: the feed is not followed, or there is no connection. */
  left(): void {
    this.#live = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#shown.size === 0 && this.#gathering === undefined) return;
    this.#shown.clear();
    this.#gather();
  }

  #gather(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      if (this.#shown.size > 0 || this.#others.get().size > 0) this.#others.set(new Map(this.#shown));
    }, GATHER_MS);
  }

  /** Says the newest state, when the last one is answered and long enough ago. */
  #send(): void {
    if (!this.#live || !this.#due || this.#sending || this.#timer !== undefined) return;
    const wait = this.#not_before_ms - performance.now();
    if (wait > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#send();
      }, wait);
      return;
    }
    this.#due = false;
    this.#sending = true;
    this.#not_before_ms = performance.now() + PACE_MS;
    const aware = { feed: this.#feed, ...(this.#own === null ? {} : { state: this.#own }) };
    const sent = this.#driver.ask({ signal: { aware } }).then(() => {}, (error: KithError) => this.#failed(error));
    void sent.finally(() => {
      this.#sending = false;
      this.#send();
    });
  }

  #failed(error: KithError): void {
    if (error.retry_ms !== undefined) {
      this.#due = true;
      this.#not_before_ms = performance.now() + error.retry_ms;
    } else if (this.#live) {
      this.#refusals.tell(error);
    }
  }
}

/** What is shown in the feeds of a client. */
export class Awareness {
  readonly #all = new Map<FeedId, Aware>();
  /** Those that somebody asked for, and may still hold. */
  readonly #held = new Set<FeedId>();

  constructor(private readonly driver: Driver) {
    driver.onFeed = (update) => {
      const { feed, kind } = update;
      if (kind !== "caught_up" && kind !== "aware" && kind !== "refused" && kind !== "closed") return;
      this.#of(feed).told(update);
      if (kind === "refused" || kind === "closed") this.#tidy(feed);
    };
    driver.onLeft = (feed) => {
      this.#all.get(feed)?.left();
      this.#tidy(feed);
    };
  }

  of(feed: FeedId): Aware {
    this.#held.add(feed);
    return this.#of(feed);
  }

  /** The connection is gone. */
  offline(): void {
    for (const aware of this.#all.values()) aware.left();
  }

  #of(feed: FeedId): Aware {
    const aware = this.#all.get(feed) ?? new Aware(this.driver, feed);
    this.#all.set(feed, aware);
    return aware;
  }

  #tidy(feed: FeedId): void {
    if (!this.#held.has(feed)) this.#all.delete(feed);
  }
}
