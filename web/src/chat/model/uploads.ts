// Files that were chosen for messages: on their way to the server from when they are chosen, a few at a
// time, until a message refers to them.

import { KithError, type Client, type protocol, type Upload } from "@kith/client";
import { get, writable, type Readable, type Writable } from "svelte/store";
import type { KeptFile } from "../../lib/store/files.js";

/** Names the file here, and the operation that begins its upload. */
export type FileKey = protocol.OpId;

/** Files of one message. */
export const FILES_MAX = 10;
/** Uploads at a time; the others wait for their turn. */
const AT_ONCE = 3;

/** What is known of a file that was chosen. */
export interface Chosen {
  readonly name: string;
  readonly bytes: number;
  /** What it is, as the browser has it: the server looks for itself. */
  readonly type: string;
  /** What messages will say of it, once it is on the server. */
  readonly file?: protocol.Attachment;
}

/** How it stands with a file. */
export interface Standing extends Chosen {
  /** `waiting`: for its turn, or for a connection. */
  readonly state: "waiting" | "going" | "paused" | "failed" | "done";
  /** Bytes that the server has. */
  readonly sent: number;
  readonly error?: KithError;
}

/** What keeps files over the end of the page. */
export interface Keeping {
  get(key: FileKey): Promise<KeptFile<Chosen> | undefined>;
  /** Whether the content is kept, too. */
  set(key: FileKey, about: Chosen, content: Blob | undefined, now_ms: number): Promise<boolean>;
  delete(key: FileKey): Promise<void>;
  clear(): Promise<void>;
}

/** Does something while no other tab does it under the same name. */
export type Lock = <T>(name: string, work: () => Promise<T>) => Promise<T>;

interface Held {
  readonly standing: Writable<Standing>;
  /** When it is known what was kept of it. */
  ready: Promise<void>;
  content: Blob | undefined;
  /** The operation that begins its upload. */
  op: protocol.OpId;
  /** Whether the server took that up, so that some of it may be there. */
  is_begun: boolean;
  upload?: Upload;
  /** Whether it would be lost with the page. */
  is_risked: boolean;
  is_dropped: boolean;
  preview?: string;
}

const NONE: Standing = { name: "", bytes: 0, type: "", state: "waiting", sent: 0 };
const failure = (code: string, message: string) => new KithError({ code, message });
/** It was not kept, so that the page that was opened again does not have it. */
const lost = () => failure("client.file_lost", "this browser did not keep the file: choose it again");

/** Why the server would not take so many bytes, of which it takes `bytes_max`, if any at all. */
export function barred(bytes: number, bytes_max: number | undefined): KithError | undefined {
  if (bytes_max === undefined) return failure("file.off", "this server takes no files");
  return bytes > bytes_max ? failure("file.too_large", `a file may have ${bytes_max} bytes`) : undefined;
}

export class Uploads {
  readonly #held = new Map<FileKey, Held>();
  /** What waits for its turn, the first first. */
  #queue: FileKey[] = [];
  #going = 0;
  #ended = false;

  constructor(
    private readonly client: Pick<Client, "upload" | "removeFile" | "newOp">,
    private readonly keeping: Keeping,
    /** The largest file that the server takes, as it is now; `undefined` where it takes none. */
    private readonly bytes_max: () => number | undefined,
    private readonly lock: Lock = (_name, work) => work(),
  ) {}

