// Why something did not come about, in words for a person.

import { KithError } from "@kith/client";
import { t, type Key } from "../lib/i18n/index.svelte.js";

/** What is said of a code; of others the server's own sentence is shown. */
const SENTENCES: Readonly<Record<string, Key & `error.${string}`>> = {
  "auth.failed": "error.auth_failed",
  "password.wrong": "error.password_wrong",
  "password.length": "error.password_length",
  "password.common": "error.password_common",
  "name.taken": "error.name_taken",
  "invite.not_found": "error.invite_not_found",
  "ticket.not_found": "error.ticket_not_found",
  "site.admin_stays": "error.admin_stays",
  "user.no_password": "error.no_password",
  "site.registration_closed": "error.registration_closed",
  "permission.denied": "error.permission_denied",
  "permission.outranked": "error.permission_outranked",
  "member.timed_out": "error.timed_out",
  "stream.too_soon": "error.too_soon",
  "stream.archived": "error.archived",
  "stream.not_found": "error.stream_not_found",
  "circle.not_found": "error.circle_not_found",
  "user.not_found": "error.user_not_found",
  "user.blocked": "error.user_blocked",
  "rate.limited": "error.rate_limited",
  "input.too_long": "error.too_long",
  "input.malformed": "error.malformed",
  "limit.too_many": "error.too_many",
  "client.unreachable": "error.unreachable",
  "server.busy": "error.busy",
  "store.full": "error.store_full",
  "file.too_large": "error.file_too_large",
  "file.quota": "error.file_quota",
  "file.too_many": "error.file_too_many",
  "file.type": "error.file_type",
  "file.no_image": "error.file_no_image",
  "file.off": "error.file_off",
  "file.not_found": "error.file_not_found",
  "file.failed": "error.file_failed",
  "file.damaged": "error.file_damaged",
  "file.superseded": "error.file_elsewhere",
  "client.file_lost": "error.file_lost",
  "client.unreadable": "error.file_unreadable",
};

/** A sentence on what went wrong. */
export function why(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const key = error instanceof KithError ? SENTENCES[error.code] : undefined;
  if (key !== undefined) return t(key as "error.auth_failed");
  const { message } = error;
  return message.charAt(0).toUpperCase() + message.slice(1) + (/[.!?]$/.test(message) ? "" : ".");
}
