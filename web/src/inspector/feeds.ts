// The feeds of a circle that are no topics: what happens in the circle itself, and its streams.

import { KithError, type Client, type protocol } from "@kith/client";
import { writable, type Writable } from "svelte/store";
import { Rates } from "./rates.js";
import { told } from "./told.js";

/** Feeds that are looked at. */
const LOOKED_MAX = 200;

/** A feed and what it is called. */
export interface Named {
  readonly id: protocol.FeedId;
  readonly name: string;
}

export class Feeds {
  /** The circle first, then its streams. */
  readonly all: Writable<readonly Named[]> = writable([]);
  /** Counts the looks at the traffic; what was seen is in `rates`. */
  readonly looks: Writable<number> = writable(0);
  /** Why the traffic is not told, where that is so. */
  readonly blind: Writable<string> = writable("");
  readonly rates = new Rates();
  #ids: protocol.FeedId[] = [];
  #turns = 0;

  constructor(private readonly client: Pick<Client, "query">, private readonly circle: protocol.CircleId) {}

  /** Asks which there are. */
  async list(): Promise<void> {
    const { circle, streams } = await this.client.query({ circle: { circle: this.circle } });
    const all = [
      { id: circle.id, name: circle.name },
      ...streams.map(({ stream }) => ({ id: stream.id, name: `#${stream.name}` })),
    ];
    this.#ids = all.map(({ id }) => id).slice(0, LOOKED_MAX);
    this.all.set(all);
  }

  /** Looks at how much they are followed, and how far they are. */
  async look(): Promise<void> {
    try {
      if (this.#ids.length === 0) await this.list();
      this.rates.heard(await this.client.query({ traffic: { feeds: this.#ids } }), performance.now());
      this.blind.set("");
      this.#turns += 1;
      this.looks.set(this.#turns);
    } catch (error) {
      if (!(error instanceof KithError)) throw error;
      // One of them went meanwhile: the next look is without it.
      this.#ids = [];
      if (!error.code.endsWith("not_found") && error.code !== "client.closed") this.blind.set(told(error));
    }
  }
}
