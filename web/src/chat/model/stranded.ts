// What was written for streams that are not there any longer: messages that wait, and what was begun.

import { KithError, Messages, type Client, type protocol } from "@kith/client";
import type { Drafts } from "./drafts.js";
import type { Kept, Outbox } from "./outbox.js";

/** What was written, as the browser keeps it. */
export interface Left {
  readonly messages: readonly Kept[];
  /** The streams in which something was begun. */
  readonly drafts: readonly protocol.StreamId[];
}

/** The pause before messages are told of: others may be refused with them. */
const SOON_MS = 120;

export class Stranded {
  readonly #refused = new Set<protocol.OpId>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly client: Pick<Client, "command">,
    private readonly outbox: Outbox,
    private readonly drafts: Drafts,
    private readonly told: (left: Left) => void,
  ) {}

  /** What there is now. */
  now(): Left {
    return { messages: this.outbox.all(), drafts: this.drafts.streams() };
  }

  /** Tells of what there was `before`, and is still, for streams that are not there. */
  async tell(before: Left, isThere: (stream: protocol.StreamId) => boolean): Promise<void> {
    const waiting = before.messages.filter(({ op, stream }) => !isThere(stream) && this.outbox.has(op));
    const posted = await Promise.all(waiting.map((one) => this.#isPosted(one)));
    const messages = waiting.filter(({ op }, at) => posted[at] !== true && this.outbox.has(op));
    const drafts = before.drafts.filter((stream) => !isThere(stream) && this.drafts.begun(stream).length > 0);
    if (messages.length + drafts.length > 0) this.told({ messages, drafts });
  }

  /** A message was refused, and its stream is not there: that is told soon. */
  refused(op: protocol.OpId): void {
    this.#refused.add(op);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const messages = this.outbox.all().filter((one) => this.#refused.has(one.op));
      this.#refused.clear();
      if (messages.length > 0) this.told({ messages, drafts: [] });
    }, SOON_MS);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  /** Whether a page before posted it and was not told, or that is not known: under the same name it happens once. */
  async #isPosted({ op, stream, draft: { uploads = [], ...draft }, sent }: Kept): Promise<boolean> {
    // What has files was posted with names that only that page knew.
    if (sent !== true || uploads.length > 0) return false;
    try {
      await this.client.command(new Messages(stream).send(op, draft), op);
    } catch (error) {
      const code = error instanceof KithError ? error.code : "";
      // Where it is not known, the next page asks. A name that the server knows was used.
      if (!code.startsWith("op.")) return code.startsWith("client.");
    }
    this.outbox.drop(op);
    return true;
  }
}
