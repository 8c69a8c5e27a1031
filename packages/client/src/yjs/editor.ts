// A topic's Yjs document: kept as the topic is shown, and what is edited in it sent.

import * as Y from "yjs";
import { KithError } from "../error.js";
import { Watchers } from "../store.js";
import type { Sink } from "../topic/handle.js";
import type { Followed } from "../topics.js";

/** The most bytes of an update that the server takes. */
const UPDATE_BYTES_MAX = 2 * 1024 * 1024;
/** An update that says nothing. */
const NOTHING = Uint8Array.of(0, 0);
/** Bytes that are written as text at a time. */
const CHUNK = 8192;

/** What of a document is the value of its topic. */
export interface View<V> {
  /** The value as it is. */
  read(doc: Y.Doc): V;
  /** Calls `run` when it has changed. */
  observe(doc: Y.Doc, run: () => void): void;
}

/** Edits that were not sent yet, of one call or of an editor. */
interface Edit {
  readonly update: Uint8Array;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Keeps a document as the topic is shown, and sends what is edited: one transaction at a time, with
 * everything in it that was edited meanwhile.
 */
export class Editor<V> {
  readonly doc: Watchers<Y.Doc>;
  readonly value: Watchers<V>;
  readonly #send: Sink<Promise<void>>;
  readonly #stop: () => void;
  /** The updates that are in the document, as they were told last. */
  #applied: readonly string[] = [];
  /** Ours that are not decided, as far as is known. */
  readonly #sent = new Set<string>();
  #queue: Edit[] = [];
  /** Takes the place of the queue while a transaction is made. */
  #captured: Uint8Array[] | undefined;
  #sending = false;
  #ended = false;

  constructor(private readonly followed: Followed, send: Sink<Promise<void>>, private readonly view: View<V>) {
    this.#send = send;
    this.doc = new Watchers(this.#begin([]));
    this.value = new Watchers(view.read(this.doc.get()));
    const stops = [
      followed.value.subscribe((value) => {
        if (value.kind === "text") this.#shown(value.held.updates);
      }),
      // All is decided, and what was refused has been seen to be gone.
      followed.pending.subscribe((pending) => {
        if (!pending) this.#sent.clear();
      }),
    ];
    this.#stop = () => stops.forEach((stop) => stop());
  }

  /** A document with these updates, whose edits are sent. */
  #begin(updates: readonly string[]): Y.Doc {
    const doc = new Y.Doc();
    this.#apply(doc, updates);
    doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin === this || this.#ended || this.doc.get() !== doc) return;
      if (this.#captured !== undefined) this.#captured.push(update);
      else {
        this.#queue.push({ update, resolve: () => {}, reject: () => {} });
        // What an editor does in one go is sent as one.
        queueMicrotask(() => this.#flush());
      }
    });
    this.view.observe(doc, () => {
      if (this.doc.get() === doc) this.value.set(this.view.read(doc));
    });
    return doc;
  }

  #apply(doc: Y.Doc, updates: readonly string[]): void {
    if (updates.length === 0) return;
    doc.transact(() => {
      for (const update of updates) Y.applyUpdate(doc, fromBase64(update), this);
    }, this);
  }

  /** The topic is shown with these updates: those that the server told, and ours. */
  #shown(updates: readonly string[]): void {
    let same = 0;
    while (same < updates.length && updates[same] === this.#applied[same]) same += 1;
    this.#applied = updates;
    this.#apply(this.doc.get(), updates.slice(same));
    if (this.#sent.size === 0) return;
    const there = new Set(updates);
    const gone = [...this.#sent].filter((update) => !there.has(update));
    if (gone.length === 0) return;
    gone.forEach((update) => this.#sent.delete(update));
    // Merged with others by the server, or refused.
    this.#compare(updates);
  }

  /** Begins anew where the document has something in it that the server refused. */
  #compare(updates: readonly string[]): void {
    const fresh = this.#begin(updates);
    for (const { update } of this.#queue) Y.applyUpdate(fresh, update, this);
    if (Y.equalSnapshots(Y.snapshot(fresh), Y.snapshot(this.doc.get()))) {
      fresh.destroy();
      return;
    }
    fresh.destroy();
    // What was edited on top of it cannot be without it.
    const lost = this.#queue;
    this.#queue = [];
    const doc = this.#begin(updates);
    this.doc.set(doc);
    this.value.set(this.view.read(doc));
    const error = new KithError({ code: "client.lost", message: "an edit before this one was refused" });
    lost.forEach((edit) => edit.reject(error));
  }

  #flush(): void {
    if (this.#sending) return;
    const edits = this.#take();
    if (edits.length === 0) return;
    this.#sending = true;
    const done = () => {
      this.#sending = false;
      this.#flush();
    };
    this.#bring(edits).then(done, done);
  }

  /** What is to be sent next: as much as one update may be. */
  #take(): Edit[] {
    let bytes = 0;
    const fits = ({ update }: Edit) => (bytes += update.length) <= UPDATE_BYTES_MAX;
    const many = this.#queue.findIndex((edit) => !fits(edit));
    return this.#queue.splice(0, many < 0 ? this.#queue.length : Math.max(many, 1));
  }

  async #bring(edits: readonly Edit[]): Promise<void> {
    const update = toBase64(Y.mergeUpdates(edits.map((edit) => edit.update)));
    this.#sent.add(update);
    try {
      await this.#send({ topic: this.followed.id, change: { update: { updates: [update] } } });
      edits.forEach((edit) => edit.resolve());
    } catch (error) {
      edits.forEach((edit) => edit.reject(error));
    }
  }

  /** Edits the document; what is thrown meanwhile is what it rejects with. */
  edit(change: (doc: Y.Doc) => void): Promise<void> {
    try {
      const update = this.captured(change, false);
      // It changes nothing, or goes with what the application has under way.
      if (update === NOTHING) return Promise.resolve();
      const promise = new Promise<void>((resolve, reject) => this.#queue.push({ update, resolve, reject }));
      promise.catch(() => {});
      this.#flush();
      return promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** What an edit comes to, done to the document; for a transaction what stands before it is sent. */
  captured(change: (doc: Y.Doc) => void, alone = true): Uint8Array {
    const doc = this.doc.get();
    const waiting = this.#queue.length;
    const updates: Uint8Array[] = (this.#captured = []);
    try {
      doc.transact(() => change(doc));
    } finally {
      this.#captured = undefined;
    }
    if (alone && waiting > 0) this.#bringAll();
    const update = updates.length === 0 ? NOTHING : Y.mergeUpdates(updates);
    if (alone) this.#sent.add(toBase64(update));
    return update;
  }

  #bringAll(): void {
    while (this.#queue.length > 0) void this.#bring(this.#take());
  }

  end(): void {
    if (this.#ended) return;
    this.#bringAll();
    this.#ended = true;
    this.#stop();
  }
}

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
