// Files on their way: their names, their sums, their pieces.

import { hex, sha256, type Bytes } from "./handshake.js";

export const BLOCK_BYTES = 1024 * 1024;
export const WINDOW_BYTES = 8 * BLOCK_BYTES;
export const PIECE_BYTES_MAX = 60 * 1024;
export const FILE_BYTES_MAX = 2 ** 40;
const NAME_BYTES_MAX = 200;
const HEAD_BYTES = 12;

/** Where a file is kept that is taken, block by block. */
export interface Keep {
  write(block: Bytes): Promise<void> | void;
  /** It is whole. */
  close(): Promise<void> | void;
  /** It will not be whole. */
  abort(): Promise<void> | void;
}

/** Keeps a file in memory; `blob` holds it when it is whole. */
export class MemoryKeep implements Keep {
  #blocks: Bytes[] = [];
  blob: Blob | undefined;

  write(block: Bytes): void {
    this.#blocks.push(block);
  }

  close(): void {
    this.blob = new Blob(this.#blocks);
    this.#blocks = [];
  }

  abort(): void {
    this.#blocks = [];
  }
}

// What reorders or hides letters, or means something to a system.
const BAD = /[\p{Cc}<>:"|?*\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;
const DEVICE = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\.|$)/i;

/** A safe name of a file, made of the one that it was offered under. */
export function safeName(offered: string): string {
  const last = offered.split(/[/\\]/).at(-1) ?? "";
  const clean = last.replace(BAD, "_").replace(/^[.\s]+|[.\s]+$/gu, "");
  let name = "";
  let length = 0;
  for (const letter of clean) {
    length += new TextEncoder().encode(letter).length;
    if (length > NAME_BYTES_MAX) break;
    name += letter;
  }
  name = name.replace(/[.\s]+$/u, "");
  if (name === "") return "file";
  return DEVICE.test(name) ? `_${name}` : name;
}

/** The sum over no blocks of a file of so many bytes. */
export function sumOf(size: number): Promise<Bytes> {
  const count = new Uint8Array(8);
  new DataView(count.buffer).setBigUint64(0, BigInt(size));
  return sha256(new TextEncoder().encode("kith private file 1"), count);
}

/** The sum over one more block. */
export const sumAdd = (sum: Bytes, block: Uint8Array): Promise<Bytes> => sha256(sum, block);

export const blockAt = (at: number, size: number): number => Math.min(size - at, BLOCK_BYTES);

/** A piece of a file. */
export interface Piece {
  file: number;
  at: number;
  bytes: Bytes;
}

export function frameOf({ file, at, bytes }: Piece): Bytes {
  const frame = new Uint8Array(HEAD_BYTES + bytes.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, file);
  view.setBigUint64(4, BigInt(at));
  frame.set(bytes, HEAD_BYTES);
  return frame;
}

/** Reads a piece; nothing where it is none. */
export function pieceOf(frame: ArrayBuffer): Piece | undefined {
  const length = frame.byteLength - HEAD_BYTES;
  if (length < 1 || length > PIECE_BYTES_MAX) return undefined;
  const view = new DataView(frame);
  const at = view.getBigUint64(4);
  if (at > BigInt(FILE_BYTES_MAX)) return undefined;
  return { file: view.getUint32(0), at: Number(at), bytes: new Uint8Array(frame, HEAD_BYTES) };
}

/** A file that is sent: read block by block, with the sums at the begin of each. */
export class Source {
  readonly #sums: Bytes[] = [];

  constructor(private readonly blob: Blob) {}

  get size(): number {
    return this.blob.size;
  }

  async #begin(): Promise<void> {
    if (this.#sums.length === 0) this.#sums.push(await sumOf(this.size));
  }

  /** Whether the first `at` bytes, whole blocks or all, have this sum. */
  async agrees(at: number, sum: string): Promise<boolean> {
    await this.#begin();
    const known = this.#sums[Math.ceil(at / BLOCK_BYTES)];
    return (at % BLOCK_BYTES === 0 || at === this.size) && known !== undefined && hex(known) === sum;
  }

  async block(at: number): Promise<Bytes> {
    const block = new Uint8Array(await this.blob.slice(at, at + blockAt(at, this.size)).arrayBuffer());
    const place = at / BLOCK_BYTES;
    const before = this.#sums[place];
    if (before === undefined) throw new Error("the file was changed");
    this.#sums[place + 1] ??= await sumAdd(before, block);
    return block;
  }

  /** The sum over all of it, once it was read. */
  async sum(): Promise<string> {
    await this.#begin();
    const sum = this.#sums[Math.ceil(this.size / BLOCK_BYTES)];
    if (sum === undefined) throw new Error("the file was changed");
    return hex(sum);
  }
}
