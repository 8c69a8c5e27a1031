// One session: its devices connect, connect again when the connection is lost, and say what their users
// say.

import { blockAt, BLOCK_BYTES, FILE_BYTES_MAX, frameOf, PIECE_BYTES_MAX, pieceOf, safeName, Source, sumAdd, sumOf, WINDOW_BYTES, type Keep } from "./file.js";
import { hex, type Agreement, type Bytes, type Identity } from "./handshake.js";
import { Link, type Happening, type Setup } from "./link.js";

const LOST_MS = 120_000;
const OPENING_MS = 20_000;
const PAUSE_MS = 500;
const PAUSE_MAX_MS = 10_000;
const WAITING_MAX = 256;
const FILES_MAX = 16;
const FRAME_CHARS_MAX = 64 * 1024;
const MESSAGE_CHARS_MAX = 8000;
const BURST = 4000;
const PER_MS = 1;

/** What a session tells its user. */
export type Said =
  | { connected: Record<string, never> }
  | { disconnected: Record<string, never> }
  | { message: { text: string } }
  | { typing: Record<string, never> }
  | { offered: { file: number; name: string; size: number } }
  | { progress: { file: number; ours: boolean; bytes: number; size: number } }
  | { whole: { file: number; ours: boolean } }
  | { dropped: { file: number; ours: boolean; why: string } };

/** One end of a connection, described and signed. */
export interface Description {
  attempt: number;
  sdp: string;
  proof: string;
}

/** How a session reaches its other device over the server. */
export interface Wire {
  offer(description: Description): Promise<Description>;
  again(): Promise<void>;
  tell(said: Said): void;
  /** It is over; `failed` where what was said does not fit. */
  end(why: "ended" | "lost" | "failed"): void;
}

interface Sending {
  source: Source;
  got: number;
  /** Counts how often it was begun anew. */
  turn: number;
  wake: () => void;
}

interface Taking {
  size: number;
  keep?: Keep;
  block: Bytes;
  filled: number;
  given: number;
  kept: number;
  sum: Bytes;
  isGoing: boolean;
  whole?: string;
  /** What is written, one after another. */
  writing: Promise<void>;
}

type Fields = Record<string, unknown>;

/** The other side said what it may not say. */
class Broken extends Error {}

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function need(holds: boolean): asserts holds {
  if (!holds) throw new Broken();
}

/** One session that both sides agreed on. */
export class Session {
  #link: Link | undefined;
  #isOpen = false;
  #isOver = false;
  #attempt = 0;
  #isMaking = false;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pause = PAUSE_MS;
  #given = 0;
  readonly #waiting: unknown[] = [];
  #taken = 0;
  #isGreeted = false;
  readonly #sending = new Map<number, Sending>();
  readonly #taking = new Map<number, Taking>();
  #ours = 0;
  #theirs = 0;
  #stray = 0;
  #left = BURST;
  #at = Date.now();

  constructor(
    private readonly agreement: Agreement,
    private readonly identity: Identity,
    private readonly setup: Setup,
    private readonly wire: Wire,
  ) {
    this.#patience();
    if (agreement.role === "inviting") void this.#make();
  }

