// What the browser keeps for the page besides a few short texts: a small database.

const NAME = "kith";
/** Each keeps entries by their `key`. */
const STORES = ["shown", "files"] as const;
type StoreName = (typeof STORES)[number];

/** One store of the database. Nothing rejects: where the browser keeps nothing, there is nothing. */
export class Base {
  #base: Promise<IDBDatabase> | undefined;

  constructor(private readonly store: StoreName) {}

  /** Asks something of it; `undefined` where that did not come about, as in private windows or on full disks. */
  async run<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
    try {
      this.#base ??= open();
      const transaction = (await this.#base).transaction(this.store, mode);
      const asked = done(ask(transaction.objectStore(this.store)));
      const [result] = await Promise.all([asked, mode === "readwrite" ? committed(transaction) : undefined]);
      return result;
    } catch {
      this.#base = undefined;
      return undefined;
    }
  }
}

function open(): Promise<IDBDatabase> {
  const asked = indexedDB.open(NAME, 1);
  asked.onupgradeneeded = () => STORES.forEach((store) => asked.result.createObjectStore(store, { keyPath: "key" }));
  return done(asked);
}

function done<T>(asked: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error ?? new Error("the browser keeps nothing"));
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the browser has no room"));
  });
}
