// What is known of one circle: its topics, which of them are followed, who did what, and how much.

import { KithError, type Client, type FeedUpdate, type Json, type protocol } from "@kith/client";
import { writable, type Writable } from "svelte/store";
import { kindOf, type AnyTopic } from "../lib/topics.js";
import { Earlier } from "./earlier.js";
import { Feeds } from "./feeds.js";
import { Rates } from "./rates.js";
import { soon } from "../lib/soon.js";
import { Clock, Timeline } from "./timeline.js";
import { told } from "./told.js";

/** Up to so many topics all are followed; in larger circles those that are in view. */
export const FOLLOWED_MAX = 1000;
/** Topics that are asked for at a time. */
const PAGE = 200;
/** Feeds of which traffic is asked for at a time. */
const LOOKED_MAX = 200;
/** How often one looks at the traffic and the clock. */
const LOOK_MS = 2000;
/** How often topics are listed at most, while many are made. */
const LIST_MS = 1000;
/** Up to how long one waits for each member of the circle, so that not all ask at once. */
const SPREAD_MS = 2;
const SPREAD_MAX_MS = 30_000;
/** How often own steps are counted at most, while one does many. */
const COUNT_MS = 500;
/** Refusals that stay in sight. */
const NOTICES_MAX = 5;

/** Why a step can never be taken back or done again. */
const STAYS: ReadonlySet<string> = new Set(["topic.overwritten", "topic.stale", "topic.no_way_back"]);

/** What can be done with a step. */
export type Turn = "undo" | "redo";

/** Something that did not come about. */
export interface Notice {
  readonly id: number;
  readonly code: string;
  readonly text: string;
}

/** A topic as it is to be; `value` is what one that is made begins with. */
export interface WantedTopic {
  readonly name: string;
  readonly holds: protocol.Kind;
  readonly rules: protocol.Rules;
  readonly deny: NonNullable<protocol.Topic["deny"]>;
  readonly value?: Json;
}

export class CircleModel {
  /** In the order of their names; `undefined` before they are known. */
  readonly topics: Writable<readonly protocol.Topic[] | undefined> = writable(undefined);
  /** The topics that are followed. */
  readonly open: Writable<ReadonlyMap<protocol.TopicId, AnyTopic>> = writable(new Map());
  readonly undoable: Writable<{ undo: number; redo: number }> = writable({ undo: 0, redo: 0 });
  readonly names: Writable<ReadonlyMap<protocol.UserId, string>> = writable(new Map());
  readonly notices: Writable<readonly Notice[]> = writable([]);
  readonly services: Writable<readonly protocol.Card[]> = writable([]);
  /** Counts the looks at the traffic; what was seen is in `rates`. */
  readonly looks: Writable<number> = writable(0);
  /** Why the traffic is not told, where that is so. */
  readonly blind: Writable<string> = writable("");
  readonly timeline = new Timeline((run) => setTimeout(run, 50));
  readonly earlier = new Earlier((topic, before, limit) => this.pastOf(topic, before, limit));
  readonly rates = new Rates();
  readonly feeds: Feeds;

  readonly #clock = new Clock();
  readonly #counting = soon(() => this.countSteps(), COUNT_MS);
  readonly #relisting = soon(() => this.list(), LIST_MS);
  #spread: ReturnType<typeof setTimeout> | undefined;
  readonly #opening = new Set<protocol.TopicId>();
  readonly #asked = new Set<protocol.UserId>();
  #open = new Map<protocol.TopicId, AnyTopic>();
  #topics: readonly protocol.Topic[] = [];
  #byId = new Map<protocol.TopicId, protocol.Topic>();
  #view: ReadonlySet<protocol.TopicId> = new Set();
  #chosen: protocol.TopicId | undefined;
  #notice = 0;
  #ended = false;
  #listing = false;
  #turns = 0;
  readonly #stops: (() => void)[] = [];

