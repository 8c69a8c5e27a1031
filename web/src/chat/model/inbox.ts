// What means or answers the user wherever it is, and the threads that they follow.

import type { protocol } from "@kith/client";
import { get, writable, type Readable, type Writable } from "svelte/store";
import type { Site } from "./site.js";

export class Inbox {
  readonly entries: Readable<readonly protocol.InboxEntry[]>;
  readonly threads: Readable<readonly protocol.ThreadCard[]>;
  /** Whether there are earlier ones that could be asked for. */
  readonly more: Readable<boolean>;
  /** Whether an answer is on its way. */
  readonly busy: Readable<boolean>;
  /** Why there is no answer, where that is so. */
  readonly failed: Readable<unknown>;

  readonly #entries: Writable<readonly protocol.InboxEntry[]> = writable([]);
  readonly #threads: Writable<readonly protocol.ThreadCard[]> = writable([]);
  readonly #more = writable(false);
  readonly #busy = writable(false);
  readonly #failed: Writable<unknown> = writable(undefined);
  #next: protocol.InboxPlace | undefined;
  #unread = false;
  /** An answer to a question of before is of no use. */
  #asked = 0;

  constructor(private readonly site: Pick<Site, "client" | "people">) {
    [this.entries, this.threads, this.more] = [this.#entries, this.#threads, this.#more];
    [this.busy, this.failed] = [this.#busy, this.#failed];
  }

  /** Asks for the newest; of those that are unread alone, where that is wished. */
  async load(unread: boolean): Promise<void> {
    this.#unread = unread;
    this.#next = undefined;
    await this.#ask([]);
  }

  /** Asks for those before. */
  async next(): Promise<void> {
    await this.#ask(get(this.#entries));
  }

  /** Asks which threads the user follows. */
  async loadThreads(): Promise<void> {
    const { threads } = await this.site.client.query({ threads: {} });
    this.#threads.set(threads);
  }

  async #ask(held: readonly protocol.InboxEntry[]): Promise<void> {
    this.#asked += 1;
    const own = this.#asked;
    this.#busy.set(true);
    this.#failed.set(undefined);
    try {
      const before = this.#next === undefined ? {} : { before: this.#next };
      const { entries, next } = await this.site.client.query({ inbox: { ...before, ...(this.#unread ? { unread: true } : {}) } });
      if (own !== this.#asked) return;
      this.#entries.set([...held, ...entries]);
      this.#next = next;
      this.#more.set(next !== undefined);
      this.site.people.want(entries.map(({ message }) => message.author));
    } catch (error) {
      if (own === this.#asked) this.#failed.set(error);
    } finally {
      if (own === this.#asked) this.#busy.set(false);
    }
  }
}
