// What follows the user over devices: kept by the server under names, and by the browser as a copy that
// is there before the server has answered.

import type { Json, protocol } from "@kith/client";
import { get, writable, type Readable, type Writable } from "svelte/store";
import type { Keep } from "./outbox.js";

/** A value as JSON; `null` for one that is not set. */
export type Value = Json;
/** All that is set, by its name. */
export type Values = Readonly<Record<string, Value>>;

/** What is on its way to the server under one name. */
interface Pending {
  /** Changes without an answer. */
  count: number;
  /** What the server has, as far as it told. */
  base: Value;
  /** Whether it told since the last change was sent. */
  isTold: boolean;
}

export class Preferences {
  /** All of them, with one's own changes at once. */
  readonly values: Readable<Values>;

  readonly #values: Writable<Values>;
  readonly #key: string;
  readonly #pending = new Map<string, Pending>();

  /** `send` has the server keep one; it rejects where that is refused. */
  constructor(user: protocol.UserId, private readonly storage: Keep, private readonly send: (key: string, value: Value) => Promise<unknown>) {
    this.#key = `kith.preferences.${user}`;
    this.#values = writable(this.#kept());
    this.values = this.#values;
  }

  /** How one is; `null` where it is not set. */
  get(key: string): Value {
    return get(this.#values)[key] ?? null;
  }

  /** These are all that the server has. */
  learn(all: Values): void {
    const known: Record<string, Value> = { ...all };
    for (const [key, pending] of this.#pending) {
      pending.base = all[key] ?? null;
      known[key] = this.get(key);
    }
    this.#show(Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null)));
  }

  /** One was set, here or on another device. */
  told(key: string, value: Value): void {
    const pending = this.#pending.get(key);
    if (pending === undefined) {
      this.#put(key, value);
      return;
    }
    // What was chosen here last stays in sight until the server has answered.
    pending.base = value;
    pending.isTold = true;
  }

  /** Sets one, or with `null` forgets it: here at once, taken back where the server refuses. */
  async set(key: string, value: Value): Promise<void> {
    const pending = this.#pending.get(key) ?? { count: 0, base: this.get(key), isTold: false };
    this.#pending.set(key, pending);
    pending.count += 1;
    pending.isTold = false;
    this.#put(key, value);
    try {
      await this.send(key, value);
      if (!pending.isTold) pending.base = value;
    } finally {
      pending.count -= 1;
      if (pending.count === 0) {
        this.#pending.delete(key);
        this.#put(key, pending.base);
      }
    }
  }

  #put(key: string, value: Value): void {
    const { [key]: _, ...rest } = get(this.#values);
    this.#show(value === null ? rest : { ...rest, [key]: value });
  }

  #show(values: Values): void {
    this.#values.set(values);
    try {
      this.storage.setItem(this.#key, JSON.stringify(values));
    } catch {
      // Without room for the copy, the server is asked the next time.
      this.storage.removeItem(this.#key);
    }
  }

  #kept(): Values {
    try {
      const kept: unknown = JSON.parse(this.storage.getItem(this.#key) ?? "{}");
      return typeof kept === "object" && kept !== null && !Array.isArray(kept) ? (kept as Values) : {};
    } catch {
      return {};
    }
  }
}
