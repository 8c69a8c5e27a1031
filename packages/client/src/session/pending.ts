// A request that has no answer yet, and what an answer means for it.

import { KithError } from "../error.js";
import type { Command, OpId, Problem, Query, Request, Service, Signal } from "../protocol.js";

/** The longest pause before something is said again. */
const AGAIN_MAX_MS = 15_000;
/** How often a question is asked again that was refused for the moment. */
const QUERIES_MAX = 5;
/** The asker's rights changed meanwhile, or other connections of the user asked much. */
const AGAIN = ["access.changed", "rate.limited"];

/** Something that gets exactly one answer. */
export type Ask =
  /** A change, under the name by which it happens once. */
  | { op: OpId; do: Command }
  /** A change that is said again for as long as the server has no time for it. */
  | { op: OpId; do: Command; patient: true }
  /** A question. */
  | { get: Query }
  /** Something for those who are there now. It is not kept for the next connection. */
  | { signal: Signal }
  /**
   * Something about services. It is not kept for the next connection, but for a call that was not
   * sent yet.
   */
  | { service: Service };

/** The answer to a request. */
export type Answered = { done: unknown } | { got: unknown } | { returned: unknown } | { noted: null };

/** A request that has no answer yet. */
export class Pending {
  /** When it is to be sent; absent while an answer is awaited. */
  due_at: number | undefined = 0;
  /** It may have been done: it was sent, and its answer was lost or said so. */
  #doubtful = false;
  #failures = 0;

  constructor(readonly ask: Ask) {}

  /** Its request, which counts as sent. */
  request(id: number): Request {
    this.due_at = undefined;
    if (!("do" in this.ask)) return { id, ...this.ask };
    return { id, op: this.ask.op, do: this.ask.do };
  }

  /** Whether it has certainly not been done: it was not sent, or refused for the moment. */
  get isUnsent(): boolean {
    return this.due_at !== undefined && !this.#doubtful;
  }

  /** The connection was lost: whether it is kept for the next. */
  survives(): boolean {
    this.#doubtful ||= this.due_at === undefined;
    const sent = this.due_at === undefined;
    this.due_at = 0;
    return !isOfNow(this.ask) && !(sent && "service" in this.ask);
  }

  /** What becomes of it when the connection is lost and it is not kept. */
  loss(): KithError {
    if (isOfNow(this.ask)) return notConnected();
    return new KithError({
      code: "client.connection_lost",
      message: "the connection was lost: the call may have been done",
      unknown: true,
    });
  }

  /** Whether this is an answer to it. */
  fits(answer: object): boolean {
    if ("do" in this.ask) return "done" in answer;
    if ("get" in this.ask) return "got" in answer;
    return "service" in this.ask && "call" in this.ask.service ? "returned" in answer : "noted" in answer;
  }

  /** Whether it is to be said again after a failure. */
  isAgain(problem: Problem, now_ms: number): boolean {
    this.#failures += 1;
    if (!this.#mayAgain(problem)) return false;
    this.#doubtful ||= problem.unknown ?? false;
    const pause = problem.retry_ms === undefined
      ? 100 * 2 ** Math.min(this.#failures, 8)
      : Math.max(problem.retry_ms, 1);
    this.due_at = now_ms + Math.min(pause, AGAIN_MAX_MS);
    return true;
  }

  #mayAgain(problem: Problem): boolean {
    if ("do" in this.ask) {
      const waits = this.#doubtful || "patient" in this.ask;
      return (problem.unknown ?? false) || (waits && isOfTheMoment(problem));
    }
    return "get" in this.ask && AGAIN.includes(problem.code) && this.#failures <= QUERIES_MAX;
  }
}

/** Whether something is said on the present connection or not at all. */
export function isOfNow(ask: Ask): boolean {
  return "signal" in ask || ("service" in ask && !("call" in ask.service));
}

/** There was no connection for what is of now. */
export function notConnected(): KithError {
  return new KithError({ code: "client.not_connected", message: "not connected" });
}

/**
 * Whether a refusal is about the server's moment and not about the operation. It then says nothing
 * on whether an earlier saying of the same operation was done.
 */
function isOfTheMoment({ code, retry_ms }: Problem): boolean {
  return retry_ms !== undefined
    && ["rate.", "server.", "store.", "access."].some((of) => code.startsWith(of));
}
