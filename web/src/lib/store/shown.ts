// What was shown last, kept by the browser so that the page has something to show before there is a
// connection. It belongs to one user and goes when they sign out; nothing depends on it.

const NAME = "kith";
const STORE = "shown";
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
  #base: Promise<IDBDatabase> | undefined;

  constructor(private readonly user: string) {}

  /** What was kept under a name. */
  async get<T>(name: string): Promise<T | undefined> {
    const entry = await this.#run<Entry | undefined>("readonly", (store) => store.get(this.#key(name)) as IDBRequest<Entry | undefined>);
    return entry?.value as T | undefined;
  }

  /** Keeps something that can be cloned, in the place of what was there. */
  async set(name: string, value: unknown, now_ms: number): Promise<void> {
    await this.#run("readwrite", (store) => store.put({ key: this.#key(name), user: this.user, at_ms: now_ms, value } satisfies Entry));
    await this.#trim();
  }

  /** Forgets everything of everybody: for signing out. */
  async clear(): Promise<void> {
    await this.#run("readwrite", (store) => store.clear());
  }

  async #trim(): Promise<void> {
    const all = (await this.#run<Entry[]>("readonly", (store) => store.getAll() as IDBRequest<Entry[]>)) ?? [];
    // Of others who were here before nothing is left.
    const own = all.filter(({ user }) => user === this.user).sort((one, two) => two.at_ms - one.at_ms);
    const gone = [...all.filter(({ user }) => user !== this.user), ...own.slice(ENTRIES_MAX)];
    for (const { key } of gone) await this.#run("readwrite", (store) => store.delete(key));
  }

  #key(name: string): string {
    return `${this.user} ${name}`;
  }

  async #run<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
    try {
      this.#base ??= open();
      return await done(ask((await this.#base).transaction(STORE, mode).objectStore(STORE)));
    } catch {
      // Private windows and full disks: there is nothing to show, and that is all.
      this.#base = undefined;
      return undefined;
    }
  }
}

function open(): Promise<IDBDatabase> {
  const asked = indexedDB.open(NAME, 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "key" });
  return done(asked);
}

function done<T>(asked: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error ?? new Error("the browser keeps nothing"));
  });
}
