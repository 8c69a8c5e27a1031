// Messages that are shown apart from what stands around them: what another answers or has a link to, what
// is pinned, what a thread is of. What is held is taken, everything else is asked for, once.

import type { protocol } from "@kith/client";
import { writable, type Readable } from "svelte/store";

type Message = protocol.Message;
type Seq = protocol.Seq;
type StreamId = protocol.StreamId;

/** Messages that are remembered while nothing shows them. */
const REST_MAX = 200;
/** What is remembered for so long is asked for again when it is shown. */
const FRESH_MS = 60_000;

/** A message; `null` where there is none that one may read, `undefined` while that is not known. */
export type Single = Message | null | undefined;

interface Entry {
  readonly stream: StreamId;
  readonly seq: Seq;
  readonly store: Readable<Single>;
  value: Single;
  asked_ms: number;
  /** Counts questions: an answer to one of before is of no use. */
  asked: number;
  /** Shows what is known now; absent while nobody watches. */
  show: (() => void) | undefined;
}

/** What is needed of what is around. */
export interface AroundSingles {
  /** A message that is held, as it is now. */
  held(stream: StreamId, seq: Seq): Message | undefined;
  /** Asks the server for it; rejects where there is none that one may read. */
  ask(stream: StreamId, seq: Seq): Promise<Message>;
  /** The names of these will be shown. */
  wanted(users: readonly protocol.UserId[]): void;
  /** Whether it may be there although it could not be asked for. */
  isPassing(error: unknown): boolean;
}

export class Singles {
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly around: AroundSingles, private readonly now: () => number = Date.now) {}

  /** A message, kept as it is by now for as long as somebody watches. */
  one(stream: StreamId, seq: Seq): Readable<Single> {
    const key = `${stream} ${seq}`;
    const known = this.#entries.get(key);
    if (known !== undefined) return known.store;
    const entry: Entry = {
      stream, seq, value: undefined, asked_ms: -Infinity, asked: 0, show: undefined,
      store: writable<Single>(undefined, (set) => {
        entry.show = () => set(entry.value);
        this.#watched(entry);
        return () => {
          entry.show = undefined;
          // Those that were shown last are behind all others.
          if (this.#entries.get(key) === entry) this.#entries.delete(key);
          this.#entries.set(key, entry);
          this.#tidy();
        };
      }),
    };
    this.#entries.set(key, entry);
    return entry.store;
  }

  /** Something happened to a message. */
  changed(stream: StreamId, seq: Seq): void {
    const entry = this.#entries.get(`${stream} ${seq}`);
    if (entry === undefined) return;
    entry.asked_ms = -Infinity;
    if (entry.show !== undefined && !this.#hold(entry)) this.#ask(entry);
  }

  /** Asks again for what is shown and could not be asked for. */
  again(): void {
    for (const entry of this.#entries.values()) {
      if (entry.show !== undefined && entry.asked_ms === -Infinity) this.#watched(entry);
    }
  }

  /** A stream may not be read any longer, nor what was in it. */
  lost(stream: StreamId): void {
    for (const entry of this.#entries.values()) {
      if (entry.stream !== stream) continue;
      entry.asked += 1;
      entry.value = null;
      entry.asked_ms = this.now();
      entry.show?.();
    }
  }

  #watched(entry: Entry): void {
    if (this.#hold(entry)) return;
    entry.show?.();
    if (this.now() - entry.asked_ms >= FRESH_MS) this.#ask(entry);
  }

  /** Shows it as it is held; whether it is. */
  #hold(entry: Entry): boolean {
    const held = this.around.held(entry.stream, entry.seq);
    if (held === undefined) return false;
    // An answer that is on its way is older.
    entry.asked += 1;
    entry.value = held;
    entry.show?.();
    this.around.wanted([held.author]);
    return true;
  }

  #ask(entry: Entry): void {
    entry.asked += 1;
    entry.asked_ms = this.now();
    const own = entry.asked;
    this.around.ask(entry.stream, entry.seq).then(
      (found) => {
        if (own !== entry.asked) return;
        this.around.wanted([found.author]);
        entry.value = found;
        entry.show?.();
      },
      (error: unknown) => {
        if (own !== entry.asked) return;
        if (this.around.isPassing(error)) {
          // Without a connection, say, it stays as it was known.
          entry.asked_ms = -Infinity;
          return;
        }
        entry.value = null;
        entry.show?.();
      },
    );
  }

  /** Forgets those that nobody watches, where there are many. */
  #tidy(): void {
    const rest = [...this.#entries].filter(([, entry]) => entry.show === undefined);
    for (const [key] of rest.slice(0, Math.max(rest.length - REST_MAX, 0))) this.#entries.delete(key);
  }
}
