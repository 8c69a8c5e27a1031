// Files: sent up in pieces from where the upload stands, however often the connection is lost, and
// brought down.

import { Backoff } from "./backoff.js";
import { KithError, unreachable } from "./error.js";
import type { Attachment, Auth, BlobHash, FileId, Icon, OpId, Problem, Seq, StreamId } from "./protocol.js";
import { Watchers, type Store } from "./store.js";

/** Bytes of the first piece. */
const PIECE_MIN = 256 * 1024;
/** Bytes of the largest piece. */
const PIECE_MAX = 8 * 1024 * 1024;
/** A piece that takes less is followed by one twice as large. */
const QUICK_MS = 1000;
/** A piece that takes longer than this on its way is given up and sent again. */
const PIECE_MS = 120_000;

/** How far an upload is. */
export interface Progress {
  /** `done` and `failed` are for good. */
  readonly state: "sending" | "paused" | "waiting" | "done" | "failed";
  /** Bytes that the server has. */
  readonly sent: number;
  /** Bytes of all of it. */
  readonly bytes: number;
}

/** How a file is sent. */
export interface UploadOptions {
  /** What it is called; the name of the `File` unless set. A path before it is left out. */
  name?: string;
  /** The BLAKE3 hash of its content in hexadecimal, where it is known: the server compares it. */
  hash?: BlobHash;
  /**
   * The name of the operation that begins it. Under the name of one that was begun before, also by
   * another client of the user, it goes on from where that stands.
   */
  op?: OpId;
  /** Told of every change. */
  onProgress?: (progress: Progress) => void;
  /** Gives the upload up. */
  signal?: AbortSignal;
}

/** A file that a message refers to. */
export interface FilePlace {
  /** The stream. */
  stream: StreamId;
  /** The message. */
  message: Seq;
  /** The file. */
  file: FileId;
}

/** Which content, and what a browser does with it. */
export interface ContentOptions {
  /** The small image that the server made. */
  thumbnail?: boolean;
  /** Browsers save it and show nothing. */
  download?: boolean;
}

/** How a content is brought. */
export interface DownloadOptions extends ContentOptions {
  /** Told how many bytes are there, as they come. */
  onProgress?: (received: number) => void;
  /** Gives it up. */
  signal?: AbortSignal;
}

interface Told {
  id: FileId;
  offset: number;
  file?: Attachment;
}

/** What is asked over HTTP, as who the client is. */
export class Files {
  readonly #base: string;
  readonly #token: () => string | undefined;

  constructor(url: string, auth: Auth, token: () => string | undefined) {
    this.#base = `${url.replace(/^ws/, "http").replace(/\/+$/, "")}/api/v1`;
    this.#token = () => ("token" in auth ? auth.token : token());
  }

  /** The address of a content. */
  address(place: FilePlace | FileId, { thumbnail = false, download = false }: ContentOptions = {}): string {
    const path = typeof place === "string"
      ? `/files/${place}${thumbnail ? "" : "/content"}`
      : `/streams/${place.stream}/messages/${place.message}/files/${place.file}`;
    return `${this.#base}${path}${thumbnail ? "/thumbnail" : download && typeof place !== "string" ? "?download=1" : ""}`;
  }

  /** The address of a small square image; what is asked for by its hash can be kept for ever. */
  icon(path: string, icon: Icon | undefined): string | undefined {
    return icon === undefined ? undefined : `${this.#base}${path}?hash=${icon.hash}`;
  }

  /** Sends a request; rejects with what the server says, or with `client.unreachable`. */
  async send(method: string, path: string, more: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const token = this.#token();
    const headers = {
      "x-kith-request": "1",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...more.headers,
    };
    const address = path.startsWith("/") ? `${this.#base}${path}` : path;
    let response: Response;
    try {
      response = await fetch(address, { ...more, method, headers, credentials: "same-origin" });
    } catch (error) {
      if (more.signal?.aborted === true) throw error;
      throw unreachable(error);
    }
    if (!response.ok) throw await refused(response);
    return response;
  }

  /** Brings a content. */
  async bring(place: FilePlace | FileId, options: DownloadOptions = {}): Promise<Blob> {
    const { signal, onProgress } = options;
    const response = await this.send("GET", this.address(place, options), signal === undefined ? {} : { signal });
    try {
      return onProgress === undefined || response.body === null ? await response.blob() : await counted(response.body, onProgress);
    } catch (error) {
      if (signal?.aborted === true) throw error;
      throw unreachable(error);
    }
  }
}

/** Reads a body to its end, and tells how much of it is there. */
async function counted(body: ReadableStream<Uint8Array<ArrayBuffer>>, told: (received: number) => void): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const reader = body.getReader();
  for (let received = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts);
    parts.push(value);
    received += value.length;
    told(received);
  }
}

/** A piece of a content: one that was changed or taken away meanwhile would look like a lost connection. */
async function read(piece: Blob): Promise<ArrayBuffer> {
  try {
    return await piece.arrayBuffer();
  } catch {
    throw new KithError({ code: "client.unreadable", message: "the file can no longer be read" });
  }
}

async function refused(response: Response): Promise<KithError> {
  const told = (await response.json().catch(() => ({}))) as Partial<Problem> & { detail?: string };
  if (typeof told.code !== "string") return unreachable(`the answer was ${response.status}`);
  const { code, retry_ms, unknown } = told;
  const rest = { ...(retry_ms === undefined ? {} : { retry_ms }), ...(unknown === undefined ? {} : { unknown }) };
  return new KithError({ code, message: told.detail ?? code, ...rest });
}

