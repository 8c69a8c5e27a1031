// Topics as Yjs documents: edited at once, merged with what others write. The package `yjs` is the
// application's own; without it nothing of this can be imported.

import type * as Y from "yjs";
import { clean, refusal } from "./error.js";
import type { Json, JsonObject } from "./json.js";
import type { Change, Path, Rules } from "./protocol.js";
import type { Store } from "./store.js";
import { pathOf, Topic, type Sink, type TopicKind } from "./topic/handle.js";
import { isPlace } from "./topic/splice.js";
import type { Followed } from "./topics.js";
import { Editor, toBase64, type View } from "./yjs/editor.js";
import { change, read, ROOT as JSON_ROOT } from "./yjs/json.js";

/** The shared text of a document that those read and write who speak no Yjs. */
const ROOT = "text";

/** A shared text as the value of a topic. */
const TEXT: View<string> = {
  read: (doc) => doc.getText(ROOT).toString(),
  observe: (doc, run) => doc.getText(ROOT).observe(run),
};

/** A shared map as the value of a topic. */
const JSON_VALUE: View<JsonObject> = {
  read: (doc) => read(doc),
  observe: (doc, run) => doc.getMap(JSON_ROOT).observeDeep(run),
};

/** A topic with a Yjs document behind it. `V` is the part of it that is the topic's value. */
abstract class Document<V, R> extends Topic<V, R> {
  readonly #editor: Editor<V>;
  readonly #put: ((update: Uint8Array) => R) | undefined;

  /** @internal */
  constructor(followed: Followed, sink: Sink<R>, editor: Editor<V>, put?: (update: Uint8Array) => R) {
    super(followed, sink);
    this.#editor = editor;
    this.#put = put;
  }

  /**
   * The document, to be given to the binding of an editor. What is done to it goes to the server; it
   * is another one after the server refused something, for nothing can be taken out of a document.
   */
  get doc(): Store<Y.Doc> {
    return this.#editor.doc;
  }

  override get(): V {
    return this.#editor.value.get();
  }

  override subscribe(run: (value: V) => void): () => void {
    return this.#editor.value.subscribe(run);
  }

  /** Follows it no longer. What was edited still reaches the server; the document stays as it is. */
  override close(): void {
    // One within a transaction is of a handle that goes on.
    if (this.#put !== undefined) return;
    this.#editor.end();
    super.close();
  }

  /** Edits the document at once; within a transaction the edit is part of it. */
  protected edit(change: (doc: Y.Doc) => void): R {
    if (this.#put !== undefined) return this.#put(this.#editor.captured(change));
    return this.#editor.edit(change) as R;
  }

  /** What makes a handle for a transaction: its editor, and where its edits go. */
  protected bound<B>(sink: Sink<B>): [Editor<V>, (update: Uint8Array) => B] {
    const asked = (update: Uint8Array) => ({ topic: this.id, change: { update: { updates: [toBase64(update)] } } });
    return [this.#editor, (update) => sink(asked(update))];
  }
}

/** A text that many write in, offline too. Its value is the document's text named `text`. */
export class TextTopic<R = Promise<void>> extends Document<string, R> {
  override bind<B>(sink: Sink<B>): TextTopic<B> {
    return new TextTopic(this.followed, sink, ...this.bound(sink));
  }

  /**
   * Takes out `taken` code units at `at`, and puts `insert` there. It is in the document at once; what
   * is returned resolves when it is durable.
   */
  splice(at: number, taken: number, insert = ""): R {
    return this.edit((doc) => {
      const text = doc.getText(ROOT);
      const now = text.toString();
      const isThere = Number.isInteger(at) && Number.isInteger(taken) && taken >= 0;
      if (!isThere || !isPlace(now, at) || !isPlace(now, at + taken)) throw refusal("topic.out_of_range", "text");
      text.delete(at, taken);
      text.insert(at, insert);
    });
  }
}

/**
 * JSON that many change at the same time, offline too: its value is the document's map named `json`.
 * It is changed like any JSON, or by an editor in `map`: what is put in is made of `Y.Map` and
 * `Y.Array`, so that others go on in its parts.
 */
export class JsonDocument<T = JsonObject, R = Promise<void>> extends Document<T, R> {
  override bind<B>(sink: Sink<B>): JsonDocument<T, B> {
    return new JsonDocument<T, B>(this.followed, sink, ...this.bound(sink));
  }

  /** The map in the document as it is now: see `doc`. */
  get map(): Y.Map<unknown> {
    return this.doc.get().getMap(JSON_ROOT);
  }

  /** Makes an object of all of it; entries that are so already stay as they are. */
  set(value: T): R {
    return this.#made({ set: { value: clean(value) } });
  }

  /** Sets an entry or an item; the place after the last item of an array is there to be put to. */
  put(path: Path, value: unknown): R {
    return this.#made({ put: { path: pathOf(path), value: clean(value) } });
  }

  /** Puts a value between the items of an array. */
  insert(path: Path, value: unknown): R {
    return this.#made({ insert: { value: clean(value), to: { path: pathOf(path) } } });
  }

  /** Takes out an entry or an item. */
  remove(path: Path): R {
    return this.#made({ remove: { path: pathOf(path) } });
  }

  /** Gives an entry another key, which is not taken. */
  rename(path: Path, key: string): R {
    return this.#made({ rename: { path: pathOf(path), key: clean(key) as string } });
  }

  #made(asked: Change): R {
    return this.edit((doc) => change(doc, asked));
  }
}

/** A text that many write in, as a Yjs document; `value` and `rules` are those that it is made with. */
export const text = (value?: string, rules?: Rules): TopicKind<TextTopic> => ({
  holds: "text",
  make: (followed, sink) => new TextTopic(followed, sink, new Editor(followed, sink, TEXT)),
  ...(value === undefined ? {} : { value }),
  ...(rules === undefined ? {} : { rules }),
});

/** JSON that many change, as a Yjs document; `value` and `rules` are those that it is made with. */
export const json = <T = JsonObject>(value?: T, rules?: Rules): TopicKind<JsonDocument<T>> => ({
  holds: "json",
  yjs: true,
  make: (followed, sink) => {
    const editor = new Editor(followed, sink, JSON_VALUE as unknown as View<T>);
    return new JsonDocument<T>(followed, sink, editor);
  },
  rules: { ...rules, yjs: true },
  ...(value === undefined ? {} : { value: clean(value) as Json }),
});
