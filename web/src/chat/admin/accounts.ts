// Accounts as administrators see them: found by the beginning of their names, a part at a time.

import type { Client, protocol } from "@kith/client";
import { get, writable, type Readable, type Writable } from "svelte/store";

type Account = protocol.AccountCard;
/** What is asked of the server. */
export type Asked = Pick<Client, "query" | "command">;

const PAGE = 50;

export class Accounts {
  /** Those that were found, as far as they were asked for; `undefined` before. */
  readonly found: Readable<readonly Account[] | undefined>;
  /** Whether there are more. */
  readonly more: Readable<boolean>;

  readonly #found: Writable<readonly Account[] | undefined> = writable();
  readonly #more = writable(false);
  #begin = "";
  /** Counts searches, so that the answer to an earlier one is known as such. */
  #asked = 0;

  constructor(private readonly of: { readonly client: Asked }) {
    [this.found, this.more] = [this.#found, this.#more];
  }

  /** Finds those whose names begin like this. */
  async search(begin: string): Promise<void> {
    this.#begin = begin.trim();
    this.#asked += 1;
    await this.#ask([]);
  }

  /** Goes on with those that follow. */
  async next(): Promise<void> {
    await this.#ask(get(this.#found) ?? []);
  }

  async #ask(before: readonly Account[]): Promise<void> {
    const asked = this.#asked;
    const after = before.at(-1)?.user.name;
    const { accounts, more } = await this.of.client.query({ accounts: { begin: this.#begin, limit: PAGE, ...(after === undefined ? {} : { after }) } });
    if (asked !== this.#asked) return;
    this.#found.set([...before, ...accounts]);
    this.#more.set(more);
  }

  /** Locks an account and ends its sessions, or unlocks it. */
  async setDisabled({ user }: Account, disabled: boolean): Promise<void> {
    await this.of.client.command({ set_disabled: { user: user.id, disabled } });
    await this.#renew(user);
  }

  /** Lets another administer the site, or no longer. */
  async setAdmin({ user }: Account, admin: boolean): Promise<void> {
    await this.of.client.command({ set_admin: { user: user.id, admin } });
    await this.#renew(user);
  }

  async endSessions({ user }: Account): Promise<void> {
    await this.of.client.command({ end_sessions: { user: user.id } });
    await this.#renew(user);
  }

  /** Makes a link by which a user sets a new password, once and within a day: its token. */
  async offerReset({ user }: Account): Promise<string> {
    const { code = "" } = await this.of.client.command({ offer_reset: { user: user.id } });
    return code;
  }

  /** Asks for one again, whose name is the first of those that begin with it. */
  async #renew({ id, name }: protocol.User): Promise<void> {
    const { accounts } = await this.of.client.query({ accounts: { begin: name, limit: 1 } });
    const now = accounts.find(({ user }) => user.id === id);
    if (now !== undefined) this.#found.update((found) => found?.map((one) => (one.user.id === id ? now : one)));
  }
}
