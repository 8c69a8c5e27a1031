// One session: its devices connect, connect again when the connection is lost, and say what their users
// say.

import { BLOCK_BYTES, type Keep } from "./file.js";
import { Files } from "./files.js";
import { Broken, isNumber, need, type Fields } from "./frame.js";
import type { Agreement, Identity } from "./handshake.js";
import { Link, type Happening, type Setup } from "./link.js";

/** How long a session without a connection is kept, once there was one; and until there is the first. */
const LOST_MS = 120_000;
const FIRST_MS = 30_000;
/** How long the server may take to say what relays it has. */
const LOOKING_MS = 3_000;
const OPENING_MS = 20_000;
const PAUSE_MS = 500;
const PAUSE_MAX_MS = 10_000;
const WAITING_MAX = 256;
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
  /** What the server offers to find a way, now; nothing where it is not there. */
  relays(): Promise<RTCIceServer[]>;
  tell(said: Said): void;
  /** It is over: `failed` where what was said does not fit, `no_way` where no connection ever came about. */
  end(why: "ended" | "lost" | "failed" | "no_way"): void;
}

/** One session that both sides agreed on. */
export class Session {
  #link: Link | undefined;
  #isOpen = false;
  #wasOpen = false;
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
  readonly #files = new Files({
    say: (frame) => this.#say(frame),
    post: (what) => this.#post(what),
    tell: (said) => this.wire.tell(said),
    link: () => (this.#isOpen ? this.#link : undefined),
    isOver: () => this.#isOver,
    fail: () => this.#end("failed"),
  });
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
    const [why, patience_ms] = this.#wasOpen ? (["lost", LOST_MS] as const) : (["no_way", FIRST_MS] as const);
    this.#deadline ??= setTimeout(() => this.#end(why), patience_ms);
  }

  /** Ends it without telling anybody but the other device. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#timer);
    this.#files.stop();
    this.#link?.goodbye();
    this.#link = undefined;
  }

  #end(why: "ended" | "lost" | "failed" | "no_way"): void {
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
      piece: (frame) => guarded(() => this.#files.piece(frame)),
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
      const [link, sdp] = await Link.offer(await this.#look(), this.#happening(attempt));
      if (this.#isOver) return link.close();
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

  /** How the next connection is made. What signs in to a relay lasts for a while: it is asked for once more. */
  async #look(): Promise<Setup> {
    if (this.#attempt === 1) return this.setup;
    const iceServers = await Promise.race([this.wire.relays().catch(() => []), new Promise<[]>((resolve) => setTimeout(() => resolve([]), LOOKING_MS))]);
    return iceServers.length === 0 ? this.setup : { ...this.setup, iceServers };
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
    const [link, answer] = await Link.answer(await this.#look(), sdp, this.#happening(attempt));
    if (this.#isOver || attempt !== this.#attempt) {
      link.close();
      return undefined;
    }
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
    this.#wasOpen = true;
    this.#isGreeted = false;
    this.#say({ hello: { next: this.#taken + 1 } });
    this.wire.tell({ connected: {} });
    this.#files.resume();
  }

  #lose(retries = true): void {
    if (this.#isOver) return;
    this.#files.pause();
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
    else if (kind === "resume") void this.#files.send(fields);
    else if (kind === "got") this.#files.got(fields);
    else if (kind === "whole") this.#files.whole(fields);
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
    if (kind === "offer") void this.#files.offered(file, fields);
    else if (kind === "withdraw") this.#files.drop(file, false, "the other side took it back");
    else if (kind === "refuse") this.#files.drop(file, true, "the other side does not take it");
    else if (kind === "kept") this.#files.kept(file);
    else need(false);
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
    return this.#files.give(blob, name);
  }

  takeFile(file: number, keep: Keep): void {
    this.#files.take(file, keep);
  }

  refuseFile(file: number): void {
    this.#files.refuse(file);
  }

  withdrawFile(file: number): void {
    this.#files.withdraw(file);
  }
}

/** How much of a file is kept and sent again at a time. */
export const blockBytes = BLOCK_BYTES;
