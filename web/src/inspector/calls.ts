// The calls of a circle's services: those that are open, and one that is made by hand.

import { KithError, type Json, type protocol } from "@kith/client";
import { get, writable, type Readable, type Writable } from "svelte/store";
import type { CircleModel } from "./circle.js";
import { told } from "./told.js";
import { pretty } from "./words.js";

/** What came of a call that stays in sight. */
const LINES_MAX = 200;

/** Something that came of a call. */
export interface Line {
  readonly is: "item" | "progress" | "result" | "refused";
  readonly text: string;
}

/** A call that is to be made. */
export interface Wanted {
  readonly name: string;
  readonly args: Json;
  readonly deadline_ms: number;
}

export class Calls {
  readonly open: Readable<readonly protocol.OpenCall[]>;
  /** Whether there are more than are told. */
  readonly more: Readable<boolean>;
  /** Why one may not see them, where that is so. */
  readonly blind: Readable<string>;
  /** What came of the call that was made last. */
  readonly lines: Readable<readonly Line[]>;
  /** Whether it is still going on. */
  readonly running: Readable<boolean>;

  readonly #open: Writable<readonly protocol.OpenCall[]> = writable([]);
  readonly #more = writable(false);
  readonly #blind = writable("");
  readonly #lines: Writable<readonly Line[]> = writable([]);
  readonly #running = writable(false);
  #abort: AbortController | undefined;

  constructor(private readonly model: Pick<CircleModel, "client" | "id" | "know">) {
    [this.open, this.more, this.blind] = [this.#open, this.#more, this.#blind];
    [this.lines, this.running] = [this.#lines, this.#running];
  }

  /** Asks which are open. */
  async look(): Promise<void> {
    const { client, id } = this.model;
    if (client.connection.get().state !== "online" || get(this.#blind) !== "") return;
    try {
      const { calls, more } = await client.query({ calls: { circle: id } });
      this.#open.set(calls);
      this.#more.set(more);
      this.model.know(calls.flatMap(({ user, provider }) => [user, ...(provider === undefined ? [] : [provider])]));
    } catch (error) {
      if (!(error instanceof KithError) || error.code === "client.closed") return;
      this.#blind.set(told(error));
    }
  }

  /** Makes a call, and tells what comes of it; rejects where it is refused. */
  async call({ name, args, deadline_ms }: Wanted): Promise<void> {
    const { client, id } = this.model;
    const abort = new AbortController();
    this.#abort = abort;
    this.#running.set(true);
    this.#lines.set([]);
    try {
      const stream = client.callStream({ circle: id, name, args, deadline_ms }, { signal: abort.signal, onProgress: (value) => this.#put("progress", value) });
      for (;;) {
        const { done, value } = await stream.next();
        this.#put(done === true ? "result" : "item", value);
        if (done === true) return;
      }
    } catch (error) {
      if (error instanceof KithError) {
        const { code, failure, unknown } = error;
        this.#put("refused", { code, ...(failure === undefined ? {} : { failure: failure as unknown as Json }), ...(unknown ? { unknown } : {}) });
      }
      throw error;
    } finally {
      this.#running.set(false);
    }
  }

  /** Takes back the call that is going on. */
  cancel(): void {
    this.#abort?.abort();
  }

  #put(is: Line["is"], value: Json): void {
    this.#lines.update((lines) => [...lines, { is, text: pretty(value) }].slice(-LINES_MAX));
  }
}
