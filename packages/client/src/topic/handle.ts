// Handles of topics: a value that is watched, and the changes that its kind knows.

import { clean, invalid, type KithError } from "../error.js";
import type { Json, JsonObject, Numeric } from "../json.js";
import type { Anchor, Asked, Change, Condition, ElementId, Event, Kind, Path, Rules, Spot, Topic as Info, TopicId } from "../protocol.js";
import type { Store } from "../store.js";
import type { Followed } from "../topics.js";
import { difference } from "./splice.js";
import { plain, type Element } from "./value.js";

/** Where changes go: to the server, or into a transaction. */
export type Sink<R> = (asked: Asked) => R;

/**
 * A topic that is followed. `V` is its value. Its changes are shown at once and return what `R` is:
 * of a handle a promise, which resolves when the change is durable and rejects with a `KithError`
 * when it was refused, and no longer shown; in a transaction nothing.
 */
export abstract class Topic<V, R> implements Store<V> {
  readonly #followed: Followed;
  readonly #sink: Sink<R>;
  #held = true;

  constructor(followed: Followed, sink: Sink<R>) {
    this.#followed = followed;
    this.#sink = sink;
  }

  /** Its id. */
  get id(): TopicId {
    return this.#followed.id;
  }

  /** What it is: its name, its circle, its rules. */
  get info(): Store<Info> {
    return this.#followed.info;
  }

  /** Whether changes of this client are on their way to it. */
  get pending(): Store<boolean> {
    return this.#followed.pending;
  }

  /** Calls `run` with each event of it as the server tells it, own ones too: who did what, and when. */
  onEvent(run: (event: Event) => void): () => void {
    return this.#followed.events.add(run);
  }

  /** Why it is followed no longer, if that is so. Its value stays as it was. */
  get end(): KithError | undefined {
    return this.#followed.end;
  }

  /** Calls `run` when it may not be read any longer, or was removed. */
  onEnd(run: (error: KithError) => void): () => void {
    return this.#followed.ended.add(run);
  }

  /** The value as it is shown: what the server has, and this client's changes on top. Not to be changed. */
  get(): V {
    return this.#followed.value.get().held as V;
  }

  /** Calls `run` with the value now, and whenever it changes. */
  subscribe(run: (value: V) => void): () => void {
    return this.#followed.value.subscribe((value) => run(value.held as V));
  }

