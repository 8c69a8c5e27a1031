// The list of messages of one stream as a program shows it: what the server ordered, then what is
// still on its way, then what failed and waits for a decision. Pure; fed with updates and results.
//
// Answers and events of the same operation may come in either order, twice, or only one of them: a
// message is never shown twice for it once both the list's place in the feed and the answer are
// known, and never lost.

import type { KithError } from "./error.js";
import type { Command, Event, FileId, Message, OpId, Outcome, Seq, Stream, StreamId, TopicId, UserId } from "./protocol.js";

/** Changes of messages that are not held, remembered for pages that were asked for before them. */
const MISSED_MAX = 256;

/** The edits of a message that are known one by one. */
const EDITS_MAX = 50;

/** A message as its writer made it. */
export interface Draft {
  /** What it says. */
  readonly text: string;
  /** The message it answers. */
  readonly reply_to?: Seq;
  /** The message in whose thread it goes. */
  readonly thread?: Seq;
  /** The topic that is shown live in it. */
  readonly topic?: TopicId;
  /** One's own files that go with it; without a text they say it all. */
  readonly files?: readonly FileId[];
}

/** A line of the list. */
export type Entry =
  /** The server has it; in the order of its numbers. */
  | { readonly state: "confirmed"; readonly message: Message }
  /** On its way; in the order of sending, after all that is confirmed. */
  | { readonly state: "sending"; readonly op: OpId; readonly draft: Draft }
  /** Refused: to be tried again or discarded. */
  | { readonly state: "failed"; readonly op: OpId; readonly draft: Draft; readonly error: KithError };

interface Own {
  readonly op: OpId;
  readonly draft: Draft;
  /** The number under which the server has it, where the list has not come so far. */
  placed?: Seq;
  error?: KithError;
}

/** The newest messages are not held. */
interface Cut {
  /** Newer ones than this are not. */
  readonly after: Seq;
  /** The newest that came since newer ones were last asked for, and was let go. */
  let_go?: Seq;
}

/**
 * The messages of one stream, or of one of its threads. It holds what it was given; `trim` and
 * `trimNewest` bound it.
 *
 * What it holds is one part: the newest messages, or those that were asked for (`show`); in the latter
 * case it is *cut*, and newer ones come by `newerPage`.
 */
export class Messages {
  #seq: Seq;
  #stream: Stream | undefined;
  /** In the order of their numbers. */
  #messages = new Map<Seq, Message>();
  #own: Own[] = [];
  #missed: Event[] = [];
  #cut: Cut | undefined;

  /**
   * An empty list, as of the event `seq`. With `thread` it is of that thread: of what it is given it
   * keeps the thread and the message that it is of.
   */
  constructor(readonly id: StreamId, readonly thread?: Seq, seq: Seq = 0) {
    this.#seq = seq;
  }

  /** The last event that is in the list. */
  get seq(): Seq {
    return this.#seq;
  }

  /** The stream itself, once it is known. */
  get stream(): Stream | undefined {
    return this.#stream;
  }

  /** The lines to show: of the stream itself, or of one of its threads. */
  entries(thread?: Seq): Entry[] {
    const lines: Entry[] = [];
    for (const message of this.#messages.values()) {
      if (message.thread === thread) lines.push({ state: "confirmed", message });
    }
    for (const { op, draft, error } of this.#own) {
      if (draft.thread !== thread) continue;
      lines.push(error === undefined ? { state: "sending", op, draft } : { state: "failed", op, draft, error });
    }
    return lines;
  }

  /** The oldest message that is held, apart from the one that the thread is of. */
  oldest(): Seq | undefined {
    for (const seq of this.#messages.keys()) {
      if (seq !== this.thread) return seq;
    }
    return undefined;
  }

  /** A message that is held. */
  message(seq: Seq): Message | undefined {
    return this.#messages.get(seq);
  }

  /** Whether newer messages are there that are not held. */
  get isCut(): boolean {
    return this.#cut !== undefined;
  }

  /** Whether something of one's own has no answer yet. */
  get isSending(): boolean {
    return this.#own.some(({ error }) => error === undefined);
  }

  /** It is known what the stream is, as of the event that the list begins with. */
  begin(stream: Stream): void {
    this.#stream ??= stream;
  }

  /** A snapshot takes the place of everything that was confirmed. */
  snapshot(seq: Seq, stream: Stream, messages: readonly Message[]): void {
    this.#stream = stream;
    this.#missed = [];
    this.#cut = undefined;
    this.#messages = new Map(messages.filter((one) => this.#belongs(one)).map((message) => [message.seq, message]));
    this.#seq = seq;
    this.#settlePlaced();
  }

