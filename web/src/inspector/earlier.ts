// The transactions of before this page was opened, as far as the histories of topics have them.

import type { protocol, Store } from "@kith/client";
import { get, writable } from "svelte/store";
import type { Transaction } from "./timeline.js";

/** Topics whose pasts are gone through together. */
export const TOPICS_MAX = 20;
/** Events that are kept; more is in the past of each topic. */
export const EVENTS_MAX = 5000;
/** Events of each topic that are asked for at a time. */
const PAGE = 50;

/** A page of a topic's past, the newest first, and whether there is more before it. */
export interface Page {
  readonly events: readonly protocol.Event[];
  readonly more: boolean;
}

/** The events of several pages after which nothing of what is left in any of the topics happened. */
export function known(pages: readonly Page[]): readonly protocol.Event[] {
  const ends = pages.flatMap(({ events, more }) => (more ? [events.at(-1)?.at ?? Infinity] : []));
  const from = Math.max(...ends, -Infinity);
  return pages.flatMap(({ events }) => events.filter(({ at }) => at >= from));
}

/** Events as the transactions that they are of, the newest first; `idOf` tells these apart. */
export function grouped(
  events: Iterable<protocol.Event>,
  idOf: (name: string) => number,
): readonly Transaction[] {
  const all = new Map<string, { at: number; events: protocol.Event[] }>();
  for (const event of [...events].sort((one, two) => one.at - two.at || one.seq - two.seq)) {
    const name = `${event.by} ${event.op ?? event.at}`;
    const one = all.get(name) ?? { at: event.at, events: [] };
    one.events.push(event);
    all.set(name, one);
  }
  const told = [...all].map(([name, { at, events }]): Transaction => {
    const { by, op } = events[0] as protocol.Event;
    return { id: idOf(name), at, by, op, delay_ms: undefined, events };
  });
  return told.reverse();
}

export class Earlier implements Store<readonly Transaction[]> {
  readonly #events = new Map<string, protocol.Event>();
  readonly #ids = new Map<string, number>();
  /** The oldest event of each topic that is here or was told live. */
  readonly #oldest = new Map<protocol.FeedId, protocol.Seq>();
  readonly #shown = writable<readonly Transaction[]>([]);

  /** `pastOf` tells what happened to a topic before an event, or last. */
  constructor(private readonly pastOf: (topic: protocol.TopicId, before: protocol.Seq | undefined, limit: number) => Promise<Page>) {}

  get(): readonly Transaction[] {
    return get(this.#shown);
  }

  subscribe(run: (all: readonly Transaction[]) => void): () => void {
    return this.#shown.subscribe(run);
  }

  /** Whether there is room for more. */
  get isFull(): boolean {
    return this.#events.size >= EVENTS_MAX;
  }

  /** Notes an event that was told live: what is before it comes from here. */
  live({ feed, seq }: protocol.Event): void {
    if (!this.#oldest.has(feed)) this.#oldest.set(feed, seq);
    if (this.#events.delete(`${feed} ${seq}`)) this.#tell();
  }

  /** Goes further back in these topics; the events that came, and whether there is more. */
  async back(topics: readonly protocol.TopicId[]): Promise<Page> {
    const asked = topics.slice(0, TOPICS_MAX);
    const pages = await Promise.all(asked.map((topic) => this.pastOf(topic, this.#oldest.get(topic), PAGE)));
    const events = known(pages);
    for (const event of events) {
      // What was told live meanwhile is not told again.
      if (event.seq >= (this.#oldest.get(event.feed) ?? Infinity)) continue;
      this.#events.set(`${event.feed} ${event.seq}`, event);
      this.#oldest.set(event.feed, event.seq);
    }
    this.#tell();
    const came = pages.reduce((sum, page) => sum + page.events.length, 0);
    return { events, more: came > events.length || pages.some(({ more }) => more) };
  }

  /** Forgets what there is so far, and from where it was. */
  clear(): void {
    for (const all of [this.#events, this.#ids, this.#oldest]) all.clear();
    this.#tell();
  }

  #tell(): void {
    this.#shown.set(grouped(this.#events.values(), (name) => {
      // Those of transactions that were told live are above 0.
      const id = this.#ids.get(name) ?? -1 - this.#ids.size;
      this.#ids.set(name, id);
      return id;
    }));
  }
}
