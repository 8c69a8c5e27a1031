// Guarding topics: a function that says what becomes of the transactions of others.

import type { Json } from "./json.js";
import type { Asked, Change, CircleId, Condition, Kind, SessionId, TopicId, UserId } from "./protocol.js";
import { type Provide, ServiceFailure } from "./services.js";

/** One change of a transaction that a guard is asked about. */
export interface Proposed {
  readonly topic: TopicId;
  /** What the topic is called. */
  readonly name: string;
  readonly holds: Kind;
  readonly change: Change;
}

/** A transaction that a guard is asked about. Who proposes it is said by the server. */
export interface Proposal {
  readonly user: UserId;
  readonly session: SessionId;
  readonly circle: CircleId;
  readonly op?: string;
  readonly changes: readonly Proposed[];
  readonly when?: readonly Condition[];
  readonly group?: string;
}

/** One change that a guard lets happen: one that was proposed, counted from 0, or one of its own. */
export type Granted = { proposed: number } | { effect: Asked };

/** What a guard lets happen. */
export interface Verdict {
  /** All of it, in order; as it was proposed if absent. */
  changes?: readonly Granted[];
  /** What must hold: where it does not, the guard is asked again. */
  when?: readonly Condition[];
}

/**
 * Says what becomes of a transaction: a verdict, or nothing for "as proposed". To refuse, it throws a
 * `ServiceFailure`; `{ change: 1 }` as its `data` says which of the changes it is about.
 */
export type Judge = (proposal: Proposal) => Verdict | void | Promise<Verdict | void>;

/** A provider that judges what the server asks, and answers nobody else. */
export function judging(judge: Judge): Provide {
  return async (args: Json, { called }): Promise<unknown> => {
    if (called.guard !== true) {
      throw new ServiceFailure("guard.not_asked", "only the server asks a guard");
    }
    const { user, session } = called;
    // The server's own words.
    const proposed = args as unknown as Omit<Proposal, "user" | "session">;
    return (await judge({ ...proposed, user, session })) ?? null;
  };
}