  constructor(readonly client: Client, readonly window: protocol.CircleWindow) {
    this.feeds = new Feeds(client, window.circle.id);
    this.#stops.push(client.onRefused((error) => this.refused(error)));
    // Of a circle that is followed one is told how its services are offered.
    this.#stops.push(client.onOffered((card) => {
      if (card.circle === this.id) void this.listServices();
    }));
    this.#stops.push(client.follow({ feed: this.id }, (update) => this.#told(update)));
    const look = setInterval(() => void this.#look(), LOOK_MS);
    this.#stops.push(() => clearInterval(look), () => clearTimeout(this.#spread), this.#relisting.stop);
    void this.list().then(() => this.#look());
    void this.listServices();
    void this.countSteps();
  }

  /** What happens in the circle: where it may show or hide topics or streams, they are listed anew. */
  #told(update: FeedUpdate): void {
    if (update.kind === "snapshot" && update.reset === undefined) return;
    if (update.kind !== "event" && update.kind !== "snapshot") return;
    const { body } = update.kind === "event" ? update.event : { body: undefined };
    const is_other = body?.kind === "member_joined" || body?.kind === "member_left";
    if (is_other || this.#spread !== undefined) return;
    const most = Math.min(this.window.circle.members * SPREAD_MS, SPREAD_MAX_MS);
    this.#spread = setTimeout(() => {
      this.#spread = undefined;
      this.#relisting.run();
      this.feeds.list().catch((error: unknown) => this.refused(error));
    }, Math.random() * most);
  }

  get id(): protocol.CircleId {
    return this.window.circle.id;
  }

  /** Lets everything go. */
  end(): void {
    this.#ended = true;
    this.#counting.stop();
    for (const stop of this.#stops) stop();
    for (const topic of this.#open.values()) topic.close();
  }

  /** What a topic is called. */
  nameOf = (feed: protocol.FeedId): string => this.#byId.get(feed as protocol.TopicId)?.name ?? feed;

  /** Shows that something did not come about. */
  refused(error: unknown): void {
    if (this.#ended) return;
    this.#notice += 1;
    const code = error instanceof KithError ? error.code : "page.failed";
    const notice = { id: this.#notice, code, text: told(error) };
    this.notices.update((all) => [...all, notice].slice(-NOTICES_MAX));
  }

  dismiss(id: number): void {
    this.notices.update((all) => all.filter((notice) => notice.id !== id));
  }

  /** Waits for something and shows why it did not come about; whether it did. */
  async attempt(work: Promise<unknown>): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (error) {
      this.refused(error);
      return false;
    }
  }

  /** Asks which topics there are. */
  async list(): Promise<void> {
    if (this.#listing || this.#ended) return;
    this.#listing = true;
    try {
      const all: protocol.Topic[] = [];
      for (let more = true; more; ) {
        const after = all.at(-1)?.name;
        const page = await this.client.query({
          topics: { circle: this.id, limit: PAGE, ...(after === undefined ? {} : { after }) },
        });
        all.push(...page.topics);
        more = page.more && page.topics.length > 0;
      }
      if (this.#ended) return;
      const before = this.#topics;
      this.#topics = all;
      this.#byId = new Map(all.map((topic) => [topic.id, topic]));
      if (JSON.stringify(before) !== JSON.stringify(all) || all.length === 0) this.topics.set(all);
      this.#follow();
    } catch (error) {
      this.refused(error);
    } finally {
      this.#listing = false;
    }
  }

  /** What a topic holds, now or after one of its events. */
  told(topic: protocol.TopicId, seq?: protocol.Seq): Promise<protocol.TopicWindow> {
    return this.client.query({ topic: { topic, ...(seq === undefined ? {} : { seq }) } });
  }

  /** What happened to a topic before an event, or last, the newest first. */
  pastOf(topic: protocol.TopicId, before: protocol.Seq | undefined, limit: number): Promise<{ events: readonly protocol.Event[]; more: boolean }> {
    return this.client.query({ history: { topic, limit, ...(before === undefined ? {} : { before }) } });
  }

  /** Changes a topic; whether it came about. */
  change(topic: protocol.TopicId, change: protocol.Change): Promise<boolean> {
    return this.attempt(this.client.command({ change: { changes: [{ topic, change }] } }));
  }

  /** Takes back what one did last, or does it again, or forgets it; whether it is in the way, since it cannot be. */
  async turn(what: Turn, skip = false): Promise<boolean> {
    let inTheWay = false;
    const turned = what === "undo" ? this.client.undo(this.id, skip) : this.client.redo(this.id, skip);
    await this.attempt(turned.catch((error: unknown) => {
      inTheWay = error instanceof KithError && STAYS.has(error.code);
      throw error;
    }));
    await this.countSteps();
    return inTheWay;
  }

  /** Makes a topic, or changes the one that is given; which it is, or `undefined` where it did not come about. */
  async save(wanted: WantedTopic, before: protocol.Topic | undefined): Promise<protocol.TopicId | undefined> {
    let made: protocol.TopicId | undefined;
    if (!(await this.attempt(this.#save(wanted, before).then((topic) => (made = topic))))) return undefined;
    await this.list();
    return made;
  }

  async #save({ name, holds, rules, deny, value }: WantedTopic, before: protocol.Topic | undefined): Promise<protocol.TopicId> {
    if (before === undefined) {
      const first = value === undefined ? {} : { value };
      return (await this.client.command({ create_topic: { circle: this.id, name, holds, rules, deny, ...first } })).topic as protocol.TopicId;
    }
    await this.client.command({ change_topic: { topic: before.id, name, rules } });
    if (JSON.stringify(deny) !== JSON.stringify(before.deny ?? {})) await this.client.command({ narrow_topic: { topic: before.id, deny } });
    return before.id;
  }

  /** Removes a topic. */
  async remove(topic: protocol.TopicId): Promise<void> {
    if (await this.attempt(this.client.command({ remove_topic: { topic } }))) await this.list();
  }

  /** Asks which services there are. */
  async listServices(): Promise<void> {
    try {
      const { services } = await this.client.query({ services: { circle: this.id, limit: PAGE } });
      this.services.set(services);
    } catch (error) {
      this.refused(error);
    }
  }

  /** Asks how many steps can be taken back, and done again. */
  async countSteps(): Promise<void> {
    try {
      this.undoable.set(await this.client.query({ undoable: { circle: this.id } }));
    } catch (error) {
      this.refused(error);
    }
  }

  /** What is to be seen of the tree now, and which topic is looked at. */
  see(view: readonly protocol.TopicId[], chosen: protocol.TopicId | undefined): void {
    this.#view = new Set(view);
    this.#chosen = chosen;
    this.#follow();
  }

  /** Follows what is to be followed, and nothing else. */
  #follow(): void {
    const all = this.#topics.length <= FOLLOWED_MAX;
    const wanted = new Set(all ? this.#topics.map(({ id }) => id) : this.#view);
    if (this.#chosen !== undefined) wanted.add(this.#chosen);
    for (const [id, topic] of this.#open) {
      if (wanted.has(id)) continue;
      topic.close();
      this.#open.delete(id);
      this.#shown();
    }
    for (const id of wanted) {
      const topic = this.#byId.get(id);
      if (topic !== undefined && !this.#open.has(id) && !this.#opening.has(id)) void this.#begin(topic);
    }
  }

  async #begin(info: protocol.Topic): Promise<void> {
    const { id } = info;
    this.#opening.add(id);
    try {
      const topic = (await this.client.topic(id, kindOf(info))) as AnyTopic;
      if (this.#ended) {
        topic.close();
        return;
      }
      topic.onEvent((event) => this.#happened(event));
      topic.onEnd(() => {
        if (this.#open.get(id) !== topic) return;
        this.#open.delete(id);
        this.#shown();
        void this.list();
      });
      this.#open.set(id, topic);
      this.#shown();
    } catch {
      // It went, or may not be read any longer: the next list is without it.
    } finally {
      this.#opening.delete(id);
    }
  }

  #happened(event: protocol.Event): void {
    this.earlier.live(event);
    if (this.timeline.add(event, this.#clock.since(event.at, Date.now()))) {
      // What is earlier is what is before the first that is left.
      this.earlier.clear();
      for (const one of this.timeline.events()) this.earlier.live(one);
    }
    if (event.by !== undefined) this.know([event.by]);
    if (event.by === this.client.user.id) this.#counting.run();
  }

  #due = false;
  #shown(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.open.set(new Map(this.#open));
    });
  }

  /** Learns what users are called. */
  know(users: readonly protocol.UserId[]): void {
    const fresh = users.filter((user) => !this.#asked.has(user));
    if (fresh.length === 0) return;
    for (const user of fresh) this.#asked.add(user);
    void this.client.query({ users: { users: fresh.slice(0, PAGE) } }).then((found) => {
      this.names.update((names) => new Map([...names, ...found.map(({ id, name }) => [id, name] as const)]));
    }, () => {});
  }

  /** Looks at the clock, and at how much the feeds in view are followed. */
  async #look(): Promise<void> {
    if (this.#ended || this.client.connection.get().state !== "online") return;
    this.#turns += 1;
    try {
      const left = Date.now();
      const { now } = await this.client.query({ ping: {} });
      this.#clock.heard(left, Date.now(), now);
      await this.feeds.look();
      const feeds = [...new Set([...(this.#chosen === undefined ? [] : [this.#chosen]), ...this.#view])];
      const known = feeds.filter((feed) => this.#byId.has(feed)).slice(0, LOOKED_MAX);
      const told = await this.client.query({ traffic: { feeds: known } });
      this.rates.heard(told, performance.now());
      this.blind.set("");
      this.looks.set(this.#turns);
    } catch (error) {
      if (!(error instanceof KithError)) throw error;
      // One of them went meanwhile: the next look is without it.
      if (error.code === "topic.not_found") void this.list();
      else if (error.code !== "client.closed") this.blind.set(told(error));
    }
  }
}

