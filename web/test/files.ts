// Files that tests send: pictures and sounds, made here.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import type { Person } from "./server.js";
import { Shell } from "./shell.js";

/** A file as browsers and programs take it. */
export interface Made {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A picture of one colour, and what a program says in it. */
export function png(name: string, width = 64, height = 48, said = "made for a test"): Made {
  const colour = [40, 120, 90];
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const line = Buffer.concat([Buffer.from([0]), Buffer.concat(Array.from({ length: width }, () => Buffer.from(colour)))]);
  const data = deflateSync(Buffer.concat(Array.from({ length: height }, () => line)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return { name, mimeType: "image/png", buffer: Buffer.concat([signature, chunk("IHDR", head), chunk("tEXt", Buffer.from(`Comment\0${said}`)), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]) };
}

/** A second of silence. */
export function wav(name: string): Made {
  const rate = 8000;
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + rate, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36);
  head.writeUInt32LE(rate, 40);
  return { name, mimeType: "audio/wav", buffer: Buffer.concat([head, Buffer.alloc(rate, 128)]) };
}

/** A file of so many bytes, which no two have alike. */
export function blob(name: string, bytes: number): Made {
  const buffer = Buffer.alloc(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) buffer.writeUInt32LE((at * 2_654_435_761 + name.length) >>> 0, at);
  return { name, mimeType: "application/octet-stream", buffer };
}

/** Uploads a file over REST; its id. */
export async function upload(person: Person, { name, buffer }: Made): Promise<string> {
  const { id } = await person.ask<{ id: string }>("POST", "/files", { name, bytes: buffer.length });
  const answer = await fetch(`${person.url}/api/v1/files/${id}`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${person.token}`, "content-type": "application/octet-stream", "upload-offset": "0" },
    body: new Uint8Array(buffer),
  });
  if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
  return id;
}

/** Sends a file as somebody does at a command line. */
export async function sendFromTerminal(person: Person, stream: string, { name, buffer }: Made): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kith-file-"));
  const shell = await Shell.of(person.url, person.name);
  try {
    writeFileSync(join(folder, name), buffer);
    await shell.run("send", stream, "--file", join(folder, name));
  } finally {
    shell.end();
    rmSync(folder, { recursive: true });
  }
}
