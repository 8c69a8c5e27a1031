// Why something did not come about: a stable code, a sentence, and when to try again.

import { copy, type Json } from "./json.js";
import type { Failure, Kind, Problem } from "./protocol.js";

/** What begins a sentence about one of the changes of a transaction. */
const PART = /^change (\d+): /;

/** Why something did not come about. */
export class KithError extends Error {
  override readonly name = "KithError";
  /** Stable: programs decide by it. Those of this SDK itself begin with `client.`. */
  readonly code: string;
  /** Milliseconds after which trying again can help; absent if it cannot. */
  readonly retry_ms?: number;
  /** Whether it may have been done all the same. */
  readonly unknown: boolean;
  /** Of a transaction: which of its changes it is about, counted from 0; absent for the whole. */
  readonly change?: number;
  /** With `service.failed`: what the provider of the service said. */
  readonly failure?: Failure;

  constructor(problem: Problem) {
    super(problem.message);
    this.code = problem.code;
    this.unknown = problem.unknown ?? false;
    if (problem.retry_ms !== undefined) this.retry_ms = problem.retry_ms;
    if (problem.failure !== undefined) this.failure = problem.failure;
    if (problem.change !== undefined) this.change = problem.change;
  }

  /** The same about another change. */
  about(change: number): KithError {
    const { code, retry_ms, unknown, failure } = this;
    const message = this.message.replace(PART, `change ${change}: `);
    const rest = { ...(retry_ms === undefined ? {} : { retry_ms }), ...(failure === undefined ? {} : { failure }) };
    return new KithError({ code, message, unknown, change, ...rest });
  }
}

/** The sentence for each refusal of a change, as the server says it. */
const SENTENCES = {
  "topic.wrong_kind": (kind: Kind) => `this is no value of the kind ${kind}`,
  "topic.wrong_change": (kind: Kind) => `a topic of the kind ${kind} cannot be changed like this`,
  "topic.overflow": () => "the number would be too large",
  "topic.item_there": () => "the set has this item already",
  "topic.item_not_found": () => "the set has no such item",
  "topic.element_not_found": () => "the list has no such element",
  "topic.element_taken": () => "this name of an element is taken, or not to be chosen",
  "topic.out_of_range": () => "there is no such place in the value",
  "topic.too_deep": () => "values are in each other more than 60 deep",
  "topic.path_not_found": () => "the path leads nowhere",
  "topic.key_taken": () => "this key is taken",
  "topic.stale": () => "this refers to a state that is no longer known, or not yet",
};

/** A change that the rules of topics refuse. */
export function refusal(code: keyof typeof SENTENCES, kind: Kind): KithError {
  return new KithError({ code, message: SENTENCES[code](kind) });
}

/** A call that cannot be made like this. */
export function invalid(message: string): KithError {
  return new KithError({ code: "input.invalid", message });
}

/** A value of an application as JSON. Throws `input.invalid` for what JSON cannot say. */
export function clean(value: unknown): Json {
  try {
    return copy(value);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : "this is no JSON");
  }
}

/** What the server has did not come. */
export function unreachable(error: unknown): KithError {
  const why = error instanceof Error ? error.message : String(error);
  return new KithError({ code: "client.unreachable", message: `the server cannot be reached: ${why}` });
}

/** The client was closed before the answer came. */
export function closed(): KithError {
  return new KithError({ code: "client.closed", message: "the client was closed", unknown: true });
}