  #patience(): void {
    this.#deadline ??= setTimeout(() => this.#end("lost"), LOST_MS);
  }

  /** Ends it without telling anybody but the other device. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#timer);
    this.#pauseFiles();
    for (const taking of this.#taking.values()) this.#abort(taking);
    this.#link?.goodbye();
    this.#link = undefined;
  }

  #end(why: "ended" | "lost" | "failed"): void {
    if (this.#isOver) return;
    this.stop();
    this.wire.end(why);
  }

  // Connections.

  #happening(attempt: number): Happening {
    const isOurs = () => !this.#isOver && this.#attempt === attempt;
    const guarded = (run: () => void) => {
      if (!isOurs()) return;
      try {
        run();
      } catch (error) {
        if (!(error instanceof Broken)) throw error;
        this.#end("failed");
      }
    };
    return {
      open: () => guarded(() => this.#open()),
      text: (text) => guarded(() => this.#text(text)),
      piece: (frame) => guarded(() => this.#piece(frame)),
      lost: () => guarded(() => this.#lose()),
    };
  }

  async #make(): Promise<void> {
    clearTimeout(this.#timer);
    this.#link?.close();
    this.#link = undefined;
    const attempt = ++this.#attempt;
    this.#isMaking = true;
    try {
      const [link, sdp] = await Link.offer(this.setup, this.#happening(attempt));
      this.#link = link;
      const answer = await this.wire.offer({ attempt, sdp, proof: await this.agreement.signDescription(this.identity, attempt, sdp) });
      await this.#complete(link, attempt, answer);
      this.#timer = setTimeout(() => this.#lose(), OPENING_MS);
    } catch (error) {
      if (this.#isOver) return;
      if (error instanceof Error && error.name === "HandshakeError") this.#end("failed");
      else this.#later();
    } finally {
      this.#isMaking = false;
    }
  }

  async #complete(link: Link, attempt: number, answer: Description): Promise<void> {
    await this.agreement.checkDescription(attempt, String(answer.sdp), answer.proof);
    await link.complete(answer.sdp);
  }

  /** The other device offers a connection: our end of it. */
  async answer(offer: Description): Promise<Description | undefined> {
    const { attempt, sdp, proof } = offer;
    if (this.#isOver || this.agreement.role !== "invited" || !isNumber(attempt) || attempt <= this.#attempt) return undefined;
    try {
      await this.agreement.checkDescription(attempt, String(sdp), proof);
    } catch (error) {
      this.#end("failed");
      throw error;
    }
    if (this.#isOpen) this.#lose(false);
    this.#attempt = attempt;
    this.#link?.close();
    const [link, answer] = await Link.answer(this.setup, sdp, this.#happening(attempt));
    this.#link = link;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose(), OPENING_MS);
    return { attempt, sdp: answer, proof: await this.agreement.signDescription(this.identity, attempt, answer) };
  }

  /** The other device has no connection any more. */
  again(): void {
    if (!this.#isMaking && this.#isOpen) this.#lose();
  }

  /** Gives the connection up and makes another. */
  reconnect(): void {
    this.#lose();
  }

  #open(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    this.#pause = PAUSE_MS;
    this.#isOpen = true;
    this.#isGreeted = false;
    this.#say({ hello: { next: this.#taken + 1 } });
    this.wire.tell({ connected: {} });
    this.#resume();
  }

  #lose(retries = true): void {
    if (this.#isOver) return;
    this.#pauseFiles();
    this.#link?.close();
    this.#link = undefined;
    this.#patience();
    if (this.#isOpen) {
      this.#isOpen = false;
      this.wire.tell({ disconnected: {} });
    }
    if (retries) this.#later();
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.agreement.role === "inviting") void this.#make();
      else this.wire.again().catch(() => {}).finally(() => !this.#isOver && !this.#isOpen && this.#link === undefined && this.#later());
    }, this.#pause);
    this.#pause = Math.min(2 * this.#pause, PAUSE_MAX_MS);
  }

  // What must arrive.

  #say(frame: unknown): void {
    if (this.#isOpen) this.#link?.say(frame);
  }

  #post(what: unknown): void {
    if (this.#isOver) throw new Error("the session is over");
    if (this.#waiting.length >= WAITING_MAX) throw new Error("the session is not connected, and too much waits for it");
    this.#given += 1;
    this.#waiting.push(what);
    if (this.#isGreeted) this.#say({ said: { n: this.#given, what } });
  }

  #acknowledge(next: unknown): void {
    need(isNumber(next) && next <= this.#given + 1);
    const first = this.#given + 1 - this.#waiting.length;
    this.#waiting.splice(0, Math.max(0, next - first));
  }

  #hello(next: unknown): void {
    if (this.#isGreeted) return;
    this.#acknowledge(next);
    const first = this.#given + 1 - this.#waiting.length;
    // It may not want what it acknowledged before.
    need(next === first);
    this.#isGreeted = true;
    // Ours may have come before the other side listened.
    this.#say({ hello: { next: this.#taken + 1 } });
    this.#waiting.forEach((what, place) => this.#say({ said: { n: first + place, what } }));
  }

  #text(text: string): void {
    const now = Date.now();
    this.#left = Math.min(BURST, this.#left + (now - this.#at) * PER_MS) - 1;
    this.#at = now;
    need(this.#left >= 0 && text.length <= FRAME_CHARS_MAX);
    let read: unknown;
    try {
      read = JSON.parse(text);
    } catch {
      throw new Broken();
    }
    need(typeof read === "object" && read !== null);
    const [[kind, fields] = ["", {}], ...rest] = Object.entries(read as Record<string, Fields>);
    need(rest.length === 0 && typeof fields === "object" && fields !== null);
    if (kind === "hello") this.#hello(fields["next"]);
    else if (kind === "ack") this.#acknowledge(fields["next"]);
    else if (kind === "said") this.#take(fields);
    else if (kind === "typing") this.wire.tell({ typing: {} });
    else if (kind === "bye") this.#end("ended");
    else if (kind === "resume") void this.#send(fields);
    else if (kind === "got") this.#got(fields);
    else if (kind === "whole") this.#whole(fields);
    else need(false);
  }

  #take({ n, what }: Fields): void {
    need(isNumber(n) && n >= 1 && n <= this.#taken + 1 && typeof what === "object" && what !== null);
    const isNew = n > this.#taken;
    if (isNew) this.#taken = n;
    this.#say({ ack: { next: this.#taken + 1 } });
    if (!isNew) return;
    const [[kind, fields] = ["", {}]] = Object.entries(what as Record<string, Fields>);
    if (kind === "message") {
      const { text } = fields;
      need(typeof text === "string" && text !== "" && text.length <= 2 * MESSAGE_CHARS_MAX);
      this.wire.tell({ message: { text } });
      return;
    }
    const { file } = fields;
    need(isNumber(file));
    if (kind === "offer") void this.#offered(file, fields);
    else if (kind === "withdraw") this.#drop(file, false, "the other side took it back");
    else if (kind === "refuse") this.#drop(file, true, "the other side does not take it");
    else if (kind === "kept") {
      if (this.#sending.delete(file)) this.wire.tell({ whole: { file, ours: true } });
    } else need(false);
  }

  // What the user does.

  message(text: string): void {
    if (text.trim() === "" || [...text].length > MESSAGE_CHARS_MAX) throw new Error("a message has 1 to 8000 characters");
    this.#post({ message: { text } });
  }

  typing(): void {
    this.#say({ typing: {} });
  }

  sendFile(blob: Blob, name: string): number {
    if (this.#sending.size >= FILES_MAX) throw new Error("too many files are on their way");
    if (blob.size > FILE_BYTES_MAX) throw new Error("the file is too large");
    const file = this.#ours + 1;
    this.#post({ offer: { file, name: safeName(name), size: blob.size } });
    this.#ours = file;
    this.#sending.set(file, { source: new Source(blob), got: 0, turn: 0, wake: () => {} });
    return file;
  }

  takeFile(file: number, keep: Keep): void {
    const taking = this.#taking.get(file);
    if (taking === undefined || taking.keep !== undefined) throw new Error("there is no such file");
    taking.keep = keep;
    this.#resume();
  }

  refuseFile(file: number): void {
    const taking = this.#taking.get(file);
    if (taking !== undefined) {
      this.#taking.delete(file);
      this.#abort(taking);
      this.#post({ refuse: { file } });
    } else if (this.#sending.delete(file)) this.#post({ withdraw: { file } });
    else throw new Error("there is no such file");
  }

  // Files.

  #drop(file: number, ours: boolean, why: string): void {
    const taking = ours ? undefined : this.#taking.get(file);
    if (taking !== undefined) this.#abort(taking);
    if ((ours ? this.#sending : this.#taking).delete(file)) this.wire.tell({ dropped: { file, ours, why } });
  }

  #abort({ keep }: Taking): void {
    void Promise.resolve(keep?.abort()).catch(() => {});
  }

  #pauseFiles(): void {
    for (const sending of this.#sending.values()) {
      sending.turn += 1;
      sending.wake();
    }
    for (const taking of this.#taking.values()) {
      taking.isGoing = false;
      delete taking.whole;
      taking.filled = 0;
    }
    this.#stray = 0;
  }

  async #offered(file: number, { name, size }: Fields): Promise<void> {
    if (file !== this.#theirs + 1 || typeof name !== "string" || name.length > 1024 || !isNumber(size) || size > FILE_BYTES_MAX) {
      this.#end("failed");
      return;
    }
    this.#theirs = file;
    if (this.#taking.size >= FILES_MAX) {
      this.#post({ refuse: { file } });
      return;
    }
    const sum = await sumOf(size);
    const block = new Uint8Array(0);
    this.#taking.set(file, { size, block, filled: 0, given: 0, kept: 0, sum, isGoing: false, writing: Promise.resolve() });
    this.wire.tell({ offered: { file, name: safeName(name), size } });
  }

  #resume(): void {
    if (!this.#isOpen) return;
    for (const [file, taking] of this.#taking) {
      if (taking.keep === undefined || taking.isGoing || taking.given !== taking.kept) continue;
      taking.isGoing = true;
      this.#say({ resume: { file, from: taking.kept, sum: hex(taking.sum) } });
    }
  }

  #piece(frame: ArrayBuffer): void {
    const piece = pieceOf(frame);
    need(piece !== undefined);
    const { file, at, bytes } = piece;
    const taking = this.#taking.get(file);
    if (taking === undefined || !taking.isGoing) {
      // One that was refused may be on its way.
      this.#stray += bytes.length;
      need(file >= 1 && file <= this.#theirs && this.#stray <= 2 * FILES_MAX * WINDOW_BYTES);
      return;
    }
    const length = blockAt(taking.given, taking.size);
    need(at === taking.given + taking.filled && taking.filled + bytes.length <= length);
    need(at + bytes.length <= taking.kept + WINDOW_BYTES);
    if (taking.filled === 0) taking.block = new Uint8Array(length);
    taking.block.set(bytes, taking.filled);
    taking.filled += bytes.length;
    if (taking.filled < length) return;
    const block = taking.block;
    taking.given += length;
    taking.filled = 0;
    this.#write(file, taking, async (keep) => {
      await keep.write(block);
      taking.sum = await sumAdd(taking.sum, block);
      taking.kept += block.length;
      if (taking.isGoing) this.#say({ got: { file, bytes: taking.kept } });
      this.wire.tell({ progress: { file, ours: false, bytes: taking.kept, size: taking.size } });
      this.#resume();
    });
  }

  #whole({ file, sum }: Fields): void {
    const taking = this.#taking.get(file as number);
    if (taking === undefined || !taking.isGoing) return;
    need(typeof sum === "string");
    taking.whole = sum;
    this.#write(file as number, taking, () => Promise.resolve());
  }

  /** Does something with a file in its order, and then gives it its end where that has come. */
  #write(file: number, taking: Taking, run: (keep: Keep) => Promise<void>): void {
    const isThere = () => this.#taking.get(file) === taking && !this.#isOver;
    taking.writing = taking.writing.then(async () => {
      if (!isThere() || taking.keep === undefined) return;
      await run(taking.keep);
      if (!isThere() || taking.kept !== taking.size || taking.whole === undefined) return;
      if (taking.whole !== hex(taking.sum)) throw new Error("what arrived is damaged");
      await taking.keep.close();
      if (!isThere()) return;
      this.#taking.delete(file);
      this.#post({ kept: { file } });
      this.wire.tell({ whole: { file, ours: false } });
    }).catch((error: unknown) => {
      if (!isThere()) return;
      this.#drop(file, false, String(error instanceof Error ? error.message : error));
      this.#post({ refuse: { file } });
    });
  }

  #got({ file, bytes }: Fields): void {
    const sending = this.#sending.get(file as number);
    if (sending === undefined) return;
    need(isNumber(bytes) && bytes <= sending.source.size);
    sending.got = bytes;
    sending.wake();
    this.wire.tell({ progress: { file: file as number, ours: true, bytes, size: sending.source.size } });
  }

  /** Sends a file of ours from where the other side wants it. */
  async #send({ file, from, sum }: Fields): Promise<void> {
    const sending = this.#sending.get(file as number);
    const link = this.#link;
    if (sending === undefined || link === undefined || !isNumber(from) || typeof sum !== "string") return;
    const { source } = sending;
    sending.wake();
    const turn = ++sending.turn;
    sending.got = from;
    const isOurs = () => sending.turn === turn && this.#sending.get(file as number) === sending && !this.#isOver;
    try {
      if (!(await source.agrees(from, sum))) throw new Error("what was kept is not of this file");
      let at = from;
      while (at < source.size) {
        const end = at + blockAt(at, source.size);
        while (isOurs() && end > sending.got + WINDOW_BYTES) await new Promise<void>((resolve) => (sending.wake = resolve));
        if (!isOurs()) return;
        const block = await source.block(at);
        for (let place = 0; place < block.length; place += PIECE_BYTES_MAX) {
          const bytes = block.subarray(place, place + PIECE_BYTES_MAX);
          if (!isOurs() || !(await link.piece(frameOf({ file: file as number, at: at + place, bytes })))) return;
        }
        at = end;
      }
      const whole = await source.sum();
      if (isOurs()) this.#say({ whole: { file, sum: whole } });
    } catch (error) {
      if (!isOurs()) return;
      this.#drop(file as number, true, String(error instanceof Error ? error.message : error));
      this.#post({ withdraw: { file } });
    }
  }
}

/** How much of a file is kept and sent again at a time. */
export const blockBytes = BLOCK_BYTES;
