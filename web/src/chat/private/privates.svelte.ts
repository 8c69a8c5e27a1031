// The private sessions of this page: held in its memory alone, and over when it is closed. Keys of devices
// are what the browser keeps.

import { KithError, type protocol } from "@kith/client";
import { MemoryKeep, Private, type PrivateEvent, type Way } from "@kith/client/private";
import type { Site } from "../model/site.js";
import { DiskKeep, diskKeep, MEMORY_BYTES_MAX } from "./keep.js";
import { begun, fileOf, isOpen, told, withFile, withLine, type Talk } from "./talk.js";

type UserId = protocol.UserId;

/** What became of a file that was taken. */
export type Taken = { readonly blob: Blob } | { readonly kept: string };

/** The pause between two words that one writes. */
const TYPING_AGAIN_MS = 3000;

export interface Watcher {
  /** Whether the user looks at what there is with somebody. */
  looksAt(user: UserId): boolean;
  /** Something happened, after which there is this. */
  happened(talk: Talk, event: PrivateEvent): void;
}

export class Privates {
  /** What there is, by whom it is with. */
  talks: ReadonlyMap<UserId, Talk> = $state.raw(new Map());
  /** Whether there can be sessions; why not where the browser lacks what they need. */
  able: "starting" | "yes" | "refused" | "unsupported" = $state("starting");

  #sessions: Private | undefined;
  #starting: Promise<void> | undefined;
  /** Where files go that are on their way, by user and number. */
  readonly #keeps = new Map<string, MemoryKeep | DiskKeep>();
  readonly #taken = new Map<string, Taken>();
  readonly #stops: (() => void)[] = [];
  #typed_ms = 0;
  #ended = false;

