// The slash commands that somebody gave in a stream, and what became of each: that is told to them
// alone, where they write.

import { KithError, type protocol } from "@kith/client";
import { t } from "../../lib/i18n/index.svelte.js";
import { why } from "../../lib/why.js";
import { answerIn, commandIn, COMMANDS } from "../model/command.js";
import type { Site } from "../model/site.js";
import type { StreamModel } from "../model/stream.js";

/** Commands that are shown; of more, the last. */
const SHOWN_MAX = 5;
/** For so long it is known which commands there are. */
const KNOWN_MS = 10_000;
/** Commands that a circle is asked for. */
const LISTED_MAX = 200;

/** A command that was given. */
export interface Given {
  readonly id: number;
  /** As it was typed. */
  readonly said: string;
  readonly is: "running" | "answered" | "failed";
  /** What is told of it: the answer, or why there is none. */
  readonly text: string;
}

export class Commander {
  given: readonly Given[] = $state.raw([]);
  /** What there is, as far as it was asked for. */
  cards: readonly protocol.Card[] = $state.raw([]);

  readonly #running = new Map<number, AbortController>();
  #last = 0;
  #listing: { readonly at_ms: number; readonly cards: Promise<readonly protocol.Card[]> } | undefined;

  constructor(private readonly site: Site, private readonly stream: StreamModel) {}

  /** The commands of the circle; none in conversations. */
  async list(): Promise<readonly protocol.Card[]> {
    const { circle } = this.stream;
    if (circle === undefined) return [];
    if (this.#listing === undefined || performance.now() - this.#listing.at_ms > KNOWN_MS) {
      const cards = this.site.client.query({ services: { circle: circle.id, begin: COMMANDS, limit: LISTED_MAX } }).then(({ services }) => services);
      this.#listing = { at_ms: performance.now(), cards };
      cards.catch(() => (this.#listing = undefined));
    }
    this.cards = await this.#listing.cards;
    return this.cards;
  }

  /** Whether a message is a command that there is. Rejects where that cannot be known. */
  async knows(said: string): Promise<boolean> {
    const command = commandIn(said);
    if (command === undefined) return false;
    const name = COMMANDS + command.name;
    const all = await this.list();
    // Whoever lists two hundred may not have seen all.
    return all.some((card) => card.name === name) || all.length >= LISTED_MAX;
  }

  /** How the command that is being typed is used, once its name stands there. */
  usage(said: string): protocol.Card | undefined {
    const command = /^\S+\s/.test(said) ? commandIn(said) : undefined;
    return command === undefined ? undefined : this.cards.find(({ name }) => name === COMMANDS + command.name);
  }

  /** Gives a command, and tells what becomes of it. */
  async run(said: string): Promise<void> {
    const command = commandIn(said);
    const { circle, id: stream } = this.stream;
    if (command === undefined || circle === undefined) return;
    this.#last += 1;
    const id = this.#last;
    const abort = new AbortController();
    this.#running.set(id, abort);
    this.given = [...this.given, { id, said, is: "running" as const, text: "" }].slice(-SHOWN_MAX);
    try {
      const call = { circle: circle.id, name: COMMANDS + command.name, args: { text: command.text }, stream };
      const answer = answerIn(await this.site.client.call(call, { signal: abort.signal }));
      if (answer === undefined) this.dismiss(id);
      else this.#tell(id, "answered", answer);
    } catch (error) {
      if (abort.signal.aborted) this.dismiss(id);
      else this.#tell(id, "failed", reason(error));
    } finally {
      this.#running.delete(id);
    }
  }

  /** Waits for a command no longer. */
  cancel(id: number): void {
    this.#running.get(id)?.abort();
  }

  dismiss(id: number): void {
    this.given = this.given.filter((one) => one.id !== id);
  }

  #tell(id: number, is: Given["is"], text: string): void {
    this.given = this.given.map((one) => (one.id === id ? { ...one, is, text } : one));
  }
}

/** Why a command did not come about: the provider's own words, where it has some. */
function reason(error: unknown): string {
  if (!(error instanceof KithError)) return why(error);
  if (error.failure !== undefined) return error.failure.message;
  switch (error.code) {
    case "service.not_found": return t("command.gone");
    case "service.late":
    case "service.gone": return t("command.late");
    case "service.busy": return t("command.busy");
    default: return why(error);
  }
}

const kept = new WeakMap<StreamModel, Map<protocol.Seq, Commander>>();

/** The commands of a stream, or of one of its threads: they are there for as long as the page is. */
export function commanderOf(site: Site, stream: StreamModel, thread: protocol.Seq = 0): Commander {
  const all = kept.get(stream) ?? new Map<protocol.Seq, Commander>();
  kept.set(stream, all);
  const held = all.get(thread) ?? new Commander(site, stream);
  all.set(thread, held);
  return held;
}
