// Why something did not come about, for those who develop: what the server itself says, for that says most.

import { KithError } from "@kith/client";
import { language } from "../lib/i18n/inspector.js";
import { sentence, why } from "../lib/why.js";

/** In English the server's sentence; in other languages the words that there are for its code before it. */
export function told(error: unknown): string {
  const own = error instanceof Error ? sentence(error.message) : String(error);
  if (language() === "en" || !(error instanceof KithError)) return own;
  const words = why(error);
  // Of what befell this page the server said nothing.
  return words.includes(own) || error.code.startsWith("client.") ? words : `${words} (${own})`;
}
