// What the page showed last, kept by the browser: a page that is opened again begins with it, connected or
// not, and follows everything from there once there is a connection.

import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import { Shown } from "../../lib/store/shown.js";
import type { Keep } from "./outbox.js";
import type { Site } from "./site.js";
import type { StreamModel } from "./stream.js";

type StreamId = protocol.StreamId;

/** Under which name it is kept whose it is. */
const WHOSE = "kith.shown";
const SITE = "site";
/** Messages of a stream that are kept: the newest. */
const MESSAGES_MAX = 50;
/** Users whose names are kept. */
const USERS_MAX = 1000;
/** What is older is not shown any more. */
const AGE_MAX_MS = 30 * 24 * 3600 * 1000;
/** The pause before what changed is kept. */
const SAVE_MS = 1500;

/** What there was, without messages. */
export interface PastSite {
  readonly at_ms: number;
  readonly welcome: protocol.Welcome;
  readonly window: protocol.Window;
  readonly users: readonly protocol.User[];
  readonly blocked: readonly protocol.UserId[];
  /** The streams whose messages are kept. */
  readonly read: readonly StreamId[];
}

/** The newest messages of a stream, as of its event `head`. */
export interface PastStream {
  readonly head: protocol.Seq;
  readonly messages: readonly protocol.Message[];
}

/** What was shown last, with the messages of streams that were looked at. */
export interface Past extends PastSite {
  readonly streams: ReadonlyMap<StreamId, PastStream>;
}

/** What was shown last in this browser, if that is kept. */
export async function lastShown(storage: Keep, now_ms: number): Promise<Past | undefined> {
  const user = storage.getItem(WHOSE);
  if (user === null) return undefined;
  const all = await new Shown(user).all();
  const site = all.get(SITE) as PastSite | undefined;
  if (site === undefined || now_ms - site.at_ms > AGE_MAX_MS) return undefined;
  const streams = site.read.flatMap((id) => (all.has(id) ? [[id, all.get(id) as PastStream] as const] : []));
  return { ...site, streams: new Map(streams) };
}

/** Forgets what was shown, to whomever: for signing out. */
export async function forgetShown(storage: Keep): Promise<void> {
  storage.removeItem(WHOSE);
  await new Shown("").clear();
}

/** Keeps what a site shows, a little after it changed. */
export class Keeper {
  readonly #shown: Shown;
  readonly #followed = new Map<StreamModel, () => void>();
  readonly #stops: (() => void)[] = [];
  /** Streams whose messages changed since they were kept. */
  readonly #dirty = new Set<StreamModel>();
  readonly #read = new Set<StreamId>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(private readonly site: Site, private readonly storage: Keep, past?: Past) {
    this.#shown = new Shown(site.me);
    for (const id of past?.streams.keys() ?? []) this.#read.add(id);
    for (const store of [site.circles, site.conversations, site.people.users, site.blocked]) this.#stops.push(store.subscribe(() => this.#changed()));
  }

  /** Keeps everything now, in so far as the page still lets one. */
  flush(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#saving = this.#saving.then(() => this.#save());
  }

  /** Keeps nothing any more. Resolves when nothing is being kept. */
  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const stop of [...this.#stops, ...this.#followed.values()]) stop();
    this.#followed.clear();
    await this.#saving;
  }

  #changed(stream?: StreamModel): void {
    if (this.#ended) return;
    if (stream !== undefined) this.#dirty.add(stream);
    this.#timer ??= setTimeout(() => this.flush(), SAVE_MS);
  }

  /** Follows the streams that there are now. */
  #follow(): void {
    const all = new Set(this.site.all());
    for (const [stream, stop] of this.#followed) {
      if (all.has(stream)) continue;
      stop();
      this.#followed.delete(stream);
    }
    for (const stream of all) {
      if (this.#followed.has(stream)) continue;
      const stops = [stream.feed.messages.subscribe(() => this.#changed(stream)), stream.counts.subscribe(() => this.#changed())];
      this.#followed.set(stream, () => stops.forEach((stop) => stop()));
    }
  }

  async #save(): Promise<void> {
    this.#follow();
    // What is old already is not made younger by being shown.
    if (this.#ended || !get(this.site.ready) || get(this.site.shownAt) !== undefined) return;
    const there = new Set([...this.site.all()].map(({ id }) => id));
    const dirty = [...this.#dirty].filter(({ id }) => there.has(id));
    this.#dirty.clear();
    const now_ms = Date.now();
    for (const id of this.#read) {
      if (there.has(id)) continue;
      this.#read.delete(id);
      await this.#shown.delete(id);
    }
    for (const stream of dirty) {
      const past = pastOf(stream);
      if (past === undefined || this.#ended) continue;
      this.#read.add(stream.id);
      await this.#shown.set(stream.id, past, now_ms);
    }
    if (this.#ended) return;
    await this.#shown.set(SITE, this.#site(now_ms), now_ms + 1);
    this.storage.setItem(WHOSE, this.site.me);
  }

  #site(at_ms: number): PastSite {
    const { site } = this;
    const { token: _, device: __, ...welcome } = site.client.welcome;
    const windowOf = (stream: StreamModel): protocol.StreamWindow => ({ stream: stream.info, head: stream.feed.seq, ...get(stream.counts) });
    return {
      at_ms,
      welcome,
      window: {
        circles: get(site.circles).map(({ circle, member, seq, streams }) => ({ circle: get(circle), member: get(member), head: seq, streams: get(streams).map(windowOf) })),
        conversations: get(site.conversations).map(windowOf),
        site_admin: get(site.admin),
      },
      users: [...get(site.people.users).values()].slice(-USERS_MAX),
      blocked: [...get(site.blocked)],
      read: [...this.#read],
    };
  }
}

/** The newest messages of a stream that is, or was, looked at; `undefined` where they are not held. */
function pastOf(stream: StreamModel): PastStream | undefined {
  const { older, newer } = stream.feed.part.get();
  if (!stream.wasRead || newer) return undefined;
  const messages = stream.feed.messages.get().flatMap((line) => (line.state === "confirmed" ? [line.message] : []));
  if (messages.length === 0 && older) return undefined;
  return { head: stream.feed.seq, messages: messages.slice(-MESSAGES_MAX) };
}