/** Whether an upload goes on after this, once the server was asked where it stands. */
function passes({ code, retry_ms }: KithError): boolean {
  return code === "client.unreachable" || code === "file.offset" || code === "input.too_slow"
    || (retry_ms !== undefined && code !== "file.too_many" && code !== "store.full");
}

/**
 * A file on its way. It goes on by itself after a lost connection; `pause` and `resume` are for people.
 * `done` resolves with what messages will say of the file, and rejects with a `KithError`, or with the
 * signal's reason when it is given up.
 */
export class Upload {
  /** When it is there. */
  readonly done: Promise<Attachment>;

  readonly #files: Files;
  readonly #content: Blob;
  readonly #options: UploadOptions;
  readonly #op: OpId;
  readonly #progress: Watchers<Progress>;
  readonly #given_up = new AbortController();
  #id: FileId | undefined;
  #piece = PIECE_MIN;
  /** What is under way is stopped by it. */
  #step = new AbortController();
  #go: (() => void) | undefined;
  #paused = false;

  constructor(files: Files, content: Blob, op: OpId, options: UploadOptions) {
    this.#files = files;
    this.#content = content;
    this.#op = op;
    this.#options = options;
    this.#progress = new Watchers<Progress>({ state: "sending", sent: 0, bytes: content.size });
    const { signal } = options;
    if (signal?.aborted === true) this.cancel(signal.reason);
    signal?.addEventListener("abort", () => this.cancel(signal.reason), { once: true });
    this.done = this.#run();
    // Whoever only watches the progress need not catch it.
    this.done.catch(() => {});
  }

  /** How far it is. */
  get progress(): Store<Progress> {
    return this.#progress;
  }

  /** The file that it becomes, once it is begun. */
  get id(): FileId | undefined {
    return this.#id;
  }

  /** Sends nothing more until `resume`. What is there stays there for a day. */
  pause(): void {
    this.#paused = true;
    this.#step.abort();
  }

  /** Goes on, at once. */
  resume(): void {
    this.#paused = false;
    this.#go?.();
  }

  /** Gives it up; what is there of it is removed. */
  cancel(reason: unknown = new DOMException("the upload was given up", "AbortError")): void {
    if (this.#given_up.signal.aborted) return;
    this.#given_up.abort(reason);
    this.#step.abort();
    this.#go?.();
  }

  #tell(state: Progress["state"], sent = this.#progress.get().sent): void {
    const progress = { state, sent, bytes: this.#content.size };
    this.#progress.set(progress);
    this.#options.onProgress?.(progress);
  }

  async #run(): Promise<Attachment> {
    try {
      const file = await this.#send();
      this.#tell("done", this.#content.size);
      return file;
    } catch (error) {
      this.#tell("failed");
      throw error;
    }
  }

  async #send(): Promise<Attachment> {
    const backoff = new Backoff();
    let told: Told | undefined;
    for (;;) {
      await this.#ready();
      this.#tell("sending", told?.offset);
      this.#step = new AbortController();
      const late = setTimeout(() => this.#step.abort(), PIECE_MS);
      try {
        told = await this.#next(told, this.#step.signal);
        if (told.file !== undefined) return told.file;
        backoff.reset();
      } catch (error) {
        if (this.#given_up.signal.aborted || this.#paused) {
          told = undefined;
          continue;
        }
        const passing = this.#step.signal.aborted ? unreachable("it took too long") : error;
        if (!(passing instanceof KithError) || !passes(passing)) throw passing;
        told = undefined;
        this.#piece = Math.max(PIECE_MIN, this.#piece / 4);
        this.#tell("waiting");
        await this.#wait(passing.code === "file.offset" ? 0 : backoff.pause(passing.retry_ms, Math.random()));
      } finally {
        clearTimeout(late);
      }
    }
  }

  /** Begins, asks where it stands, or sends the next piece. */
  async #next(told: Told | undefined, signal: AbortSignal): Promise<Told> {
    if (this.#id === undefined) {
      const { hash } = this.#options;
      const body = JSON.stringify({ name: this.#name(), bytes: this.#content.size, ...(hash === undefined ? {} : { hash }) });
      const headers = { "content-type": "application/json", "idempotency-key": this.#op };
      const begun = (await (await this.#files.send("POST", "/files", { body, headers, signal })).json()) as Told;
      this.#id = begun.id;
      return begun;
    }
    const path = `/files/${this.#id}`;
    if (told === undefined) return (await (await this.#files.send("GET", path, { signal })).json()) as Told;
    const body = await read(this.#content.slice(told.offset, told.offset + this.#piece));
    const headers = { "content-type": "application/octet-stream", "upload-offset": String(told.offset) };
    const from = Date.now();
    const now = (await (await this.#files.send("PATCH", path, { body, headers, signal })).json()) as Told;
    if (Date.now() - from < QUICK_MS) this.#piece = Math.min(this.#piece * 2, PIECE_MAX);
    return now;
  }

  #name(): string {
    const own = this.#options.name ?? (this.#content as Partial<File>).name ?? "file";
    return own.split(/[/\\]/).at(-1) || "file";
  }

  /** Resolves when it may go on; rejects when it was given up. */
  async #ready(): Promise<void> {
    while (this.#paused && !this.#given_up.signal.aborted) {
      this.#tell("paused");
      await new Promise<void>((resolve) => (this.#go = resolve));
    }
    if (this.#given_up.signal.aborted) {
      if (this.#id !== undefined) await this.#files.send("DELETE", `/files/${this.#id}`).catch(() => {});
      throw this.#given_up.signal.reason;
    }
  }

  async #wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#go = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
