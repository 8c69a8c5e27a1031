// Why something did not come about, in words for a person.

import { KithError } from "@kith/client";
import { errors } from "./i18n/en/errors.js";
import { t } from "./i18n/index.svelte.js";

type Known = keyof typeof errors;

/** Whether there are words for a code: of others the server's own sentence is shown. */
const isKnown = (key: string): key is Known => Object.hasOwn(errors, key);

/** What whoever offers a service, or decides about a topic, says of it in words of their own. */
const WORDED = new Set(["service.failed", "topic.refused"]);

/** What the server says besides is worth reading: which part of a value does not fit, and why. */
const DETAILED = new Set(["topic.invalid"]);

/** A sentence on what went wrong. */
export function why(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof KithError) {
    const key = `error.${error.code}`;
    if (WORDED.has(error.code) && error.failure !== undefined) return sentence(error.failure.message);
    if (isKnown(key)) return DETAILED.has(error.code) ? `${t(key)} ${sentence(error.message)}` : t(key);
  }
  return sentence(error.message);
}

/** What was said in lower case and without an end, as a sentence. */
export function sentence(said: string): string {
  return said.charAt(0).toUpperCase() + said.slice(1) + (/[.!?]$/.test(said) ? "" : ".");
}
