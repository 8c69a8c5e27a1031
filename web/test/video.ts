// A video that tests send: its frames are made by the browser's own encoder, and put into a WebM here.

import type { Page } from "playwright-core";
import type { Made } from "./files.js";

const ID = {
  head: "1a45dfa3", version: "4286", readVersion: "42f7", idBytes: "42f2", sizeBytes: "42f3", docType: "4282", docVersion: "4287", docReadVersion: "4285",
  segment: "18538067", info: "1549a966", scale: "2ad7b1", duration: "4489", muxer: "4d80", writer: "5741",
  tracks: "1654ae6b", track: "ae", number: "d7", uid: "73c5", type: "83", codec: "86", video: "e0", width: "b0", height: "ba",
  cues: "1c53bb6b", cue: "bb", time: "b3", positions: "b7", of: "f7", at: "f1", cluster: "1f43b675", timestamp: "e7", block: "a3", nothing: "ec",
} as const;

/** An element of EBML (RFC 8794): its id, its length, and what is in it. */
function element(id: keyof typeof ID, ...parts: readonly (Buffer | number | string)[]): Buffer {
  const data = Buffer.concat(parts.map((part) => (typeof part === "number" ? whole(part) : Buffer.from(part as string))));
  // As short as programs write it where it is short.
  const length = data.length < 0x7f ? Buffer.from([0x80 | data.length]) : whole(data.length);
  if (length.length === 8) length[0] = 0x01;
  return Buffer.concat([Buffer.from(ID[id], "hex"), length, data]);
}

function whole(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function real(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

/** A video with a second for each colour, and with so much of nothing in between that browsers do not load it all at once. */
export async function webm(page: Page, name: string, { width, height, colours, padding }: { width: number; height: number; colours: readonly string[]; padding: number }): Promise<Made> {
  const frames = await page.evaluate(async ({ width, height, colours }) => {
    const made: string[] = [];
    const encoder = new VideoEncoder({
      output: (chunk) => {
        const bytes = new Uint8Array(chunk.byteLength);
        chunk.copyTo(bytes);
        made.push(btoa(String.fromCharCode(...bytes)));
      },
      error: (error) => { throw error; },
    });
    encoder.configure({ codec: "vp8", width, height, bitrate: 200_000 });
    const canvas = new OffscreenCanvas(width, height);
    const brush = canvas.getContext("2d")!;
    for (const [second, colour] of colours.entries()) {
      brush.fillStyle = colour;
      brush.fillRect(0, 0, width, height);
      const frame = new VideoFrame(canvas, { timestamp: second * 1_000_000 });
      encoder.encode(frame, { keyFrame: true });
      frame.close();
    }
    await encoder.flush();
    return made;
  }, { width, height, colours });
  const head = element("head", element("version", 1), element("readVersion", 1), element("idBytes", 4), element("sizeBytes", 8), element("docType", "webm"), element("docVersion", 4), element("docReadVersion", 2));
  const about = Buffer.concat([
    element("info", element("scale", 1_000_000), element("duration", real(colours.length * 1000)), element("muxer", "kith"), element("writer", "kith")),
    element("tracks", element("track", element("number", 1), element("uid", 1), element("type", 1), element("codec", "V_VP8"), element("video", element("width", width), element("height", height)))),
  ]);
  const clusters = frames.map((frame, second) => element("cluster", element("timestamp", second * 1000),
    element("block", Buffer.from([0x81, 0, 0, 0x80]), Buffer.from(frame, "base64")), element("nothing", Buffer.alloc(padding))));
  const cues = (first: number) => {
    let at = first;
    return element("cues", ...clusters.map((cluster, second) => {
      const cue = element("cue", element("time", second * 1000), element("positions", element("of", 1), element("at", at)));
      at += cluster.length;
      return cue;
    }));
  };
  const first = about.length + cues(0).length;
  return { name, mimeType: "video/webm", buffer: Buffer.concat([head, element("segment", about, cues(first), ...clusters)]) };
}

/** What begins like a video and is none. */
export function brokenWebm(name: string): Made {
  const head = element("head", element("version", 1), element("readVersion", 1), element("idBytes", 4), element("sizeBytes", 8), element("docType", "webm"), element("docVersion", 4), element("docReadVersion", 2));
  return { name, mimeType: "video/webm", buffer: Buffer.concat([head, Buffer.alloc(4000, 7)]) };
}
