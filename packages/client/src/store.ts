// Values that are watched: the contract of Svelte's stores, and of React's external stores.

/** Something with a value that changes. */
export interface Store<T> {
  /** The value now. As long as it is the same object, it has not changed. */
  get(): T;
  /** Calls `run` with the value now and whenever it changes, until what is returned is called. */
  subscribe(run: (value: T) => void): () => void;
}

/** Calls of applications: one that fails is reported, and the others are made. */
export function call<A extends unknown[]>(all: Iterable<(...args: A) => void>, ...args: A): void {
  for (const one of [...all]) {
    try {
      one(...args);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

/** Those who watch a value. */
export class Watchers<T> implements Store<T> {
  readonly #all = new Set<{ run: (value: T) => void }>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    if (value === this.#value) return;
    this.#value = value;
    call([...this.#all].map(({ run }) => run), value);
  }

  subscribe(run: (value: T) => void): () => void {
    // In an object of its own, for the same function may watch twice.
    const watcher = { run };
    this.#all.add(watcher);
    call([run], this.#value);
    return () => void this.#all.delete(watcher);
  }
}

/** Those who are told of something that happens. */
export class Listeners<A extends unknown[]> {
  readonly #all = new Set<{ run: (...args: A) => void }>();

  add(run: (...args: A) => void): () => void {
    const listener = { run };
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  tell(...args: A): void {
    call([...this.#all].map(({ run }) => run), ...args);
  }
}