  /** Takes a file that was chosen, and begins to send it, or what `prepare` makes of it. */
  add(content: Blob, name: string, prepare?: (content: Blob) => Promise<Blob>): FileKey {
    const key = this.client.newOp();
    const held = this.#hold(key, { ...NONE, name, bytes: content.size, type: content.type }, content);
    held.is_risked = true;
    if (prepare === undefined) this.#take(key, held, content);
    else held.ready = prepare(content).then((prepared) => this.#take(key, held, prepared), (error: unknown) => {
      // As it is, it is not to be sent.
      held.is_risked = false;
      this.#tell(held, { state: "failed", error: failure("client.unreadable", String(error)) });
    });
    return key;
  }

  #take(key: FileKey, held: Held, content: Blob): void {
    if (held.is_dropped) return;
    held.content = content;
    const about: Chosen = { name: get(held.standing).name, bytes: content.size, type: content.type };
    this.#tell(held, about);
    void this.keeping.set(key, about, content, Date.now()).then((is_kept) => {
      if (held.is_dropped) void this.keeping.delete(key);
      else if (is_kept) held.is_risked = false;
    });
    if (get(held.standing).state === "waiting") this.#begin(key, held);
  }

  /** How it stands with a file; one that the page does not know yet is looked for in what is kept. */
  standing(key: FileKey): Readable<Standing> {
    return this.#open(key).standing;
  }

  /** The address of a picture in this page, of one that is here; gone when the file is forgotten. */
  preview(key: FileKey): string | undefined {
    const held = this.#held.get(key);
    if (held?.content === undefined) return undefined;
    return (held.preview ??= URL.createObjectURL(held.content));
  }

  /** What messages say of it, once it is on the server; rejects where that does not come about. */
  async done(key: FileKey): Promise<protocol.Attachment> {
    const { standing, ready } = this.#open(key);
    await ready;
    return new Promise((resolve, reject) => {
      let is_over = false;
      let stop = () => {};
      stop = standing.subscribe(({ state, file, error = lost() }) => {
        if (is_over || (state !== "done" && state !== "failed")) return;
        is_over = true;
        if (state === "done" && file !== undefined) resolve(file);
        else reject(error);
        queueMicrotask(() => stop());
      });
    });
  }

  pause(key: FileKey): void {
    const held = this.#held.get(key);
    if (held === undefined || !["waiting", "going"].includes(get(held.standing).state)) return;
    this.#queue = this.#queue.filter((one) => one !== key);
    this.#tell(held, { state: "paused" });
    held.upload?.pause();
  }

  resume(key: FileKey): void {
    const held = this.#held.get(key);
    if (held === undefined || get(held.standing).state !== "paused") return;
    this.#tell(held, { state: "waiting" });
    if (held.upload !== undefined) held.upload.resume();
    else this.#begin(key, held);
  }

  /** Sends what failed once more, from where it stands. */
  retry(key: FileKey): void {
    const held = this.#held.get(key);
    if (held === undefined || get(held.standing).state !== "failed") return;
    // What was refused would be refused again under the same name.
    if (!held.is_begun) this.#renew(held);
    this.#begin(key, held);
  }

  /**
   * The same file under a new name, to be sent anew: the server has it no longer. Where the content is
   * not here, it fails.
   */
  async renew(key: FileKey): Promise<FileKey> {
    const held = this.#open(key);
    await held.ready;
    if (held.content === undefined) throw lost();
    const renewed = this.add(held.content, get(held.standing).name);
    this.forget(key);
    return renewed;
  }

  /** Nobody wants it any longer: what is on the server goes, too. */
  drop(key: FileKey): void {
    const held = this.#held.get(key);
    this.forget(key);
    if (held === undefined) return;
    const { file } = get(held.standing);
    held.upload?.cancel();
    if (file !== undefined) this.client.removeFile(file.id).catch(() => {});
  }

  /** A message refers to it: nothing of it is needed here. */
  forget(key: FileKey): void {
    const held = this.#held.get(key);
    if (held !== undefined) {
      held.is_dropped = true;
      if (held.preview !== undefined) URL.revokeObjectURL(held.preview);
    }
    this.#held.delete(key);
    this.#queue = this.#queue.filter((one) => one !== key);
    void this.keeping.delete(key);
  }

  /** There is a connection again: what waits for one need not wait longer. */
  online(): void {
    for (const { upload, standing } of this.#held.values()) {
      if (get(standing).state === "waiting") upload?.resume();
    }
  }

  /** Whether something would be lost if the page went now. */
  get isRisked(): boolean {
    return [...this.#held.values()].some(({ is_risked, standing }) => is_risked && !["done", "failed"].includes(get(standing).state));
  }

  /** Stops everything, as it stands. */
  end(): void {
    this.#ended = true;
    this.#queue = [];
    for (const { upload, preview } of this.#held.values()) {
      upload?.pause();
      if (preview !== undefined) URL.revokeObjectURL(preview);
    }
  }

  /** Forgets everything that is kept: for signing out. */
  async clear(): Promise<void> {
    await this.keeping.clear();
  }

  #hold(key: FileKey, standing: Standing, content: Blob | undefined): Held {
    const held: Held = { standing: writable(standing), ready: Promise.resolve(), content, op: key, is_begun: false, is_risked: false, is_dropped: false };
    this.#held.set(key, held);
    return held;
  }

  /** What is held under a key, or was kept by a page before. */
  #open(key: FileKey): Held {
    const known = this.#held.get(key);
    if (known !== undefined) return known;
    const held = this.#hold(key, NONE, undefined);
    held.ready = this.keeping.get(key).then((kept) => {
      if (held.is_dropped) return;
      const about = { ...NONE, ...kept?.about };
      held.content = kept?.content;
      held.standing.set(about.file === undefined ? about : { ...about, state: "done", sent: about.bytes });
      if (about.file === undefined) this.#begin(key, held);
    });
    return held;
  }

  #tell(held: Held, more: Partial<Standing>): void {
    held.standing.update(({ error: _, ...now }) => ({ ...now, ...more }));
  }

  /** Puts it behind those that wait for their turn, unless it is known that it would fail. */
  #begin(key: FileKey, held: Held): void {
    const { bytes } = get(held.standing);
    const error = held.content === undefined ? lost() : barred(bytes, this.bytes_max());
    if (error !== undefined) return this.#tell(held, { state: "failed", error });
    this.#tell(held, { state: "waiting" });
    this.#queue.push(key);
    this.#next();
  }

  #next(): void {
    while (!this.#ended && this.#going < AT_ONCE) {
      const key = this.#queue.shift();
      if (key === undefined) return;
      const held = this.#held.get(key);
      if (held === undefined) continue;
      this.#going += 1;
      void this.#send(key, held).finally(() => {
        this.#going -= 1;
        this.#next();
      });
    }
  }

  async #send(key: FileKey, held: Held): Promise<void> {
    try {
      const file = await this.lock(key, () => this.#upload(held));
      if (held.is_dropped) {
        this.client.removeFile(file.id).catch(() => {});
        return;
      }
      if (this.#ended) return;
      const about = get(held.standing);
      await this.keeping.set(key, { name: about.name, bytes: about.bytes, type: about.type, file }, held.content, Date.now());
      this.#tell(held, { state: "done", sent: about.bytes, file });
    } catch (error) {
      if (held.is_dropped || this.#ended) return;
      this.#tell(held, { state: "failed", error: error instanceof KithError ? error : failure("client.unreadable", String(error)) });
    }
  }

  async #upload(held: Held): Promise<protocol.Attachment> {
    try {
      return await this.#bring(held);
    } catch (error) {
      // What was begun before is there no longer: it took too long, or was given up.
      const is_gone = error instanceof KithError && ["file.not_found", "op.expired", "op.reused"].includes(error.code);
      if (!is_gone) throw error;
      this.#renew(held);
      return this.#bring(held);
    }
  }

  #renew(held: Held): void {
    held.op = this.client.newOp();
    held.is_begun = false;
  }

  async #bring(held: Held): Promise<protocol.Attachment> {
    if (held.is_dropped || held.content === undefined) throw lost();
    const { name, state } = get(held.standing);
    const upload = this.client.upload(held.content, { name, op: held.op, onProgress: (now) => {
      // What it comes to is told when it is kept.
      if (now.state === "done" || now.state === "failed") return;
      this.#tell(held, { state: now.state === "sending" ? "going" : now.state, sent: now.sent });
    } });
    held.upload = upload;
    if (state === "paused") upload.pause();
    try {
      return await upload.done;
    } finally {
      held.is_begun ||= upload.id !== undefined;
      delete held.upload;
    }
  }
}
