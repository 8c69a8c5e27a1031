// Why something did not come about, in words for a person.

import { KithError } from "@kith/client";
import { wordsOf } from "./i18n/index.svelte.js";

/** What whoever offers a service, or decides about a topic, says of it in words of their own. */
const WORDED = new Set(["service.failed", "topic.refused"]);

/** What the server says besides is worth reading: which part of a value does not fit, and why. */
const DETAILED = new Set(["topic.invalid"]);

/** A sentence on what went wrong; the server's own where there are no words for its code, or not yet. */
export function why(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof KithError) {
    if (WORDED.has(error.code) && error.failure !== undefined) return sentence(error.failure.message);
    const words = wordsOf(`error.${error.code}`);
    if (words !== undefined) return DETAILED.has(error.code) ? `${words} ${sentence(error.message)}` : words;
  }
  return sentence(error.message);
}

/** What was said in lower case and without an end, as a sentence. */
export function sentence(said: string): string {
  return said.charAt(0).toUpperCase() + said.slice(1) + (/[.!?]$/.test(said) ? "" : ".");
}
