// What users are called and shown with: asked for in batches, when somebody is to be shown who is not
// known, or did something and was asked for some time ago.

import type { protocol } from "@kith/client";
import { writable, type Readable, type Writable } from "svelte/store";

type User = protocol.User;
type UserId = protocol.UserId;

/** Users that one question asks for, at most. */
const ASK_MAX = 200;
/** Users that are asked for again together. */
const RENEWED_MAX = 1000;
/** Nobody tells that somebody is shown otherwise by now: whoever does something is asked for again after so long. */
const FRESH_MS = 60_000;
/** The pause in which those are gathered who are asked for again. */
const GATHER_MS = 1500;
/** Users that are remembered; beyond, all are asked for again as they are met. */
const KNOWN_MAX = 20_000;

/** Whose names are known. */
export class People {
  /** By their ids. */
  readonly users: Readable<ReadonlyMap<UserId, User>>;

  readonly #users: Writable<ReadonlyMap<UserId, User>> = writable(new Map());
  #known = new Map<UserId, User>();
  /** When it was learned how somebody is shown. */
  #learned_ms = new Map<UserId, number>();
  #asked = new Set<UserId>();
  #wanted = new Set<UserId>();
  #due = false;
  /** Those who are known and asked for again. */
  readonly #aged = new Set<UserId>();
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #renewing: Promise<void> | undefined;

  /** `ask` asks the server for users, whose names are told as far as one may know them. */
  constructor(private readonly ask: (users: UserId[]) => Promise<readonly User[]>, private readonly now: () => number = Date.now) {
    this.users = this.#users;
  }

  /** A user, if known. */
  get(user: UserId): User | undefined {
    return this.#known.get(user);
  }

  /** Learns who these are, unless that is known or asked for. */
  want(users: Iterable<UserId>): void {
    for (const user of users) {
      if (!this.#known.has(user) && !this.#asked.has(user)) this.#wanted.add(user);
    }
    this.#soon();
  }

  /** These did something: learns who they are, and how they are shown by now. */
  meet(users: Iterable<UserId>): void {
    const all = [...users];
    for (const user of all) {
      const learned_ms = this.#learned_ms.get(user);
      if (learned_ms === undefined || this.now() - learned_ms < FRESH_MS) continue;
      // It is not asked once more meanwhile.
      this.#learned_ms.set(user, this.now());
      this.#aged.add(user);
    }
    this.want(all);
    if (this.#aged.size > 0) this.#gathering ??= setTimeout(() => this.#renewAged(), GATHER_MS);
  }

  #renewAged(): void {
    this.#gathering = undefined;
    const aged = [...this.#aged];
    this.#aged.clear();
    // Where that fails they are shown as they were.
    this.renew(aged).catch(() => {});
  }

  /** Who this is, also where that has to be asked first; `undefined` where it is not to be known. */
  async whoIs(user: UserId): Promise<User | undefined> {
    if (!this.#known.has(user)) await this.renew([user]).catch(() => {});
    return this.#known.get(user);
  }

  /** Has everybody shown anew: somebody is called otherwise in some circle. */
  again(): void {
    this.#users.set(new Map(this.#known));
  }

  /** Asks for nobody any more. */
  end(): void {
    clearTimeout(this.#gathering);
  }

  #soon(): void {
    if (this.#wanted.size === 0 || this.#due) return;
    this.#due = true;
    queueMicrotask(() => void this.#fetch());
  }

  /** Asks for these again, whatever is known. */
  async renew(users: readonly UserId[]): Promise<void> {
    for (let from = 0; from < users.length; from += ASK_MAX) this.learn(await this.ask(users.slice(from, from + ASK_MAX)));
  }

  /** Asks again for everybody who is known, those learned of last where they are many: nobody tells of changes. */
  async renewAll(): Promise<void> {
    this.#renewing ??= this.renew([...this.#known.keys()].slice(-RENEWED_MAX)).finally(() => (this.#renewing = undefined));
    await this.#renewing;
  }

  /** These users are known now. */
  learn(users: readonly User[]): void {
    const fresh = users.filter(({ id }) => !this.#known.has(id)).length;
    if (this.#known.size + fresh > KNOWN_MAX) {
      this.#known = new Map();
      this.#learned_ms = new Map();
      this.#asked = new Set();
    }
    let is_other = false;
    for (const user of users) {
      const { id } = user;
      is_other ||= !isSame(this.#known.get(id), user);
      // Those learned of last are behind all others.
      this.#known.delete(id);
      this.#known.set(id, user);
      this.#learned_ms.set(id, this.now());
    }
    if (is_other) this.#users.set(new Map(this.#known));
  }

  async #fetch(): Promise<void> {
    this.#due = false;
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    for (const user of wanted) this.#asked.add(user);
    for (let from = 0; from < wanted.length; from += ASK_MAX) {
      const some = wanted.slice(from, from + ASK_MAX);
      try {
        this.learn(await this.ask(some));
      } catch {
        // They are asked for again when they are met again.
        for (const user of some) this.#asked.delete(user);
      }
    }
  }
}

/** Whether a user is told as before; the server tells what is so in the same order. */
function isSame(one: User | undefined, two: User): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(two);
}

/** What somebody is shown as: their nickname in a circle, else their display name. */
export function nameOf(user: User | undefined, nickname?: string): string {
  return nickname ?? user?.display_name ?? user?.name ?? "…";
}
