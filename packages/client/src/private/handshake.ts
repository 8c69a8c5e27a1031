// How two devices agree on who they are and on how their link is encrypted, over a server that neither
// has to trust. The same as `kith_private::handshake`, by Web Crypto.

import { wordsOf, type Word } from "./words.js";

const text = new TextEncoder();

/** Bytes that Web Crypto takes. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** What a device brings into a session; bytes are in hexadecimal digits. */
export interface Part {
  key: string;
  fingerprint: string;
  nonce: string;
}

/** Who takes part, and in what. */
export interface Between {
  id: string;
  inviting: string;
  invited: string;
}

/** Which part a device has in a session. */
export type Role = "inviting" | "invited";

/** What two devices say does not fit together: somebody may be between them. */
export class HandshakeError extends Error {
  override readonly name = "HandshakeError";
}

export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Reads so many bytes in lower-case digits. */
export function bytes(digits: unknown, length: number): Bytes {
  if (typeof digits !== "string" || digits.length !== 2 * length || !/^[0-9a-f]*$/.test(digits)) {
    throw new HandshakeError("not bytes in hexadecimal digits");
  }
  return Uint8Array.from({ length }, (_, place) => parseInt(digits.slice(2 * place, 2 * place + 2), 16));
}

export const random = (length: number): string => hex(crypto.getRandomValues(new Uint8Array(length)));

export async function sha256(...pieces: Uint8Array[]): Promise<Bytes> {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
}

/** A hash over pieces of which none can be taken for a part of another. */
function sum(label: string, ...pieces: Uint8Array[]): Promise<Bytes> {
  const counted = [text.encode(label), ...pieces].flatMap((piece) => {
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(piece.length));
    return [length, piece];
  });
  return sha256(...counted);
}

const ofPart = ({ key, fingerprint, nonce }: Part) => [bytes(key, 32), bytes(fingerprint, 32), bytes(nonce, 32)];
const ofBetween = ({ id, inviting, invited }: Between) => [bytes(id, 16), text.encode(inviting), text.encode(invited)];
const ofRole = (role: Role) => Uint8Array.of(role === "inviting" ? 1 : 2);
const other = (role: Role): Role => (role === "inviting" ? "invited" : "inviting");

/** What an invitation says of the part that is not shown yet. */
export async function commitment(between: Between, part: Part): Promise<string> {
  return hex(await sum("kith private commitment 1", ...ofBetween(between), ...ofPart(part)));
}

/** The key of this device. */
export interface Identity {
  readonly key: string;
  readonly secret: CryptoKey;
}

async function sign({ secret }: Identity, message: Bytes): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.sign("Ed25519", secret, message)));
}

async function isSigned(key: string, message: Bytes, proof: unknown): Promise<boolean> {
  const known = await crypto.subtle.importKey("raw", bytes(key, 32), "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", known, bytes(proof, 64), message);
}

/** What two devices agreed on, seen from one. */
export class Agreement {
  private constructor(
    private readonly transcript: Bytes,
    readonly role: Role,
    /** The device at the other end. */
    readonly theirs: Part,
  ) {}

  static async of(between: Between, role: Role, ours: Part, theirs: Part): Promise<Agreement> {
    if (ours.key === theirs.key) throw new HandshakeError("the other side has our own key");
    const [inviting, invited] = role === "inviting" ? [ours, theirs] : [theirs, ours];
    const pieces = [...ofBetween(between), ...ofPart(inviting), ...ofPart(invited)];
    return new Agreement(await sum("kith private session 1", ...pieces), role, theirs);
  }

  /** The words that both devices show when nobody is between them. */
  async words(): Promise<Word[]> {
    return wordsOf(await sum("kith private words 1", this.transcript));
  }

  #proof(role: Role): Promise<Bytes> {
    return sum("kith private proof 1", this.transcript, ofRole(role));
  }

  /** Our signature over everything. */
  async prove(identity: Identity): Promise<string> {
    return sign(identity, await this.#proof(this.role));
  }

  /** Checks the signature of the other side. */
  async check(proof: unknown): Promise<void> {
    if (!(await isSigned(this.theirs.key, await this.#proof(other(this.role)), proof))) {
      throw new HandshakeError("the signature of the other side does not fit");
    }
  }

  #description(role: Role, attempt: number, sdp: string): Promise<Bytes> {
    const number = new Uint8Array(4);
    new DataView(number.buffer).setUint32(0, attempt);
    return sum("kith private description 1", this.transcript, ofRole(role), number, text.encode(sdp));
  }

  /** Signs the description of our end of a connection. */
  async signDescription(identity: Identity, attempt: number, sdp: string): Promise<string> {
    return sign(identity, await this.#description(this.role, attempt, sdp));
  }

  /** Checks that of the other end: its signature, and that it names the certificate that was agreed on. */
  async checkDescription(attempt: number, sdp: string, proof: unknown): Promise<void> {
    const message = await this.#description(other(this.role), attempt, sdp);
    if (!(await isSigned(this.theirs.key, message, proof))) {
      throw new HandshakeError("the signature of the other side does not fit");
    }
    const lines = sdp.split(/[\r\n]/).map((line) => line.trim());
    const named = lines.filter((line) => /^a=fingerprint:/i.test(line)).map((line) => fingerprint(line.slice(14)));
    if (named.length === 0 || named.some((one) => one !== this.theirs.fingerprint)) {
      throw new HandshakeError("the connection was offered with another certificate");
    }
  }
}

/** Reads `sha-256 AB:CD:…`. */
export function fingerprint(line: string): string | undefined {
  const match = /^sha-256 ([0-9a-f]{2}(?::[0-9a-f]{2}){31})$/i.exec(line.trim());
  return match?.[1]?.toLowerCase().replaceAll(":", "");
}
