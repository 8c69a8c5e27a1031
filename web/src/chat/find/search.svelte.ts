// A search: what was asked, what was found so far, and what is wrong with it.

import type { protocol } from "@kith/client";
import type { Site } from "../model/site.js";
import { why } from "../../lib/why.js";

/** Hits that one question asks for. */
const PAGE = 20;
/** Hits that are held: whoever looks through more narrows the search. */
const HELD_MAX = 1000;

/** What is asked. */
export interface Question {
  readonly text: string;
  readonly order: protocol.Order;
  /** Only in this stream. */
  readonly within: protocol.StreamId | undefined;
}

export class Search {
  /** What the hits answer; nothing was asked where it is absent. */
  question: Question | undefined = $state.raw();
  hits: readonly protocol.Hit[] = $state.raw([]);
  /** Whether there are more that can be asked for. */
  more = $state(false);
  /** Whether the latest messages may be missing. */
  behind = $state(false);
  busy = $state(false);
  failed = $state("");

  #next: string | undefined;
  /** An answer to a question of before is of no use. */
  #asked = 0;

  constructor(private readonly site: Site) {}

  /** Asks anew; an empty text asks nothing. */
  async ask(question: Question): Promise<void> {
    this.#asked += 1;
    this.#next = undefined;
    this.question = question.text === "" ? undefined : question;
    [this.more, this.failed] = [false, ""];
    if (this.question === undefined) {
      [this.hits, this.busy, this.behind] = [[], false, false];
      return;
    }
    await this.#load(question, true);
  }

  /** Asks for those behind what was found. */
  async next(): Promise<void> {
    if (this.question !== undefined && this.more && !this.busy) await this.#load(this.question, false);
  }

  async #load({ text, order, within }: Question, anew: boolean): Promise<void> {
    const own = this.#asked;
    this.busy = true;
    this.failed = "";
    try {
      const after = this.#next === undefined ? {} : { after: this.#next };
      const found = await this.site.client.query({ search: {
        text: within === undefined ? text : `in:${within} ${text}`,
        order, limit: PAGE, offset_minutes: ahead(), ...after,
      } });
      if (own !== this.#asked) return;
      this.hits = anew ? found.hits : [...this.hits, ...found.hits];
      this.#next = found.next;
      this.more = found.next !== undefined && this.hits.length < HELD_MAX;
      this.behind = found.behind === true;
      this.site.people.want(found.hits.map(({ message }) => message.author));
    } catch (error) {
      if (own !== this.#asked) return;
      if (anew) this.hits = [];
      this.failed = why(error);
    } finally {
      if (own === this.#asked) this.busy = false;
    }
  }
}

/** How many minutes the clock here is ahead of UTC; of 0, never its negative, which is no whole number. */
function ahead(): number {
  return 0 - new Date().getTimezoneOffset();
}