  constructor(private readonly site: Site, private readonly watcher: Watcher) {
    this.#stops.push(site.connection.subscribe(({ state }) => void (state === "online" && this.#reach())));
    this.#stops.push(site.blocked.subscribe((blocked) => {
      for (const { user } of this.talks.values()) if (blocked.has(user)) this.#sessions?.block(user);
    }));
    const closing = () => {
      void this.#sessions?.close();
      this.#sessions = undefined;
    };
    // Whoever goes back to a page that the browser held goes on with it.
    const shown = ({ persisted }: PageTransitionEvent) => persisted && void this.#reach();
    const leaving = (event: BeforeUnloadEvent) => {
      if ([...this.talks.values()].some(({ stage }) => stage === "connecting" || stage === "connected")) event.preventDefault();
    };
    addEventListener("pagehide", closing);
    addEventListener("pageshow", shown);
    addEventListener("beforeunload", leaving);
    this.#stops.push(() => {
      removeEventListener("pagehide", closing);
      removeEventListener("pageshow", shown);
      removeEventListener("beforeunload", leaving);
    });
  }

  /** Ends everything. */
  end(): void {
    this.#ended = true;
    for (const stop of this.#stops) stop();
    void this.#sessions?.close();
    this.talks = new Map();
    this.#taken.clear();
  }

  /** Lets those whom one meets invite this page, unless they can. */
  async #reach(): Promise<void> {
    if (this.#sessions === undefined) await (this.#starting ??= this.#start().finally(() => (this.#starting = undefined)));
  }

  async #start(): Promise<void> {
    if (!(await isSupported())) {
      this.able = "unsupported";
      return;
    }
    try {
      const sessions = await Private.start(this.site.client, { server: location.origin });
      if (this.#ended) return void sessions.close();
      sessions.on((event) => this.#told(event));
      this.#sessions = sessions;
      this.able = "yes";
    } catch (error) {
      // What is no answer of the server is the browser's, which keeps no keys.
      this.able = error instanceof KithError ? "refused" : "unsupported";
    }
  }

  talk(user: UserId): Talk | undefined {
    return this.talks.get(user);
  }

  #put(talk: Talk): void {
    this.talks = new Map(this.talks).set(talk.user, talk);
  }

  #told(event: PrivateEvent): void {
    const user = userOf(event) ?? [...this.talks.values()].find(({ id }) => id === event.id)?.user;
    if (user === undefined) return;
    let talk = this.talks.get(user);
    if ("invited" in event) {
      talk = begun(talk, user, event.id, "invited");
      this.site.people.want([user]);
    } else if (talk?.id !== event.id) {
      // Of two invitations that cross, one ends; the other is what goes on.
      const waits = talk?.stage === "connecting" && talk.id === undefined;
      if ("accepted" in event) talk = begun(talk, user, event.id, "connecting");
      else if (talk === undefined || !waits || !("ended" in event)) return;
    }
    talk = told(talk, event, Date.now(), this.watcher.looksAt(user));
    if ("whole" in event && !event.whole.ours) this.#arrived(talk, event.whole.file);
    if ("dropped" in event && !event.dropped.ours) this.#keeps.delete(`${user} ${event.dropped.file}`);
    this.#put(talk);
    this.watcher.happened(talk, event);
  }

  /** Somebody was looked at. */
  saw(user: UserId): void {
    const talk = this.talks.get(user);
    if (talk !== undefined && talk.unread > 0) this.#put({ ...talk, unread: 0 });
  }

  #session(user: UserId): [Private, string, Talk] {
    const talk = this.talks.get(user);
    if (this.#sessions === undefined || talk?.id === undefined) {
      throw new KithError({ code: "private.unknown", message: "there is no such private session" });
    }
    return [this.#sessions, talk.id, talk];
  }

  /** Whether the server relays, so that no address needs to be shown. */
  async canRelay(): Promise<boolean> {
    return (await this.#sessions?.canRelay().catch(() => false)) ?? false;
  }

  /** Invites somebody; rejects where that cannot be. */
  async invite(user: UserId, way: Way): Promise<void> {
    if (this.#sessions === undefined) throw new KithError({ code: "private.unable", message: "private sessions cannot be begun here" });
    const before = this.talks.get(user);
    // They invited first: who wants the same accepts.
    if (before?.stage === "invited") return this.accept(user, way);
    if (isOpen(before)) return;
    this.#put(begun(before, user, undefined, "inviting"));
    try {
      const id = await this.#sessions.invite(user, way);
      const now = this.talks.get(user);
      // Theirs may have come meanwhile, and goes before.
      if (now?.stage === "inviting" && now.id === undefined) this.#put({ ...now, id });
    } catch (error) {
      const now = this.talks.get(user);
      // Or they did meanwhile.
      if (now?.stage === "invited") return this.accept(user, way);
      this.#restore(user, before);
      throw error;
    }
  }

  #restore(user: UserId, before: Talk | undefined): void {
    if (before !== undefined) return this.#put(before);
    const talks = new Map(this.talks);
    talks.delete(user);
    this.talks = talks;
  }

  async accept(user: UserId, way: Way): Promise<void> {
    const [sessions, id] = this.#session(user);
    await sessions.accept(id, way);
  }

  /** Refuses an invitation, takes one back, or ends a session. */
  stop(user: UserId): void {
    const [sessions, id] = this.#session(user);
    sessions.end(id);
  }

  /** Forgets what was said in a session that is over. */
  forget(user: UserId): void {
    if (isOpen(this.talks.get(user))) return;
    this.#restore(user, undefined);
    for (const key of [...this.#taken.keys()]) if (key.startsWith(`${user} `)) this.#taken.delete(key);
  }

  say(user: UserId, text: string): void {
    const [sessions, id, talk] = this.#session(user);
    sessions.message(id, text);
    this.#put(withLine(talk, { is: "said", mine: true, text }, Date.now()));
    this.#typed_ms = 0;
  }

  typing(user: UserId): void {
    const talk = this.talks.get(user);
    if (talk?.stage !== "connected" || talk.id === undefined || Date.now() - this.#typed_ms < TYPING_AGAIN_MS) return;
    this.#typed_ms = Date.now();
    this.#sessions?.typing(talk.id);
  }

  /** Offers a file. */
  give(user: UserId, blob: Blob, name: string): void {
    const [sessions, id, talk] = this.#session(user);
    const file = sessions.sendFile(id, blob, name);
    this.#put(withLine(talk, { is: "file", mine: true, file, name, size: blob.size, bytes: 0, stage: "offered", why: "" }, Date.now()));
  }

  /** Takes a file: into memory, until its taker says where it goes; a large one right where it goes. */
  async take(user: UserId, file: number): Promise<void> {
    const [, id, talk] = this.#session(user);
    const line = fileOf(talk, file, false);
    if (line === undefined) return;
    const keep: MemoryKeep | DiskKeep | undefined = line.size <= MEMORY_BYTES_MAX ? new MemoryKeep() : await diskKeep(line.name);
    const now = this.talks.get(user);
    if (keep === undefined || this.#sessions === undefined || now === undefined || now.id !== id) return;
    this.#sessions.takeFile(id, file, keep);
    this.#keeps.set(`${user} ${file}`, keep);
    this.#put(withFile(now, file, false, { stage: "going" }));
  }

  #arrived(talk: Talk, file: number): void {
    const key = `${talk.user} ${file}`;
    const keep = this.#keeps.get(key);
    this.#keeps.delete(key);
    const line = fileOf(talk, file, false);
    if (keep === undefined || line === undefined) return;
    this.#taken.set(`${talk.user} ${line.key}`, keep instanceof DiskKeep ? { kept: keep.name } : { blob: keep.blob ?? new Blob([]) });
  }

  /** What became of a file that was taken, by its line. */
  taken(user: UserId, key: number): Taken | undefined {
    return this.#taken.get(`${user} ${key}`);
  }

  /** Refuses a file, or takes one of one's own back. */
  refuse(user: UserId, file: number, mine: boolean): void {
    const [sessions, id, talk] = this.#session(user);
    if (mine) sessions.withdrawFile(id, file);
    else sessions.refuseFile(id, file);
    if (!mine) this.#keeps.delete(`${user} ${file}`);
    this.#put(withFile(talk, file, mine, { stage: "dropped" }));
  }

  /** The words were compared, and were the same. */
  async verify(user: UserId): Promise<void> {
    const [sessions, id] = this.#session(user);
    await sessions.verify(id);
    const talk = this.talks.get(user);
    if (talk?.id === id) this.#put(withLine({ ...talk, trust: "verified" }, { is: "word", happening: "verified" }, Date.now()));
  }

  /** Makes another connection: the network is another one. */
  reconnect(user: UserId): void {
    const [sessions, id] = this.#session(user);
    sessions.reconnect(id);
  }
}

function userOf(event: PrivateEvent): UserId | undefined {
  if ("invited" in event) return event.invited.user;
  if ("accepted" in event) return event.accepted.user;
  if ("agreed" in event) return event.agreed.user;
  return "ended" in event ? event.ended.user : undefined;
}

/** Whether this browser has what sessions need: connections, and keys that no script can read. */
async function isSupported(): Promise<boolean> {
  if (!("RTCPeerConnection" in globalThis) || !("indexedDB" in globalThis) || globalThis.crypto.subtle === undefined) return false;
  return crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]).then(() => true, () => false);
}
