import fc from "fast-check";
import { expect, test } from "vitest";
import { stripped } from "./strip.js";

const ascii = (text: string) => [...text].map((one) => one.charCodeAt(0));
const bytes = (...parts: readonly (readonly number[] | string)[]) => Uint8Array.from(parts.flatMap((one) => (typeof one === "string" ? ascii(one) : [...one])));
const said = (of: Uint8Array | undefined) => String.fromCharCode(...(of ?? []));

const segment = (marker: number, ...body: readonly (readonly number[] | string)[]) => {
  const inside = [...bytes(...body)];
  return [0xff, marker, (inside.length + 2) >> 8, (inside.length + 2) & 255, ...inside];
};
/** A block as cameras write it, in little endian: how it is turned, and a maker. */
const exif = (turn: number) => ["Exif\0\0", [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, turn, 0, 0, 0, 0, 0, 0, 0], "at home"] as const;
const scan = [...segment(0xda, [1, 2, 3]), 7, 0xff, 0, 8, 0xff, 0xd3, 9];

test("of a JPEG the picture, its colours and how it is turned stay", () => {
  const given = bytes([0xff, 0xd8], segment(0xe0, "JFIF\0"), segment(0xe1, ...exif(6)), segment(0xe1, "http://ns.adobe.com/xap/1.0/\0by ana"), segment(0xe2, "ICC_PROFILE\0colours"),
    segment(0xe2, "MPF\0more"), segment(0xed, "Photoshop"), segment(0xfe, "a comment"), segment(0xdb, [1]), scan, segment(0xc4, [2]), scan, [0xff, 0xd9], "another picture at home");
  const got = stripped(given);
  const turn = segment(0xe1, "Exif\0\0", [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0]);
  expect(got).toEqual(bytes([0xff, 0xd8], segment(0xe0, "JFIF\0"), turn, segment(0xe2, "ICC_PROFILE\0colours"), segment(0xdb, [1]), scan, segment(0xc4, [2]), scan, [0xff, 0xd9]));
  expect(stripped(bytes([0xff, 0xd8], segment(0xe1, ...exif(1)), scan, [0xff, 0xd9]))).toEqual(bytes([0xff, 0xd8], scan, [0xff, 0xd9]));
});

test("of a PNG its texts go, and when and where it was made", () => {
  const chunk = (name: string, body: string) => [0, 0, 0, body.length, ...ascii(name), ...ascii(body), 1, 2, 3, 4];
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  const given = bytes(signature, chunk("IHDR", "head"), chunk("iCCP", "colours"), chunk("eXIf", "at home"), chunk("tEXt", "by ana"), chunk("tIME", "then"), chunk("IDAT", "picture"), chunk("IEND", ""), "more");
  expect(stripped(given)).toEqual(bytes(signature, chunk("IHDR", "head"), chunk("iCCP", "colours"), chunk("IDAT", "picture"), chunk("IEND", "")));
});

test("of a WebP its blocks go, and its header says so", () => {
  const chunk = (name: string, body: readonly number[] | string) => [...ascii(name), bytes(body).length, 0, 0, 0, ...bytes(body), ...(bytes(body).length % 2 === 1 ? [0] : [])];
  const riff = (...chunks: readonly number[][]) => {
    const inside = chunks.flat();
    return bytes("RIFF", [inside.length + 4, 0, 0, 0], "WEBP", inside);
  };
  const head = (flags: number) => chunk("VP8X", [flags, 0, 0, 0, 9, 0, 0, 9, 0, 0]);
  const given = riff(head(0x3c), chunk("ICCP", "colours"), chunk("VP8 ", "picture!"), chunk("EXIF", "at home"), chunk("XMP ", "by ana"));
  expect(stripped(given)).toEqual(riff(head(0x30), chunk("ICCP", "colours"), chunk("VP8 ", "picture!")));
  const turned = riff(head(0x08), chunk("VP8 ", "picture!"), chunk("EXIF", [...bytes(...exif(8))]));
  const turn = chunk("EXIF", [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0]);
  expect(stripped(turned)).toEqual(riff(head(0x08), chunk("VP8 ", "picture!"), turn));
});

test("what is no picture, or has nothing in it, or ends before its end stays as it is", () => {
  for (const given of [bytes("GIF89a"), bytes([]), bytes([0xff, 0xd8], scan, [0xff, 0xd9]), bytes([0xff, 0xd8], segment(0xe1, ...exif(3)), scan), bytes("RIFF", [255, 0, 0, 0], "WEBPEXIF", [200, 0, 0, 0])]) {
    expect(stripped(given)).toBeUndefined();
  }
  const starts = fc.constantFrom<number[][]>([0xff, 0xd8, 0xff, 0xe1], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], ascii("RIFF\0\0\0\0WEBP"));
  fc.assert(fc.property(starts, fc.uint8Array({ maxLength: 200 }), (start, rest) => {
    const got = stripped(bytes(start, [...rest]));
    expect(said(got).length).toBeLessThanOrEqual(start.length + rest.length);
  }));
});
