// How far somebody has read in a thread that is open.

import type { Client, protocol } from "@kith/client";
import { writable, type Readable, type Writable } from "svelte/store";
import type { StreamModel } from "./stream.js";

type Seq = protocol.Seq;

/** The pause between two words on how far one has read. */
const READ_MS = 700;

export class ThreadReads {
  /** Up to here it was read when it was opened; what is behind is new. */
  readonly newAfter: Readable<Seq | undefined>;

  readonly #newAfter: Writable<Seq | undefined> = writable(undefined);
  #seen = 0;
  #told = 0;
  #begun = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly stream: StreamModel, private readonly client: Client, private readonly root: Seq) {
    this.newAfter = this.#newAfter;
  }

  /** Learns how far it was read; of a thread that the user does not follow nothing is marked. */
  async begin(): Promise<void> {
    const { threads } = await this.client.query({ unread: { stream: this.stream.id } });
    const held = threads.find(({ thread }) => thread === this.root);
    this.#begun = held !== undefined;
    if (held === undefined) return;
    this.#told = held.read;
    if (held.unread > 0) this.#newAfter.set(held.read);
    if (this.#seen > this.#told) this.#later();
  }

  /** This message was on the screen. */
  saw(_first: Seq, seq: Seq): void {
    if (seq <= this.#seen) return;
    this.#seen = seq;
    this.#later();
  }

  #later(): void {
    this.#timer ??= setTimeout(() => this.flush(), READ_MS);
  }

  /** Tells the server how far it was read. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#begun || this.#seen <= this.#told) return;
    this.#told = this.#seen;
    this.stream.attempt(this.client.command({ read: { stream: this.stream.id, seq: this.#seen, thread: this.root } }));
  }
}
