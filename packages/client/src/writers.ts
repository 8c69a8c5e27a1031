// Who is writing in one place, for as long as they say so.

import type { UserId } from "./protocol.js";
import { Watchers, type Store } from "./store.js";

/** How long somebody counts as writing after saying so. */
const TYPING_MS = 8000;

/** Those who are writing in a stream outside of its threads, or in one thread. */
export class Writers {
  readonly #users = new Watchers<readonly UserId[]>([]);
  readonly #timers = new Map<UserId, ReturnType<typeof setTimeout>>();

  /** Who they are, those first who began first. */
  get users(): Store<readonly UserId[]> {
    return this.#users;
  }

  /** Somebody says that they are writing. */
  writes(user: UserId): void {
    clearTimeout(this.#timers.get(user));
    this.#timers.set(user, setTimeout(() => this.wrote(user), TYPING_MS));
    this.#users.set([...this.#timers.keys()]);
  }

  /** Somebody is writing no longer. */
  wrote(user: UserId): void {
    clearTimeout(this.#timers.get(user));
    if (this.#timers.delete(user)) this.#users.set([...this.#timers.keys()]);
  }

  /** Waits for nobody any longer. */
  end(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
