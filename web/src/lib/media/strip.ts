// Takes out of pictures what cameras and programs write into them besides the picture: where and when it
// was taken, with what, and by whom. How it is turned and its colours stay.

import { isPicture } from "./kinds.js";

/** Larger ones are left as they are: all of it is in memory. */
export const STRIP_BYTES_MAX = 64 * 1024 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;

/** A picture without what is in it besides; `undefined` where there is nothing to take out, or it cannot be read. */
export function stripped(bytes: Bytes): Bytes | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const parts = begins(bytes, [0xff, 0xd8]) ? jpeg(bytes, view)
      : begins(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) ? png(bytes, view)
      : text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 4) === "WEBP" ? webp(bytes, view)
      : undefined;
    if (parts === undefined) return undefined;
    const whole = joined(parts);
    return whole.length === bytes.length ? undefined : whole;
  } catch (error) {
    // It ends before its end, or says lengths that are none.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const begins = (bytes: Bytes, with_: readonly number[]) => with_.every((byte, at) => bytes[at] === byte);
const text = (bytes: Bytes, at: number, length: number) => String.fromCharCode(...bytes.subarray(at, at + length));

/** A part of it, which has to be there as a whole. */
function part(bytes: Bytes, from: number, to: number): Bytes {
  if (to > bytes.length || from > to) throw new RangeError("it ends before");
  return bytes.subarray(from, to);
}

function joined(parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const one of parts) {
    whole.set(one, at);
    at += one.length;
  }
  return whole;
}

/** How a picture is turned, as the block says that cameras write; 1 is upright. */
function turned(exif: Bytes): number {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  try {
    const little = view.getUint16(0) === 0x4949;
    const at = view.getUint32(4, little);
    for (let entry = 0; entry < view.getUint16(at, little); entry += 1) {
      const here = at + 2 + entry * 12;
      if (view.getUint16(here, little) === 0x0112) return view.getUint16(here + 8, little);
    }
  } catch {
    // Nobody could read it.
  }
  return 1;
}

/** The same block with nothing but how it is turned; nothing where it is upright. */
function kept(turn: number): Bytes | undefined {
  if (turn < 2 || turn > 8) return undefined;
  return Uint8Array.from([0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, turn, 0, 0, 0, 0, 0, 0]);
}

const EXIF = "Exif\0\0";
/** What a JPEG needs besides its picture: its form, its colours, and how they are to be read. */
const isNeeded = (marker: number, name: string) => marker === 0xe0 || marker === 0xee || (marker === 0xe2 && name.startsWith("ICC_PROFILE"));

function jpeg(bytes: Bytes, view: DataView): Bytes[] {
  const parts = [part(bytes, 0, 2)];
  for (let at = 2; ; ) {
    if (view.getUint8(at) !== 0xff) throw new RangeError("no marker");
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    // Behind the end are other pictures, with what is in them.
    if (marker === 0xd9) return [...parts, part(bytes, at, at + 2)];
    const end = at + 2 + view.getUint16(at + 2);
    const segment = part(bytes, at, end);
    const isOfPrograms = (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe;
    if (!isOfPrograms || isNeeded(marker, text(bytes, at + 4, 12))) {
      parts.push(segment);
    } else if (marker === 0xe1 && text(bytes, at + 4, EXIF.length) === EXIF) {
      const block = kept(turned(segment.subarray(4 + EXIF.length)));
      if (block !== undefined) parts.push(Uint8Array.from([0xff, 0xe1, 0, 2 + EXIF.length + block.length]), Uint8Array.from(EXIF, (one) => one.charCodeAt(0)), block);
    }
    at = end;
    if (marker !== 0xda) continue;
    // The picture itself goes on to the next marker that is none of its own.
    const from = at;
    while (view.getUint8(at) !== 0xff || view.getUint8(at + 1) === 0 || (view.getUint8(at + 1) >= 0xd0 && view.getUint8(at + 1) <= 0xd7)) at += 1;
    parts.push(part(bytes, from, at));
  }
}

/** What says more than the picture. Of `eXIf` how it is turned is known to few, and left out. */
const PNG_OUT = ["eXIf", "tEXt", "zTXt", "iTXt", "tIME"];

function png(bytes: Bytes, view: DataView): Bytes[] {
  const parts = [part(bytes, 0, 8)];
  for (let at = 8; ; ) {
    const end = at + 12 + view.getUint32(at);
    const name = text(bytes, at + 4, 4);
    const chunk = part(bytes, at, end);
    if (!PNG_OUT.includes(name)) parts.push(chunk);
    if (name === "IEND") return parts;
    at = end;
  }
}

/** That there are such blocks, as the header of a WebP says it. */
const WEBP_XMP = 0x04;
const WEBP_EXIF = 0x08;

function webp(bytes: Bytes, view: DataView): Bytes[] {
  const whole = 8 + view.getUint32(4, true);
  part(bytes, 0, whole);
  const parts: Bytes[] = [];
  let turn: Bytes | undefined;
  let about: Bytes | undefined;
  for (let at = 12; at < whole; ) {
    const last = at + 8 + view.getUint32(at + 4, true);
    const chunk = part(bytes.subarray(0, whole) as Bytes, at, Math.min(last + (last % 2), Math.max(last, whole)));
    const name = text(chunk, 0, 4);
    if (name === "EXIF") turn = kept(turned(chunk.subarray(text(chunk, 8, EXIF.length) === EXIF ? 8 + EXIF.length : 8)));
    else if (name === "VP8X") parts.push((about = chunk.slice()));
    else if (name !== "XMP ") parts.push(chunk);
    at = last + (last % 2);
  }
  if (about !== undefined) about[8] = ((about[8] ?? 0) & ~(WEBP_XMP | WEBP_EXIF)) | (turn === undefined ? 0 : WEBP_EXIF);
  if (turn !== undefined) parts.push(Uint8Array.from([..."EXIF"].map((one) => one.charCodeAt(0))), Uint8Array.from([turn.length, 0, 0, 0]), turn);
  const head = part(bytes, 0, 12).slice();
  new DataView(head.buffer).setUint32(4, 4 + parts.reduce((sum, { length }) => sum + length, 0), true);
  return [head, ...parts];
}

/** A picture that was chosen, without what is in it besides; everything else as it is. */
export async function withoutTraces(content: Blob): Promise<Blob> {
  if (!isPicture(content.type) || content.size > STRIP_BYTES_MAX) return content;
  const bytes = stripped(new Uint8Array(await content.arrayBuffer()));
  return bytes === undefined ? content : new Blob([bytes], { type: content.type });
}
