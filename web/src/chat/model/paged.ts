// A list that is asked for a part at a time.

import { get, writable, type Readable, type Writable } from "svelte/store";

/** A part of a list, and whether there is more behind it. */
export interface Part<T> {
  readonly items: readonly T[];
  readonly more: boolean;
}

export class Paged<T> {
  /** What was asked for so far; `undefined` before any answer. */
  readonly all: Readable<readonly T[] | undefined>;
  /** Whether there is more that could be asked for. */
  readonly more: Readable<boolean>;
  /** Whether an answer is on its way. */
  readonly busy: Readable<boolean>;

  readonly #all: Writable<readonly T[] | undefined> = writable();
  readonly #more = writable(false);
  readonly #busy = writable(false);

  /** `ask` asks for the part behind the last item, or for the first; `met` is told of each part. */
  constructor(private readonly ask: (last: T | undefined) => Promise<Part<T>>, private readonly met: (items: readonly T[]) => void = () => {}) {
    [this.all, this.more, this.busy] = [this.#all, this.#more, this.#busy];
  }

  /** Asks for the next part; rejects where that is refused, and nothing changes then. */
  async next(): Promise<void> {
    if (get(this.#busy)) return;
    this.#busy.set(true);
    try {
      const { items, more } = await this.ask(get(this.#all)?.at(-1));
      this.#all.update((all) => [...(all ?? []), ...items]);
      // A part with nothing in it would be asked for again and again.
      this.#more.set(more && items.length > 0);
      this.met(items);
    } finally {
      this.#busy.set(false);
    }
  }

  /** Takes out what is not there any more. */
  drop(is: (item: T) => boolean): void {
    this.#all.update((all) => all?.filter((item) => !is(item)));
  }
}
