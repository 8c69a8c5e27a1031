// Where the client is in each feed that it follows: every event exactly once, in order.

import type { Event, FeedId, Problem, Seen, Seq, Subscribe, Subscribed } from "../protocol.js";
import type { FeedUpdate, TopicsUpdate } from "./update.js";

/** How often in a row a feed may not fit before its state is asked for instead of its events. */
const STRIKES_MAX = 3;
/** The pause before a feed that does not fit is asked for again, for each time it did not. */
const STRIKE_MS = 500;

/** To be asked for from a time on; asked for; or told as it happens. */
type Stage = number | "asked" | "live";

interface Follow {
  readonly window: number | undefined;
  readonly events_only: boolean;
  epoch: string | undefined;
  /** The last event that the application was given. */
  seq: Seq | undefined;
  stage: Stage;
  /** How often in a row what came did not fit. */
  strikes: number;
  /** Requests for it that are not done with. */
  requests: number;
}

type Tell = (update: FeedUpdate | TopicsUpdate) => void;

/** The feeds that a client follows. */
export class Feeds {
  readonly #all = new Map<FeedId, Follow>();

  constructor(private readonly tell: Tell) {}

  /** Follows a feed, from where the wish says. */
  want(wish: Subscribe): void {
    const { feed, window, events_only = false, epoch, after } = wish;
    const requests = this.#all.get(feed)?.requests ?? 0;
    this.#all.set(feed, { window, events_only, epoch, seq: after, stage: 0, strikes: 0, requests });
  }

  /** Follows a feed no longer; whether the server has to be told. */
  forget(feed: FeedId): boolean {
    const follow = this.#all.get(feed);
    this.#all.delete(feed);
    return follow !== undefined && typeof follow.stage !== "number";
  }

  /** What is to be asked for now, at most `max`; it counts as asked for. */
  due(now_ms: number, max: number): Subscribe[] {
    const due: Subscribe[] = [];
    for (const [feed, follow] of this.#all) {
      if (due.length >= max) break;
      if (typeof follow.stage !== "number" || follow.stage > now_ms) continue;
      follow.stage = "asked";
      follow.requests += 1;
      due.push({
        feed,
        ...(follow.epoch === undefined ? {} : { epoch: follow.epoch }),
        ...(follow.seq === undefined ? {} : { after: follow.seq }),
        ...(follow.window === undefined ? {} : { window: follow.window }),
        ...(follow.events_only ? { events_only: true } : {}),
      });
    }
    return due;
  }

  /** When something is next to be asked for. */
  dueAt(): number | undefined {
    let least: number | undefined;
    for (const { stage } of this.#all.values()) {
      if (typeof stage === "number" && (least === undefined || stage < least)) least = stage;
    }
    return least;
  }

  /** The connection is gone: everything is to be asked for on the next. */
  offline(): void {
    for (const follow of this.#all.values()) {
      follow.stage = 0;
      follow.requests = 0;
    }
  }

  /** The request for these feeds was not served. */
  notServed(feeds: readonly FeedId[], problem: Problem, now_ms: number): void {
    for (const feed of feeds) {
      const follow = this.#all.get(feed);
      if (follow !== undefined) follow.requests = Math.max(follow.requests - 1, 0);
      this.#refused(feed, problem, now_ms);
    }
  }

  /** The request for these feeds is done with. What it left without an answer is asked for again. */
  served(feeds: readonly FeedId[], now_ms: number): void {
    const settled: FeedId[] = [];
    for (const feed of feeds) {
      const follow = this.#all.get(feed);
      if (follow === undefined) continue;
      follow.requests = Math.max(follow.requests - 1, 0);
      // A later request may still have to be answered.
      if (follow.requests > 0) continue;
      if (follow.stage === "asked") mend(follow, now_ms);
      else if (follow.stage === "live" && isTopic(feed)) settled.push(feed);
    }
    if (settled.length > 0) this.tell({ kind: "settled", feeds: settled });
  }

  /** The answer for a feed. */
  subscribed(answer: Subscribed, now_ms: number): void {
    if ("refused" in answer) {
      this.#refused(answer.refused.feed, answer.refused.problem, now_ms);
    } else if ("events" in answer) {
      this.#events(answer.events, now_ms);
    } else {
      const { feed, epoch, seq, reset, state } = answer.snapshot;
      const follow = this.#all.get(feed);
      if (follow === undefined) return;
      follow.epoch = epoch;
      step(follow, seq);
      follow.stage = "live";
      this.tell({ kind: "snapshot", feed, seq, state, ...(reset === undefined ? {} : { reset }) });
      this.tell({ kind: "caught_up", feed, seq });
    }
  }

