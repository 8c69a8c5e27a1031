// The files of a session, in both directions: kept by blocks, and gone on with where a connection was lost.

import { blockAt, FILE_BYTES_MAX, frameOf, PIECE_BYTES_MAX, pieceOf, safeName, Source, sumAdd, sumOf, WINDOW_BYTES, type Keep } from "./file.js";
import { isNumber, need, type Fields } from "./frame.js";
import { hex, type Bytes } from "./handshake.js";
import type { Link } from "./link.js";
import type { Said } from "./session.js";

const FILES_MAX = 16;

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

/** What files need of their session. */
interface Outlet {
  say(frame: unknown): void;
  /** Says what must arrive. */
  post(what: unknown): void;
  tell(said: Said): void;
  /** The connection, while there is one. */
  link(): Link | undefined;
  isOver(): boolean;
  /** The other side said what it may not say. */
  fail(): void;
}

/** The files of one session. */
export class Files {
  readonly #sending = new Map<number, Sending>();
  readonly #taking = new Map<number, Taking>();
  #ours = 0;
  #theirs = 0;
  #stray = 0;

  constructor(private readonly outlet: Outlet) {}

  /** It is over: nothing more comes of any. */
  stop(): void {
    this.pause();
    for (const taking of this.#taking.values()) this.#abort(taking);
  }

  /** One of ours is kept by the other side. */
  kept(file: number): void {
    if (this.#sending.delete(file)) this.outlet.tell({ whole: { file, ours: true } });
  }

  /** Offers a file, and says its number. */
  give(blob: Blob, name: string): number {
    if (this.#sending.size >= FILES_MAX) throw new Error("too many files are on their way");
    if (blob.size > FILE_BYTES_MAX) throw new Error("the file is too large");
    const file = this.#ours + 1;
    this.outlet.post({ offer: { file, name: safeName(name), size: blob.size } });
    this.#ours = file;
    this.#sending.set(file, { source: new Source(blob), got: 0, turn: 0, wake: () => {} });
    return file;
  }

  /** Takes a file of the other side. */
  take(file: number, keep: Keep): void {
    const taking = this.#taking.get(file);
    if (taking === undefined || taking.keep !== undefined) throw new Error("there is no such file");
    taking.keep = keep;
    this.resume();
  }

  /** Takes a file no longer; where there is none of this number, takes one of ours back. */
  refuse(file: number): void {
    const taking = this.#taking.get(file);
    if (taking !== undefined) {
      this.#taking.delete(file);
      this.#abort(taking);
      this.outlet.post({ refuse: { file } });
    } else this.withdraw(file);
  }

  /** Takes one of ours back. */
  withdraw(file: number): void {
    if (!this.#sending.delete(file)) throw new Error("there is no such file");
    this.outlet.post({ withdraw: { file } });
  }

  drop(file: number, ours: boolean, why: string): void {
    const taking = ours ? undefined : this.#taking.get(file);
    if (taking !== undefined) this.#abort(taking);
    if ((ours ? this.#sending : this.#taking).delete(file)) this.outlet.tell({ dropped: { file, ours, why } });
  }

  #abort({ keep }: Taking): void {
    void Promise.resolve(keep?.abort()).catch(() => {});
  }

  pause(): void {
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

  async offered(file: number, { name, size }: Fields): Promise<void> {
    if (file !== this.#theirs + 1 || typeof name !== "string" || name.length > 1024 || !isNumber(size) || size > FILE_BYTES_MAX) {
      this.outlet.fail();
      return;
    }
    this.#theirs = file;
    if (this.#taking.size >= FILES_MAX) {
      this.outlet.post({ refuse: { file } });
      return;
    }
    const sum = await sumOf(size);
    const block = new Uint8Array(0);
    this.#taking.set(file, { size, block, filled: 0, given: 0, kept: 0, sum, isGoing: false, writing: Promise.resolve() });
    this.outlet.tell({ offered: { file, name: safeName(name), size } });
  }

  resume(): void {
    if (this.outlet.link() === undefined) return;
    for (const [file, taking] of this.#taking) {
      if (taking.keep === undefined || taking.isGoing || taking.given !== taking.kept) continue;
      taking.isGoing = true;
      this.outlet.say({ resume: { file, from: taking.kept, sum: hex(taking.sum) } });
    }
  }

  piece(frame: ArrayBuffer): void {
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
      if (taking.isGoing) this.outlet.say({ got: { file, bytes: taking.kept } });
      this.outlet.tell({ progress: { file, ours: false, bytes: taking.kept, size: taking.size } });
      this.resume();
    });
  }

  whole({ file, sum }: Fields): void {
    const taking = this.#taking.get(file as number);
    if (taking === undefined || !taking.isGoing) return;
    need(typeof sum === "string");
    taking.whole = sum;
    this.#write(file as number, taking, () => Promise.resolve());
  }

  /** Does something with a file in its order, and then gives it its end where that has come. */
  #write(file: number, taking: Taking, run: (keep: Keep) => Promise<void>): void {
    const isThere = () => this.#taking.get(file) === taking && !this.outlet.isOver();
    taking.writing = taking.writing.then(async () => {
      if (!isThere() || taking.keep === undefined) return;
      await run(taking.keep);
      if (!isThere() || taking.kept !== taking.size || taking.whole === undefined) return;
      if (taking.whole !== hex(taking.sum)) throw new Error("what arrived is damaged");
      await taking.keep.close();
      if (!isThere()) return;
      this.#taking.delete(file);
      this.outlet.post({ kept: { file } });
      this.outlet.tell({ whole: { file, ours: false } });
    }).catch((error: unknown) => {
      if (!isThere()) return;
      this.drop(file, false, String(error instanceof Error ? error.message : error));
      this.outlet.post({ refuse: { file } });
    });
  }

  got({ file, bytes }: Fields): void {
    const sending = this.#sending.get(file as number);
    if (sending === undefined) return;
    need(isNumber(bytes) && bytes <= sending.source.size);
    sending.got = bytes;
    sending.wake();
    this.outlet.tell({ progress: { file: file as number, ours: true, bytes, size: sending.source.size } });
  }

  /** Sends a file of ours from where the other side wants it. */
  async send({ file, from, sum }: Fields): Promise<void> {
    const sending = this.#sending.get(file as number);
    const link = this.outlet.link();
    if (sending === undefined || link === undefined || !isNumber(from) || typeof sum !== "string") return;
    const { source } = sending;
    sending.wake();
    const turn = ++sending.turn;
    sending.got = from;
    const isOurs = () => sending.turn === turn && this.#sending.get(file as number) === sending && !this.outlet.isOver();
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
      if (isOurs()) this.outlet.say({ whole: { file, sum: whole } });
    } catch (error) {
      if (!isOurs()) return;
      this.drop(file as number, true, String(error instanceof Error ? error.message : error));
      this.outlet.post({ withdraw: { file } });
    }
  }
}
