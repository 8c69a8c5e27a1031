// A text that several write in, as one of them sees it: what others wrote comes in between, and what is
// written here is said, as the part that differs.

import type { protocol } from "@kith/client";
import { edit, merged, type Edit } from "../../lib/texts.js";

type Seq = protocol.Seq;

/** The text as the server tells it, as of an event. */
export interface Told {
  readonly seq: Seq;
  readonly text: string;
}

/** What a text needs of what is around it. */
export interface AroundText {
  ask(): Promise<Told>;
  /** Makes an edit whose places count on the text as of the event `after`. */
  say(change: Edit & { readonly after: Seq }): Promise<unknown>;
  /** Shows what it is by now, in place of `before`. */
  show(text: string, before: string): void;
  /** Why others' part did not come, or the own one was not taken; `undefined` once both did. */
  failed(error: unknown): void;
}

export class JointText {
  #told: Told | undefined;
  #written = "";
  #busy = false;
  /** Whether there is a reason to ask, or something to say. */
  #due = false;
  #ended = false;

  constructor(private readonly around: AroundText) {}

  /** This is written here by now; `bring` says it. */
  write(text: string): void {
    this.#written = text;
  }

  /** Learns what others wrote, and says what was written here. Never rejects. */
  async bring(): Promise<void> {
    this.#due = true;
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#due) {
        this.#due = false;
        await this.#learn();
        await this.#say();
      }
      this.around.failed(undefined);
    } catch (error) {
      // What was written stays, and is said when there is a reason to ask again.
      this.around.failed(error);
    } finally {
      this.#busy = false;
    }
  }

  /** Nobody looks at it any longer. What was written last is said. */
  async end(): Promise<void> {
    this.#ended = true;
    if (this.#told !== undefined && this.#written !== this.#told.text) await this.bring();
  }

  /** Asks always, also before something is said: the places of an edit count on what was told last. */
  async #learn(): Promise<void> {
    const now = await this.around.ask();
    const [before, mine] = [this.#told, this.#written];
    this.#told = now;
    this.#written = before === undefined ? now.text : merged(before.text, mine, now.text);
    if (!this.#ended && (before === undefined || mine !== this.#written)) this.around.show(this.#written, mine);
  }

  async #say(): Promise<void> {
    const { seq, text } = this.#told as Told;
    const written = this.#written;
    const change = edit(text, written);
    if (change === undefined) return;
    await this.around.say({ ...change, after: seq });
    // It is in what is told next; whatever else that has is of others.
    this.#told = { seq, text: written };
  }
}
