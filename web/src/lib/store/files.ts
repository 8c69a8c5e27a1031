// Files that wait for a message or the server, kept by the browser: a page that is opened again goes on
// with them. They belong to one user and go when they sign out.

import { Base } from "./base.js";

/** The largest content that is kept. */
export const CONTENT_MAX = 64 * 1024 * 1024;
/** All contents together. */
export const ALL_MAX = 256 * 1024 * 1024;
/** What nobody came back for is let go after a week. */
const AGE_MAX_MS = 7 * 24 * 3600 * 1000;

interface Entry {
  readonly key: string;
  readonly user: string;
  readonly at_ms: number;
  readonly about: unknown;
  readonly content?: Blob;
}

/** What is kept of a file. */
export interface KeptFile<A> {
  readonly about: A;
  /** Absent where it was too large to be kept. */
  readonly content?: Blob;
}

/** The files of one user. Everything resolves, with nothing where the browser keeps nothing. */
export class KeptFiles<A> {
  readonly #base = new Base("files");

  constructor(private readonly user: string) {}

  async get(name: string): Promise<KeptFile<A> | undefined> {
    const entry = await this.#base.run<Entry | undefined>("readonly", (store) => store.get(this.#key(name)) as IDBRequest<Entry | undefined>);
    if (entry === undefined) return undefined;
    return { about: entry.about as A, ...(entry.content === undefined ? {} : { content: entry.content }) };
  }

  /** Keeps a file in the place of what was there; whether its content is kept, too. */
  async set(name: string, about: A, content: Blob | undefined, now_ms: number): Promise<boolean> {
    const entry: Entry = { key: this.#key(name), user: this.user, at_ms: now_ms, about };
    const fits = content !== undefined && content.size <= CONTENT_MAX && (await this.#used(now_ms)) + content.size <= ALL_MAX;
    if (fits && (await this.#put({ ...entry, content }))) return true;
    await this.#put(entry);
    return false;
  }

  async delete(name: string): Promise<void> {
    await this.#base.run("readwrite", (store) => store.delete(this.#key(name)));
  }

  /** Forgets everything of everybody: for signing out. */
  async clear(): Promise<void> {
    await this.#base.run("readwrite", (store) => store.clear());
  }

  async #put(entry: Entry): Promise<boolean> {
    return (await this.#base.run("readwrite", (store) => store.put(entry))) !== undefined;
  }

  /** How many bytes are kept; what is old, or of others who were here before, is not any longer. */
  async #used(now_ms: number): Promise<number> {
    const all = (await this.#base.run<Entry[]>("readonly", (store) => store.getAll() as IDBRequest<Entry[]>)) ?? [];
    let used = 0;
    for (const { key, user, at_ms, content } of all) {
      if (user !== this.user || now_ms - at_ms > AGE_MAX_MS) await this.#base.run("readwrite", (store) => store.delete(key));
      else used += content?.size ?? 0;
    }
    return used;
  }

  #key(name: string): string {
    return `${this.user} ${name}`;
  }
}
