// Who is signed in: a session in a cookie that scripts cannot read, and a client that uses it.

import { Client, KithError, type protocol } from "@kith/client";

/** A page of another origin cannot send this header, so the server knows that it is one of its own. */
const OURS = { "x-kith-request": "1", "content-type": "application/json" };

/** Begins a session in this browser. Rejects with a `KithError`. */
export async function signIn(name: string, password: string, label: string): Promise<void> {
  await ask("POST", "/api/v1/sessions", { name, password, label, kind: "cookie" });
}

/** Ends the session of this browser. */
export async function signOut(): Promise<void> {
  await ask("DELETE", "/api/v1/sessions/current");
}

/** Connects as whoever is signed in; `undefined` when nobody is. */
export async function connect(): Promise<Client | undefined> {
  try {
    return await Client.connect({ auth: { cookie: {} } });
  } catch (error) {
    if (error instanceof KithError && error.code === "auth.failed") return undefined;
    throw error;
  }
}

async function ask(method: string, path: string, body?: object): Promise<void> {
  const said = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(path, { method, headers: OURS, ...said }).catch(() => undefined);
  if (answer === undefined) throw problem("client.unreachable", "the server cannot be reached");
  if (answer.ok) return;
  const told = (await answer.json().catch(() => ({}))) as Partial<protocol.Problem> & { detail?: string };
  const { code = "client.failed", detail = `the server answered ${answer.status}`, retry_ms } = told;
  throw new KithError({ code, message: detail, ...(retry_ms === undefined ? {} : { retry_ms }) });
}

function problem(code: string, message: string): KithError {
  return new KithError({ code, message });
}

/** What went wrong as a sentence for a person. */
export function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof KithError && error.code === "auth.failed") return "There is no such name with this password.";
  const { message } = error;
  return message.charAt(0).toUpperCase() + message.slice(1) + (/[.!?]$/.test(message) ? "" : ".");
}
