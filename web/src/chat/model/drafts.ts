// What was begun to be written and not sent, kept by the browser for each place. Tabs share it, but where two
// of them have begun something of their own: then each keeps that for itself until there is room for it.

import type { protocol } from "@kith/client";
import type { Keep } from "./outbox.js";
import { FILES_MAX, type FileKey } from "./uploads.js";

/** The most changes of messages that are kept of a stream. */
const EDITS_MAX = 20;

export class Drafts {
  /** `own` is kept for this tab alone. */
  constructor(private readonly user: protocol.UserId, private readonly storage: Keep, private readonly own: Keep = storage) {}

  /** Under which name the browser keeps it. */
  key(stream: protocol.StreamId, thread?: protocol.Seq): string {
    return `kith.draft.${this.user}.${stream}${thread === undefined ? "" : `.${thread}`}`;
  }

  /** What was begun in a stream, or one of its threads. */
  get(stream: protocol.StreamId, thread?: protocol.Seq): string {
    const key = this.key(stream, thread);
    return this.own.getItem(`${key}:own`) ?? this.storage.getItem(key) ?? "";
  }

  /**
   * Keeps it in the place of what this tab had there, `before`; nothing where it is empty. What another tab
   * has begun there meanwhile stays.
   */
  set(text: string, stream: protocol.StreamId, thread?: protocol.Seq, before = this.get(stream, thread)): void {
    const key = this.key(stream, thread);
    const kept = this.storage.getItem(key) ?? "";
    const is_free = kept === "" || kept === before || kept === text;
    const [to, name] = is_free ? [this.storage, key] : [this.own, `${key}:own`];
    if (is_free) this.own.removeItem(`${key}:own`);
    if (text === "") to.removeItem(name);
    else to.setItem(name, text);
  }

  /** The streams in which something was begun. */
  streams(): readonly protocol.StreamId[] {
    const prefix = `kith.draft.${this.user}.`;
    const ids = this.#names(prefix).map(([, name]) => name.slice(prefix.length).split(/[.:]/, 1)[0] as protocol.StreamId);
    return [...new Set(ids)].filter((id) => this.begun(id).length > 0);
  }

  /** What was begun in a stream and its threads, and what messages there were being changed into. */
  begun(stream: protocol.StreamId): readonly string[] {
    const texts = this.#all(stream).flatMap(([storage, name, about]) => (about === undefined || about === "own" ? [storage.getItem(name) ?? ""] : []));
    return [...texts, ...this.#edits(stream).values()].filter((text) => text.trim() !== "");
  }

  /** Forgets all that was begun there. */
  forget(stream: protocol.StreamId): void {
    for (const [storage, name] of this.#all(stream)) storage.removeItem(name);
  }

  /** What is kept of a stream: where, under which name, and what it says about what was begun. */
  #all(stream: protocol.StreamId): [Keep, string, string | undefined][] {
    const key = this.key(stream);
    return this.#names(key).flatMap(([storage, name]): [Keep, string, string | undefined][] => {
      const rest = /^(?:\.\d+)?(?::(\w+))?$/.exec(name.slice(key.length));
      return rest === null ? [] : [[storage, name, rest[1]]];
    });
  }

  #names(prefix: string): [Keep, string][] {
    const both = this.own === this.storage ? [this.storage] : [this.storage, this.own];
    return both.flatMap((storage) => Object.keys(storage).flatMap((name): [Keep, string][] => (name.startsWith(prefix) ? [[storage, name]] : [])));
  }

  /** What a message was being changed into, and was not saved. */
  edit(stream: protocol.StreamId, seq: protocol.Seq): string | undefined {
    return this.#edits(stream).get(seq);
  }

  /** Keeps it; nothing where there is nothing to save. Of many the last few are kept. */
  setEdit(text: string | undefined, stream: protocol.StreamId, seq: protocol.Seq): void {
    const all = this.#edits(stream);
    all.delete(seq);
    if (text !== undefined) all.set(seq, text);
    const key = this.#editsKey(stream);
    if (all.size === 0) this.storage.removeItem(key);
    else this.storage.setItem(key, JSON.stringify([...all].slice(-EDITS_MAX)));
  }

  /** The message that the draft of a place answers. */
  reply(stream: protocol.StreamId, thread?: protocol.Seq): protocol.Message | undefined {
    const kept = (read(this.storage.getItem(this.#replyKey(stream, thread))) ?? {}) as Readonly<Record<string, unknown>>;
    return typeof kept["seq"] === "number" && typeof kept["author"] === "string" && typeof kept["text"] === "string" ? (kept as unknown as protocol.Message) : undefined;
  }

  setReply(message: protocol.Message | undefined, stream: protocol.StreamId, thread?: protocol.Seq): void {
    const key = this.#replyKey(stream, thread);
    if (message === undefined) this.storage.removeItem(key);
    else this.storage.setItem(key, JSON.stringify(message));
  }

  #editsKey(stream: protocol.StreamId): string {
    return `${this.key(stream)}:edits`;
  }

  #replyKey(stream: protocol.StreamId, thread?: protocol.Seq): string {
    return `${this.key(stream, thread)}:reply`;
  }

  /** The one that was changed last comes last. */
  #edits(stream: protocol.StreamId): Map<protocol.Seq, string> {
    const kept = read(this.storage.getItem(this.#editsKey(stream)));
    const isEdit = (one: unknown): one is [number, string] => Array.isArray(one) && typeof one[0] === "number" && typeof one[1] === "string";
    return new Map(Array.isArray(kept) ? kept.filter(isEdit) : []);
  }

  /** Under which name the browser keeps which files go with it. */
  filesKey(stream: protocol.StreamId, thread?: protocol.Seq): string {
    return `${this.key(stream, thread)}:files`;
  }

  /** The files that go with it. */
  files(stream: protocol.StreamId, thread?: protocol.Seq): readonly FileKey[] {
    return keysOf(this.storage.getItem(this.filesKey(stream, thread)));
  }

  setFiles(files: readonly FileKey[], stream: protocol.StreamId, thread?: protocol.Seq): void {
    if (files.length === 0) this.storage.removeItem(this.filesKey(stream, thread));
    else this.storage.setItem(this.filesKey(stream, thread), JSON.stringify(files));
  }
}

/** What was kept as JSON; nothing where it is none. */
function read(kept: string | null): unknown {
  try {
    return JSON.parse(kept ?? "null");
  } catch {
    return undefined;
  }
}

/** Names of files as they were kept; what is none is left out. */
export function keysOf(kept: string | null): readonly FileKey[] {
  const keys = read(kept);
  return Array.isArray(keys) ? keys.filter((key) => typeof key === "string").slice(0, FILES_MAX) : [];
}
