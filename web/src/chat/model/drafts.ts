// What was begun to be written and not sent, kept by the browser for each place.

import type { protocol } from "@kith/client";
import type { Keep } from "./outbox.js";
import { FILES_MAX, type FileKey } from "./uploads.js";

export class Drafts {
  constructor(private readonly user: protocol.UserId, private readonly storage: Keep) {}

  /** Under which name the browser keeps it. */
  key(stream: protocol.StreamId, thread?: protocol.Seq): string {
    return `kith.draft.${this.user}.${stream}${thread === undefined ? "" : `.${thread}`}`;
  }

  /** What was begun in a stream, or one of its threads. */
  get(stream: protocol.StreamId, thread?: protocol.Seq): string {
    return this.storage.getItem(this.key(stream, thread)) ?? "";
  }

  /** Keeps it; nothing where it is empty. */
  set(text: string, stream: protocol.StreamId, thread?: protocol.Seq): void {
    if (text === "") this.storage.removeItem(this.key(stream, thread));
    else this.storage.setItem(this.key(stream, thread), text);
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

/** Names of files as they were kept; what is none is left out. */
export function keysOf(kept: string | null): readonly FileKey[] {
  try {
    const keys: unknown = JSON.parse(kept ?? "[]");
    return Array.isArray(keys) ? keys.filter((key) => typeof key === "string").slice(0, FILES_MAX) : [];
  } catch {
    return [];
  }
}
