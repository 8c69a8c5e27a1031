// What was shown last, kept by the browser so that the page has something to show before there is a
// connection. It belongs to one user and goes when they sign out; nothing depends on it.

import { Base } from "./base.js";

/** For one user at most, the oldest go first. */
const ENTRIES_MAX = 200;

interface Entry {
  readonly key: string;
  readonly user: string;
  readonly at_ms: number;
  readonly value: unknown;
}

/** What one user was shown. Everything resolves, with nothing where the browser keeps nothing. */
export class Shown {
  readonly #base = new Base("shown");
  #is_trimmed = false;

  constructor(private readonly user: string) {}

  /** Everything that was kept, by its name. */
  async all(): Promise<ReadonlyMap<string, unknown>> {
    const own = IDBKeyRange.bound(this.#key(""), this.#key("\uffff"));
    const entries = (await this.#base.run<Entry[]>("readonly", (store) => store.getAll(own) as IDBRequest<Entry[]>)) ?? [];
    return new Map(entries.map(({ key, value }) => [key.slice(this.#key("").length), value]));
  }

  /** Keeps something that can be cloned, in the place of what was there. */
  async set(name: string, value: unknown, now_ms: number): Promise<void> {
    await this.#base.run("readwrite", (store) => store.put({ key: this.#key(name), user: this.user, at_ms: now_ms, value } satisfies Entry));
    await this.#trim();
  }

  /** Forgets one of them. */
  async delete(name: string): Promise<void> {
    await this.#base.run("readwrite", (store) => store.delete(this.#key(name)));
  }

  /** Forgets everything of everybody: for signing out. */
  async clear(): Promise<void> {
    await this.#base.run("readwrite", (store) => store.clear());
  }

  async #trim(): Promise<void> {
    const count = (await this.#base.run("readonly", (store) => store.count())) ?? 0;
    if (this.#is_trimmed && count <= ENTRIES_MAX) return;
    this.#is_trimmed = true;
    const all = (await this.#base.run<Entry[]>("readonly", (store) => store.getAll() as IDBRequest<Entry[]>)) ?? [];
    // Of others who were here before nothing is left.
    const own = all.filter(({ user }) => user === this.user).sort((one, two) => two.at_ms - one.at_ms);
    const gone = [...all.filter(({ user }) => user !== this.user), ...own.slice(ENTRIES_MAX)];
    for (const { key } of gone) await this.#base.run("readwrite", (store) => store.delete(key));
  }

  #key(name: string): string {
    return `${this.user} ${name}`;
  }
}