  #belongs({ seq, thread }: Pick<Message, "seq" | "thread">): boolean {
    return this.thread === undefined || thread === this.thread || seq === this.thread;
  }

  /** The next event of the stream. Those that are in the list already change nothing. */
  event(event: Event): void {
    if (event.feed !== this.id || event.seq <= this.#seq) return;
    this.#noteMissed(event);
    this.#reduce(event);
    this.#seq = event.seq;
    if (event.body.kind === "posted") this.#came(event.seq, event.body.thread);
    if (event.op !== undefined && event.body.kind === "posted") {
      this.#own = this.#own.filter((own) => own.op !== event.op);
    }
    this.#settlePlaced();
  }

  /** A message was posted: where it does not belong to what is held, it is let go again. */
  #came(seq: Seq, thread: Seq | undefined): void {
    const isOfList = this.thread === thread;
    if (this.#cut !== undefined && isOfList) this.#cut.let_go = seq;
    if (this.#cut !== undefined || (this.thread !== undefined && !isOfList)) this.#messages.delete(seq);
  }

  /** The next event is of somebody whom the user blocks. */
  hidden(seq: Seq): void {
    this.#seq = Math.max(this.#seq, seq);
    this.#settlePlaced();
  }

  /** Older or newer messages, as the server answered a question for them, in any order. */
  page(messages: readonly Message[]): void {
    // What is held has seen every event up to here; and what is not yet here will come.
    const came = messages.filter((one) => one.seq <= this.#seq && !this.#messages.has(one.seq) && this.#belongs(one));
    const all = [...this.#messages.values(), ...came].sort((one, two) => one.seq - two.seq);
    this.#messages = new Map(all.map((message) => [message.seq, message]));
    // Changes that overtook the answer are made once more, on what came with it.
    const numbers = new Set(came.map(({ seq }) => seq));
    for (const event of this.#missed) {
      const { body } = event;
      const message = changed(event);
      if (message === undefined || !numbers.has(message)) continue;
      if (body.kind !== "deleted") this.#reduce(event);
      else this.#messages.delete(message);
      if (body.kind === "deleted" && body.thread !== undefined && numbers.has(body.thread)) this.#replies(body.thread, -1);
    }
  }

  /** Shows another part of the stream: these messages, behind which it is cut. */
  show(messages: readonly Message[]): void {
    const root = this.thread === undefined ? undefined : this.#messages.get(this.thread);
    this.#messages = new Map(root === undefined ? [] : [[root.seq, root]]);
    this.#cut = { after: 0, ...this.#letGo() };
    this.newerPage(messages, true);
  }

  /**
   * After which message the next ones are to be asked for; `undefined` when the newest are held. To be
   * called when that is done, also before the newest are asked for to be shown.
   */
  askNewer(): Seq | undefined {
    if (this.#cut !== undefined) delete this.#cut.let_go;
    return this.#cut?.after;
  }

  /**
   * What the server answered to the question for newer messages, and whether there are more. The list
   * is cut no longer when it has all that is known to be there.
   */
  newerPage(messages: readonly Message[], more: boolean): void {
    const cut = this.#cut;
    if (cut === undefined) return this.page(messages);
    const come = messages.map(({ seq }) => seq).filter((seq) => seq <= this.#seq);
    const after = Math.max(cut.after, ...come);
    this.page(messages);
    // What was posted since the server answered was let go, and is asked for once more.
    const overtaken = cut.let_go !== undefined && cut.let_go > after;
    this.#cut = more || overtaken ? { after, ...this.#letGo() } : undefined;
  }

  /** Keeps the oldest `max` confirmed messages of those that are held: behind them the list is cut. */
  trimNewest(max: number): void {
    const kept = [...this.#messages.keys()];
    const over = kept.splice(max);
    if (over.length === 0) return;
    for (const seq of over) this.#messages.delete(seq);
    this.#cut = { after: kept.at(-1) ?? 0, ...this.#letGo() };
  }

  #letGo(): Pick<Cut, "let_go"> {
    return this.#cut?.let_go === undefined ? {} : { let_go: this.#cut.let_go };
  }

  #noteMissed(event: Event): void {
    const message = changed(event);
    if (message === undefined) return;
    if (event.body.kind === "deleted" || !this.#messages.has(message)) {
      this.#missed = [...this.#missed.slice(1 - MISSED_MAX), event];
    }
  }

  /** Keeps the newest `max` confirmed messages; older ones can be asked for again. Whether some went. */
  trim(max: number): boolean {
    const over = this.#messages.size - max;
    if (over <= 0) return false;
    const old = [...this.#messages.keys()].filter((seq) => seq !== this.thread).slice(0, over);
    for (const seq of old) this.#messages.delete(seq);
    return old.length > 0;
  }

  /** Shows `draft` as on its way and tells the command to send under the same name. */
  send(op: OpId, draft: Draft): Command {
    this.#own = [...this.#own.filter((own) => own.op !== op), { op, draft }];
    const { text, reply_to, thread, topic, files = [] } = draft;
    return {
      post: {
        stream: this.id,
        text,
        ...(reply_to === undefined ? {} : { reply_to }),
        ...(thread === undefined ? {} : { thread }),
        ...(topic === undefined ? {} : { topic }),
        ...(files.length === 0 ? {} : { files: [...files] }),
      },
    };
  }

  /** The server did it. The line stays until the list has come as far as the message. */
  done(op: OpId, { events = [] }: Outcome): void {
    const own = this.#own.find((one) => one.op === op);
    if (own === undefined) return;
    const place = events.find(({ feed }) => feed === this.id);
    // Without a place it went where this user may not look any longer.
    if (place === undefined) this.#own = this.#own.filter((one) => one !== own);
    else own.placed = place.seq;
    this.#settlePlaced();
  }

  /** The server definitely did not do it. */
  failed(op: OpId, error: KithError): void {
    const own = this.#own.find((one) => one.op === op);
    if (own !== undefined && own.placed === undefined) own.error ??= error;
  }

  /** A line that failed is on its way again, now the last: the command to send, under the same name. */
  retry(op: OpId): Command | undefined {
    const draft = this.discard(op);
    return draft === undefined ? undefined : this.send(op, draft);
  }

  /** Takes a line away that failed, or of which it is known that it was not sent; what it said comes back. */
  discard(op: OpId, is_unsent = false): Draft | undefined {
    const own = this.#own.find((one) => one.op === op && (is_unsent || one.error !== undefined));
    if (own !== undefined) this.#own = this.#own.filter((one) => one !== own);
    return own?.draft;
  }

  #settlePlaced(): void {
    this.#own = this.#own.filter(({ placed }) => placed === undefined || placed > this.#seq);
  }

  #edit(seq: Seq, edit: (message: Message) => Message): void {
    const message = this.#messages.get(seq);
    if (message !== undefined) this.#messages.set(seq, edit(message));
  }

  #editStream(edit: (stream: Stream) => Stream): void {
    if (this.#stream !== undefined) this.#stream = edit(this.#stream);
  }

  /** What an event does to the documents that are held; one about others changes nothing. */
  #reduce(event: Event): void {
    const { body, by } = event;
    switch (body.kind) {
      case "stream_changed":
        this.#editStream(({ name: _, about: __, ...stream }) => ({
          ...stream,
          ...(body.name === undefined ? {} : { name: body.name }),
          ...(body.about === undefined ? {} : { about: body.about }),
          archived: body.archived,
          slow_seconds: body.slow_seconds,
        }));
        break;
      case "stream_narrowed":
        this.#editStream((stream) => ({ ...stream, deny: body.deny }));
        break;
      case "stream_arranged":
        this.#editStream(({ section: _, ...stream }) => ({
          ...stream,
          ...(body.section === undefined ? {} : { section: body.section }),
          position: body.position,
        }));
        break;
      case "group_added":
        this.#editStream((stream) => inGroup(stream, (users) => [...new Set([...users, ...body.users])].sort()));
        break;
      case "group_left":
        this.#editStream((stream) => inGroup(stream, (users) => users.filter((user) => user !== body.user)));
        break;
      case "pinned":
        this.#editStream((stream) => ({ ...stream, pins: [...stream.pins ?? [], body.message] }));
        break;
      case "unpinned":
        this.#unpin(body.message);
        break;
      case "posted": {
        if (by === undefined) break;
        const { kind: _, ...posted } = body;
        this.#messages.set(event.seq, { seq: event.seq, author: by, at: event.at, ...posted });
        this.#replies(body.thread, 1);
        break;
      }
      case "edited":
        this.#edit(body.message, ({ mentions: _, ...message }) => ({
          ...message,
          text: body.text,
          ...(body.mentions === undefined ? {} : { mentions: body.mentions }),
          edited_at: event.at,
          edits: edited(message.edits, event.seq),
        }));
        break;
      case "deleted":
        this.#messages.delete(body.message);
        this.#unpin(body.message);
        this.#replies(body.thread, -1);
        break;
      case "reacted":
      case "unreacted":
        if (by === undefined) break;
        this.#edit(body.message, (message) => {
          const reactions = { ...message.reactions };
          const others = (reactions[body.emoji] ?? []).filter((user) => user !== by);
          const users = body.kind === "reacted" ? [...others, by].sort() : others;
          if (users.length > 0) reactions[body.emoji] = users;
          else delete reactions[body.emoji];
          return { ...message, reactions };
        });
        break;
      default:
    }
  }

  #unpin(message: Seq): void {
    this.#editStream((stream) => ({ ...stream, pins: (stream.pins ?? []).filter((pin) => pin !== message) }));
  }

  #replies(thread: Seq | undefined, more: number): void {
    if (thread === undefined) return;
    this.#edit(thread, (root) => ({ ...root, replies: Math.max((root.replies ?? 0) + more, 0) }));
  }
}

function inGroup(stream: Stream, users: (now: readonly UserId[]) => UserId[]): Stream {
  return stream.kind === "group" ? { ...stream, users: users(stream.users) } : stream;
}

/** The edits of a message with one more, the newest of them. */
function edited(before: readonly Seq[] = [], seq: Seq): Seq[] {
  return [...before.filter((one) => one !== seq), seq].slice(-EDITS_MAX);
}

/** Which message an event changes that was posted before. */
function changed({ body }: Event): Seq | undefined {
  switch (body.kind) {
    case "edited":
    case "deleted":
    case "reacted":
    case "unreacted":
      return body.message;
    default:
      return undefined;
  }
}
