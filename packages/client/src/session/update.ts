// What a client is told without asking. Of each feed, in order and each event once.

import type { Event, FeedId, Problem, Reset, Seq, Shown, Signaled, State, Told, UserId, Welcome } from "../protocol.js";

/** What is told of a feed. */
export type FeedUpdate =
  /** Its next event. */
  | { kind: "event"; feed: FeedId; event: Event }
  /**
   * What happens in it, a topic, is not told at present; it is caught up with. After the connection
   * was lost that is so for all.
   */
  | { kind: "behind"; feed: FeedId }
  /** Its next event is of somebody whom the user blocks: its number alone. */
  | { kind: "hidden"; feed: FeedId; seq: Seq }
  /**
   * Its state, which takes the place of whatever is held of it. `reset` says why what was held
   * cannot be continued.
   */
  | { kind: "snapshot"; feed: FeedId; seq: Seq; state: State; reset?: Reset }
  /** Everything that was missed has been told; what follows happens now. */
  | { kind: "caught_up"; feed: FeedId; seq: Seq }
  /** Something about somebody who is there now. */
  | { kind: "signal"; feed: FeedId; user: UserId; what: Signaled }
  /**
   * What others show in it, the newest of each. After `caught_up` nobody shows anything until this
   * tells otherwise; with `all` nobody but those in it and those of whom it is told later.
   */
  | { kind: "aware"; feed: FeedId; all?: boolean; states: Shown[] }
  /** It cannot be followed, and is not any longer. */
  | { kind: "refused"; feed: FeedId; problem: Problem }
  /** The user may no longer read it, or what it tells about was `removed` for everybody: nothing of it follows. */
  | { kind: "closed"; feed: FeedId; removed: boolean };

/** What is told of several topics. */
export type TopicsUpdate =
  /**
   * What one transaction did to topics that are followed, each the next event of its feed: to be
   * shown at once.
   */
  | { kind: "events"; events: Event[] }
  /**
   * These have been caught up with: no transaction is known in one of them and not yet in another
   * one that is followed.
   */
  | { kind: "settled"; feeds: FeedId[] };

/** What is told of the connection. */
export type ConnectionUpdate =
  /** Connected, for the first time or again. Feeds are resumed and operations repeated by themselves. */
  | { kind: "connected"; welcome: Welcome }
  /** The connection was lost, or another attempt failed. */
  | { kind: "disconnected"; retry_in_ms: number; why: string }
  /** The server does not let this client in any longer. Nothing follows. */
  | { kind: "stopped"; problem: Problem };

/** Something about services. */
export type ServiceUpdate = { kind: "service"; told: Told };

export type Update = FeedUpdate | TopicsUpdate | ServiceUpdate | ConnectionUpdate;