  #events(answer: { feed: FeedId; epoch: string; seq: Seq; events: Seen[]; more?: boolean }, now_ms: number): void {
    const { feed, epoch, seq, events, more = false } = answer;
    const follow = this.#all.get(feed);
    if (follow === undefined) return;
    follow.epoch = epoch;
    for (const seen of events) {
      const at = "hidden" in seen ? seen.hidden : seen.seq;
      if (has(follow, at)) continue;
      if (!isNext(follow, at)) return mend(follow, now_ms);
      step(follow, at);
      this.tell("hidden" in seen ? { kind: "hidden", feed, seq: at } : { kind: "event", feed, event: seen });
    }
    if (more && events.length === 0) {
      // Nothing at all and yet more: access changed meanwhile. The place in such an answer means
      // nothing; our own stands.
      mend(follow, now_ms);
    } else if (more) {
      follow.stage = now_ms;
    } else if (seq > (follow.seq ?? 0)) {
      mend(follow, now_ms);
    } else {
      follow.seq ??= 0;
      follow.stage = "live";
      this.tell({ kind: "caught_up", feed, seq });
    }
  }

  #refused(feed: FeedId, problem: Problem, now_ms: number): void {
    const follow = this.#all.get(feed);
    if (follow === undefined) return;
    if (problem.retry_ms !== undefined) {
      follow.stage = now_ms + Math.max(problem.retry_ms, 100);
      return;
    }
    this.#all.delete(feed);
    this.tell({ kind: "refused", feed, problem });
  }

  /**
   * The event after the last one is passed on; what was there before is dropped, and what lies
   * further on shows a gap, from whose start the feed is asked for again.
   */
  event(event: Event, now_ms: number): void {
    if (this.#advance(event.feed, event.seq, now_ms)) {
      this.tell({ kind: "event", feed: event.feed, event });
    }
  }

  /** Like `event`, of all events of one transaction. */
  events(events: readonly Event[], now_ms: number): void {
    const next = events.filter((event) => this.#advance(event.feed, event.seq, now_ms));
    const [only] = next;
    if (next.length > 1) this.tell({ kind: "events", events: next });
    else if (only !== undefined) this.tell({ kind: "event", feed: only.feed, event: only });
  }

  /** Like `event`, of an event that is not shown. */
  hidden(feed: FeedId, seq: Seq, now_ms: number): void {
    if (this.#advance(feed, seq, now_ms)) this.tell({ kind: "hidden", feed, seq });
  }

  #advance(feed: FeedId, seq: Seq, now_ms: number): boolean {
    const follow = this.#all.get(feed);
    if (follow === undefined || follow.stage !== "live" || has(follow, seq)) return false;
    if (!isNext(follow, seq)) {
      mend(follow, now_ms);
      this.#behind(feed);
      return false;
    }
    step(follow, seq);
    return true;
  }

  /** The server follows these feeds no longer for us: they are asked for from where we are. */
  lagged(feeds: readonly FeedId[], now_ms: number): void {
    for (const feed of feeds) {
      const follow = this.#all.get(feed);
      if (follow === undefined) continue;
      follow.stage = now_ms;
      this.#behind(feed);
    }
  }

  /** Tells that a feed has to be caught up with: only in topics it matters. */
  #behind(feed: FeedId): void {
    if (isTopic(feed)) this.tell({ kind: "behind", feed });
  }

  /** The user may no longer read this feed. */
  closed(feed: FeedId, removed: boolean): void {
    if (this.#all.delete(feed)) this.tell({ kind: "closed", feed, removed });
  }
}

const isTopic = (feed: FeedId) => feed.startsWith("t_");
const isNext = (follow: Follow, seq: Seq) => (follow.seq ?? 0) + 1 === seq;
const has = (follow: Follow, seq: Seq) => follow.seq !== undefined && seq <= follow.seq;

/** What came does not fit what is held: it is asked for again, ever more slowly. */
function mend(follow: Follow, now_ms: number): void {
  follow.strikes += 1;
  if (follow.strikes >= STRIKES_MAX && !follow.events_only) follow.seq = undefined;
  follow.stage = now_ms + STRIKE_MS * Math.min(follow.strikes - 1, 20);
}

function step(follow: Follow, seq: Seq): void {
  follow.seq = seq;
  follow.strikes = 0;
}
