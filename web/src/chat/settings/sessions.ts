// The sessions of the user, the one that asks first, then those that were used last.

import type { Client, protocol } from "@kith/client";
import { get, writable, type Readable, type Writable } from "svelte/store";

type Session = protocol.SessionCard;
/** What is asked of the server. */
export type Asked = Pick<Client, "query" | "command">;

export class Sessions {
  /** All of them; `undefined` until they are known. */
  readonly all: Readable<readonly Session[] | undefined>;

  readonly #all: Writable<readonly Session[] | undefined> = writable();

  constructor(private readonly of: { readonly client: Asked }) {
    this.all = this.#all;
  }

  /** Asks which there are. */
  async load(): Promise<void> {
    const sessions = await this.of.client.query({ sessions: {} });
    this.#all.set(sessions.toSorted((one, two) => Number(two.current) - Number(one.current) || two.used_at - one.used_at || two.created_at - one.created_at));
  }

  /** Ends one. */
  async end(session: protocol.SessionId): Promise<void> {
    await this.of.client.command({ revoke_session: { session } });
    this.#all.update((all) => all?.filter(({ id }) => id !== session));
  }

  /** Ends all but the one that asks; says how many. Those before one that is refused stay ended. */
  async endOthers(): Promise<number> {
    const others = (get(this.#all) ?? []).filter(({ current }) => !current);
    for (const { id } of others) await this.end(id);
    return others.length;
  }
}