  /** That nothing happened to it since: for `when` of a transaction. Own changes that are on their way count. */
  unchanged(): Condition {
    return { topic: this.id, seq: this.#followed.topics.seq(this.id) };
  }

  /** That it has this value, or the one that is shown: for `when` of a transaction. */
  equals(value?: unknown): Condition {
    const now = value === undefined ? plain(this.#followed.value.get()) : clean(value);
    return { topic: this.id, value: now };
  }

  /** Follows it no longer. Changes that are on their way still reach the server. */
  close(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#followed.topics.release(this.#followed);
  }

  /** The same topic with changes that go elsewhere. */
  abstract bind<B>(sink: Sink<B>): Topic<V, B>;

  protected get followed(): Followed {
    return this.#followed;
  }

  protected change(change: Change): R {
    return this.#sink({ topic: this.id, change });
  }
}

/** A place in JSON, or the key of an entry. */
export type Where = string | Path;

export function pathOf(where: Where): Path {
  const path = typeof where === "string" ? [where] : where;
  for (const step of path) {
    if (typeof step === "number" && !(Number.isInteger(step) && step >= 0 && step < 2 ** 32)) {
      throw invalid("a place in an array is a whole number from 0");
    }
  }
  return path.map((step) => (typeof step === "number" ? zeroed(step) : step));
}

/** A whole number as the server takes it: -0 would be written as the float that it is. */
const zeroed = (whole: number) => whole + 0;

/** True or false. */
export class BoolTopic<R = Promise<void>> extends Topic<boolean, R> {
  override bind<B>(sink: Sink<B>): BoolTopic<B> {
    return new BoolTopic(this.followed, sink);
  }

  set(value: boolean): R {
    return this.change({ set: { value } });
  }

  /** Sets it to what it is not. */
  toggle(): R {
    return this.set(!this.get());
  }
}

/**
 * A whole number of 64 bits: a `number` while it is safe (up to 2^53 − 1), and a `bigint` beyond.
 */
export class IntTopic<T extends Numeric = Numeric, R = Promise<void>> extends Topic<T, R> {
  override bind<B>(sink: Sink<B>): IntTopic<T, B> {
    return new IntTopic<T, B>(this.followed, sink);
  }

  set(value: Numeric): R {
    return this.change({ set: { value: clean(value) } });
  }

  /** Adds to whatever it is by then; never refused for being late. */
  add(by: Numeric): R {
    return this.change({ add: { by: clean(by) as Numeric } });
  }
}

/** A finite number. */
export class FloatTopic<R = Promise<void>> extends Topic<number, R> {
  override bind<B>(sink: Sink<B>): FloatTopic<B> {
    return new FloatTopic(this.followed, sink);
  }

  set(value: number): R {
    return this.change({ set: { value: clean(value) } });
  }

  /** Adds to whatever it is by then. */
  add(by: number): R {
    return this.change({ add: { by: clean(by) as number } });
  }
}

/** A text that several can write in at a time. Places are those of JavaScript's strings. */
export class StringTopic<R = Promise<void>> extends Topic<string, R> {
  override bind<B>(sink: Sink<B>): StringTopic<B> {
    return new StringTopic(this.followed, sink);
  }

  set(value: string): R {
    return this.change({ set: { value: clean(value) } });
  }

  /** Takes out `taken` code units at `at`, and puts `insert` there. */
  splice(at: number, taken: number, insert = ""): R {
    if (!isCount(at) || !isCount(taken)) throw invalid("a place in a text is a whole number from 0");
    const text = clean(insert) as string;
    return this.change({ splice: { at: zeroed(at), delete: zeroed(taken), insert: text } });
  }

  /** Puts a text in at a place, at the end unless told otherwise. */
  insert(text: string, at = this.get().length): R {
    return this.splice(at, 0, text);
  }

  /**
   * Makes of it what an editor shows: the part that differs from the value is replaced, so that
   * others go on in the rest.
   */
  edit(to: string): R {
    const { at, delete: taken, insert } = difference(this.get(), to);
    return this.splice(at, taken.length, insert);
  }
}

const isCount = (count: number) => Number.isInteger(count) && count >= 0 && count < 2 ** 32;

/** Different values without order. */
export class SetTopic<T = Json, R = Promise<void>> extends Topic<readonly T[], R> {
  override bind<B>(sink: Sink<B>): SetTopic<T, B> {
    return new SetTopic<T, B>(this.followed, sink);
  }

  set(items: readonly T[]): R {
    return this.change({ set: { value: clean(items) } });
  }

  /** Puts an item in; refused with `topic.item_there` where one is that is the same. */
  append(item: T): R {
    return this.change({ append: { item: clean(item) } });
  }

  /** Takes the item out that is the same. */
  remove(item: T): R {
    return this.change({ remove: { item: clean(item) } });
  }
}

/** An element of a list: by its place, from the end where it is below 0, or by its name. */
export type ElementSpot = number | ElementId;
/** A place between the elements of a list. */
export type ListAnchor = number | Exclude<Anchor, { path: Path }>;

function spotOf(spot: ElementSpot): Spot {
  return typeof spot === "number" ? { at: whole(spot) } : { element: spot };
}

function anchorOf(anchor: ListAnchor): Anchor {
  return typeof anchor === "number" ? { at: whole(anchor) } : anchor;
}

function whole(place: number): number {
  if (!Number.isSafeInteger(place)) throw invalid("a place in a list is a whole number");
  return zeroed(place);
}

const NAME_BYTES = 12;

/** A name for an element of a list that nobody else gives. */
export function newElement(): ElementId {
  const bytes = crypto.getRandomValues(new Uint8Array(NAME_BYTES));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Values in order, each with a name that stays with it. */
export class ListTopic<T = Json, R = Promise<void>> extends Topic<readonly Element<T>[], R> {
  override bind<B>(sink: Sink<B>): ListTopic<T, B> {
    return new ListTopic<T, B>(this.followed, sink);
  }

  /** Replaces all of it. The elements get new names. */
  set(values: readonly T[]): R {
    return this.change({ set: { value: clean(values) } });
  }

  /** The values without the names of elements. */
  values(): T[] {
    return this.get().map((one) => one.value);
  }

  /** Puts a value in, at the end unless told otherwise, under a new name unless one is given. */
  insert(value: T, to?: ListAnchor, element: ElementId = newElement()): R {
    const place = to === undefined ? {} : { to: anchorOf(to) };
    return this.change({ insert: { value: clean(value), element, ...place } });
  }

  /** Takes an element out: the one that is there now, wherever it will be by then. */
  remove(spot: ElementSpot): R {
    return this.change({ remove: spotOf(spot) });
  }

  /** Puts an element elsewhere, to a place that is counted without it. */
  move(from: ElementSpot, to: ListAnchor): R {
    return this.change({ move: { from: spotOf(from), to: anchorOf(to) } });
  }

  /** Puts another value in the place of an element. */
  replace(spot: ElementSpot, value: T): R {
    return this.change({ replace: { spot: spotOf(spot), value: clean(value) } });
  }
}

/** Values by key. */
export class MapTopic<T = Json, R = Promise<void>> extends Topic<{ readonly [key: string]: T }, R> {
  override bind<B>(sink: Sink<B>): MapTopic<T, B> {
    return new MapTopic<T, B>(this.followed, sink);
  }

  set(entries: { readonly [key: string]: T }): R {
    return this.change({ set: { value: clean(entries) } });
  }

  /** Sets an entry; or, by a path, something inside of one. */
  put(key: string, value: T): R;
  put(path: Path, value: unknown): R;
  put(where: Where, value: unknown): R {
    return this.change({ put: { path: pathOf(where), value: clean(value) } });
  }

  /** Takes out an entry, or something inside of one. */
  remove(where: Where): R {
    return this.change({ remove: { path: pathOf(where) } });
  }

  /** Gives an entry another key, which is not taken. */
  rename(where: Where, key: string): R {
    return this.change({ rename: { path: pathOf(where), key: clean(key) as string } });
  }
}

/** Any JSON, changed in its parts. */
export class JsonTopic<T = Json, R = Promise<void>> extends Topic<T, R> {
  override bind<B>(sink: Sink<B>): JsonTopic<T, B> {
    return new JsonTopic<T, B>(this.followed, sink);
  }

  set(value: T): R {
    return this.change({ set: { value: clean(value) } });
  }

  /** Sets an entry or an item; the place after the last item of an array is there to be put to. */
  put(path: Path, value: unknown): R {
    return this.change({ put: { path: pathOf(path), value: clean(value) } });
  }

  /** Puts a value between the items of an array. */
  insert(path: Path, value: unknown): R {
    return this.change({ insert: { value: clean(value), to: { path: pathOf(path) } } });
  }

  /** Takes out an entry or an item. */
  remove(path: Path): R {
    return this.change({ remove: { path: pathOf(path) } });
  }

  /** Gives an entry another key, which is not taken. */
  rename(path: Path, key: string): R {
    return this.change({ rename: { path: pathOf(path), key: clean(key) as string } });
  }
}

/** Something that happens and leaves no value. */
export class EventTopic<T = JsonObject, R = Promise<void>> extends Topic<null, R> {
  override bind<B>(sink: Sink<B>): EventTopic<T, B> {
    return new EventTopic<T, B>(this.followed, sink);
  }

  /** Tells those who follow it, this client among them. */
  emit(args: T): R {
    return this.change({ emit: { args: clean(args) as JsonObject } });
  }

  /** Calls `run` whenever it happens. */
  on(run: (args: T, event: Event) => void): () => void {
    return this.followed.emitted.add((args, event) => run(args as T, event));
  }
}

/** A kind of topic, with what a topic that is made of it begins with. */
export interface TopicKind<H> {
  readonly holds: Kind;
  /** Of a `json`: it is one with a Yjs document behind it. */
  readonly yjs?: true;
  /** The first value, where it is made; that of a list without the names of elements. */
  readonly value?: Json;
  /** Its rules, where it is made. */
  readonly rules?: Rules;
  /** Makes a handle. */
  readonly make: (followed: Followed, sink: Sink<Promise<void>>) => H;
}

export type AnyKind = TopicKind<unknown>;
/** The handle of a topic of a kind. */
export type HandleOf<K> = K extends TopicKind<infer H> ? H : never;

function kind<H>(holds: Kind, make: TopicKind<H>["make"], value: unknown, rules?: Rules): TopicKind<H> {
  return {
    holds,
    make,
    ...(value === undefined ? {} : { value: clean(value) }),
    ...(rules === undefined ? {} : { rules }),
  };
}

/** True or false; `value` and `rules` are those that it is made with. */
export const bool = (value?: boolean, rules?: Rules): TopicKind<BoolTopic> =>
  kind("bool", (followed, sink) => new BoolTopic(followed, sink), value, rules);
/**
 * A whole number. Its type is `number | bigint`, for it may outgrow a `number`; where it never does,
 * say `int<number>()`.
 */
export const int = <T extends Numeric = Numeric>(value?: NoInfer<T>, rules?: Rules): TopicKind<IntTopic<T>> =>
  kind("int", (followed, sink) => new IntTopic<T>(followed, sink), value, rules);
/** A finite number. */
export const float = (value?: number, rules?: Rules): TopicKind<FloatTopic> =>
  kind("float", (followed, sink) => new FloatTopic(followed, sink), value, rules);
/** A text. */
export const string = (value?: string, rules?: Rules): TopicKind<StringTopic> =>
  kind("string", (followed, sink) => new StringTopic(followed, sink), value, rules);
/** Different values. */
export const set = <T = Json>(value?: readonly T[], rules?: Rules): TopicKind<SetTopic<T>> =>
  kind("set", (followed, sink) => new SetTopic<T>(followed, sink), value, rules);
/** Values in order. */
export const list = <T = Json>(value?: readonly T[], rules?: Rules): TopicKind<ListTopic<T>> =>
  kind("list", (followed, sink) => new ListTopic<T>(followed, sink), value, rules);
/** Values by key. */
export const map = <T = Json>(value?: { readonly [key: string]: T }, rules?: Rules): TopicKind<MapTopic<T>> =>
  kind("map", (followed, sink) => new MapTopic<T>(followed, sink), value, rules);
/** Any JSON. */
export const json = <T = Json>(value?: T, rules?: Rules): TopicKind<JsonTopic<T>> =>
  kind("json", (followed, sink) => new JsonTopic<T>(followed, sink), value, rules);
/** Something that happens. */
export const event = <T = JsonObject>(): TopicKind<EventTopic<T>> =>
  kind("event", (followed, sink) => new EventTopic<T>(followed, sink), undefined);
