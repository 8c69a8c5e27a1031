// Who is signed in: a session in a cookie that scripts cannot read, and a client that uses it.

import { Client, KithError, type protocol } from "@kith/client";
import { BegunSocket } from "./early.js";

/** A page of another origin cannot send this header, so the server knows that it is one of its own. */
const OURS = { "x-kith-request": "1", "content-type": "application/json" };

/** Begins a session in this browser. Rejects with a `KithError`. */
export async function signIn(name: string, password: string, label: string): Promise<void> {
  await ask("POST", "/api/v1/sessions", { name, password, label, kind: "cookie" });
}

/** Who makes an account. */
export interface NewAccount {
  name: string;
  password: string;
  /** What the account is shown as, if not by its name. */
  display_name?: string;
  /** The code of an invite, whose circle is joined in the same step. */
  invite?: string;
  /** The token that the server printed for whoever comes first. */
  owner?: string;
}

/** Makes an account and begins its first session in this browser. Rejects with a `KithError`. */
export async function signUp(account: NewAccount, label: string): Promise<void> {
  await ask("POST", "/api/v1/accounts", { ...account, label, kind: "cookie" });
}

/** What the site says to whoever comes. */
export interface SiteCard {
  /** Who may make an account. */
  registration: "open" | "invite" | "closed";
  /** Whether somebody administers it. */
  owned: boolean;
  password_chars_min: number;
}

/** Asks what the site says to whoever comes. */
export async function siteCard(): Promise<SiteCard> {
  return (await ask("GET", "/api/v1/site")) as SiteCard;
}

/** Where an invite leads, for whoever has no account yet. Rejects with a `KithError`. */
export async function invited(code: string): Promise<protocol.CircleCard> {
  return (await ask("GET", `/api/v1/site/invites/${encodeURIComponent(code)}`)) as protocol.CircleCard;
}

/** The address of the icon of a circle, for whoever has an invite into it. */
export function invitedIcon(code: string, { icon }: protocol.CircleCard): string | undefined {
  return icon === undefined ? undefined : `/api/v1/site/invites/${encodeURIComponent(code)}/icon?hash=${icon.hash}`;
}

/** Sets a new password; every other session ends. Rejects with a `KithError`. */
export async function changePassword(current: string, password: string, label: string): Promise<void> {
  await ask("PUT", "/api/v1/users/me/password", { current, new: password, label });
}

/**
 * Sets a new password by the token of a link, and begins a session in this browser; all others of the
 * account end. Rejects with a `KithError`.
 */
export async function resetPassword(token: string, password: string, label: string): Promise<void> {
  await ask("POST", "/api/v1/site/reset", { token, password, label, kind: "cookie" });
}

/** Ends the session of this browser. */
export async function signOut(): Promise<void> {
  await ask("DELETE", "/api/v1/sessions/current");
}

/** Connects as whoever is signed in; `undefined` when nobody is. */
export async function connect(): Promise<Client | undefined> {
  try {
    return await Client.connect({ auth: { cookie: {} }, WebSocket: BegunSocket });
  } catch (error) {
    if (error instanceof KithError && error.code === "auth.failed") return undefined;
    throw error;
  }
}

/** As whoever was signed in when the page was given this `welcome`: there at once, connected or not. */
export function reconnect(welcome: protocol.Welcome): Client {
  return Client.resume({ auth: { cookie: {} }, WebSocket: BegunSocket }, welcome);
}

async function ask(method: string, path: string, body?: object): Promise<unknown> {
  const said = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(path, { method, headers: OURS, ...said }).catch(() => undefined);
  if (answer === undefined) throw problem("client.unreachable", "the server cannot be reached");
  if (answer.ok) return answer.json().catch(() => undefined);
  const told = (await answer.json().catch(() => ({}))) as Partial<protocol.Problem> & { detail?: string };
  const { code = "client.failed", detail = `the server answered ${answer.status}`, retry_ms } = told;
  throw new KithError({ code, message: detail, ...(retry_ms === undefined ? {} : { retry_ms }) });
}

function problem(code: string, message: string): KithError {
  return new KithError({ code, message });
}
