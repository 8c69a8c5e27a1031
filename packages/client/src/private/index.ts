// Private sessions in a browser: two devices connect directly, encrypted from end to end, and the server
// only introduces them. The same protocol as the terminal speaks, so that they can meet.

import type { Client } from "../client.js";
import { KithError } from "../error.js";
import type { UserId } from "../protocol.js";
import type { Json } from "../json.js";
import { ServiceFailure } from "../services.js";
import type { Keep } from "./file.js";
import { Agreement, bytes, commitment, HandshakeError, random, type Between, type Part } from "./handshake.js";
import { browserKeys, Keys, type KeyStore, type Trust } from "./keys.js";
import { certificate, type Setup } from "./link.js";
import { Session, type Description, type Said } from "./session.js";
import { canRelay, DEVICES_MAX, SERVICE, STEP_MS, VERSION, Wire, type Address } from "./wire.js";
import type { Word } from "./words.js";

export { MemoryKeep, safeName } from "./file.js";
export type { Keep } from "./file.js";
export { browserKeys, memoryKeys } from "./keys.js";
export type { KeyStore, Trust } from "./keys.js";
export type { Said } from "./session.js";
export { words } from "./words.js";
export type { Word } from "./words.js";

const RING_MS = 60_000;
const GRACE_MS = 5_000;
const SESSIONS_MAX = 16;
const RINGING_MAX = 8;
const INVITES_MAX = 6;
const COUNTED_MAX = 256;

/** Whether our addresses may be shown to the other side. */
export type Way = "relayed" | "direct";

/** Why a session is over. */
export type End = "refused" | "busy" | "unreachable" | "timed_out" | "answered" | "crossed" | "ended" | "replaced" | "lost" | "failed" | "no_way";

/** What happened, with the session that it is about. */
export type PrivateEvent = { id: string } & (
  | { invited: { user: UserId } }
  | { ringing: { devices: number } }
  | { accepted: { user: UserId } }
  /** The devices agreed on who they are: until the words were compared, show that nobody did. */
  | { agreed: { user: UserId; words: Word[]; trust: Trust } }
  | { ended: { user: UserId; why: End } }
  | Said
);

/** What private sessions are begun with. */
export interface PrivateOptions {
  /** What the server is called among the keys: its address. */
  server: string;
  /** Where keys are kept; in the browser unless set. */
  keys?: KeyStore;
}

interface Mine {
  part: Part;
  setup: Setup;
}

interface Entry {
  user: UserId;
  phase: "calling" | "ringing" | "joined";
  mine?: Mine;
  /** Of a call: the devices that are invited. */
  invited: Address[];
  rang: number;
  peer?: Address;
  commitment?: string;
  timer?: ReturnType<typeof setTimeout>;
  session?: Session;
  agreement?: Agreement;
  /** Waits for what the other device shows. */
  revealed?: (reveal: { part: Part; proof: string }) => Promise<Json>;
}

const codes: Record<string, End> = {
  "private.malformed": "failed",
  "private.failed": "failed",
  "private.unknown": "ended",
  "private.busy": "busy",
  "private.too_fast": "busy",
  "private.answered": "answered",
  "private.crossed": "crossed",
};
const told: readonly End[] = ["refused", "timed_out", "answered", "crossed", "replaced", "lost", "failed", "ended", "no_way"];
const same = (one: Address, other: Address) => one.user === other.user && one.name === other.name;
const decline = (code: string, message: string) => new ServiceFailure(`private.${code}`, message);
const unknown = () => decline("unknown", "there is no such session with you");
const problem = (code: string, message: string) => new KithError({ code, message });

/** What an error of a call says of the session: nothing where nobody answered. */
function endOf(error: unknown): End | undefined {
  if (error instanceof HandshakeError) return "failed";
  return codes[(error as { failure?: { code?: string } }).failure?.code ?? ""];
}

/** The private sessions of one client. */
export class Private {
  readonly #entries = new Map<string, Entry>();
  readonly #counted = new Map<string, number[]>();
  readonly #listeners = new Set<(event: PrivateEvent) => void>();
  readonly #wire: Wire;

  private constructor(
    client: Client,
    private readonly me: UserId,
    private readonly keys: Keys,
  ) {
    this.#wire = new Wire(client, (user, args) => this.#heard(user, args));
  }

  /** Begins to hear invitations of whoever the user meets, in a circle or in a conversation. */
  static async start(client: Client, { server, keys = browserKeys() }: PrivateOptions): Promise<Private> {
    const user = client.user;
    if (user === undefined) throw problem("client.not_connected", "not connected");
    const known = await Keys.open(keys, server);
    const made = new Private(client, user.id, known);
    await made.#wire.open();
    return made;
  }

  /** Whether the server relays, so that no address needs to be shown. */
  async canRelay(): Promise<boolean> {
    return canRelay(await this.#wire.relays());
  }

  /** Calls `run` for whatever happens. */
  on(run: (event: PrivateEvent) => void): () => void {
    this.#listeners.add(run);
    return () => void this.#listeners.delete(run);
  }

  #tell(event: PrivateEvent): void {
    for (const run of this.#listeners) run(event);
  }

  // What the user does.

  /** Invites a user. What becomes of it is told. */
  async invite(user: UserId, way: Way): Promise<string> {
    if (user === this.me) throw problem("private.oneself", "this is you");
    const mine = await this.#mine(way);
    if ([...this.#entries.values()].some((entry) => entry.user === user)) {
      throw problem("private.open", "there is a private session or an invitation with this user");
    }
    if (this.#entries.size >= SESSIONS_MAX) throw problem("private.too_many", "there are too many private sessions");
    const id = random(16);
    const entry: Entry = { user, phase: "calling", mine, invited: [], rang: 0 };
    entry.timer = setTimeout(() => this.#leave(id, "timed_out"), RING_MS);
    this.#entries.set(id, entry);
    entry.commitment = await commitment({ id, inviting: this.me, invited: user }, mine.part);
    void this.#wire.reach(user).then((found) => {
      if (this.#entries.get(id) !== entry || entry.phase !== "calling") return;
      for (const to of found) this.#ring(id, entry, to);
      if (entry.invited.length === 0) this.#finish(id, "unreachable");
    });
    return id;
  }

  /** Accepts an invitation. Another session with the same user ends. */
  async accept(id: string, way: Way): Promise<void> {
    const mine = await this.#mine(way);
    const entry = this.#entries.get(id);
    if (entry?.phase !== "ringing") throw problem("private.unknown", "there is no such invitation");
    for (const [other, { user }] of [...this.#entries]) if (other !== id && user === entry.user) this.#leave(other, "replaced");
    this.#join(id, entry, mine);
  }

  /** Refuses an invitation, takes one back, or ends a session. */
  end(id: string): void {
    this.#leave(id, "ended");
  }

  /** Ends whatever there is with a user: we block them now. */
  block(user: UserId): void {
    for (const [id, entry] of [...this.#entries]) if (entry.user === user) this.#leave(id, "ended");
  }

  /** Ends everything, and hears no more invitations. */
  async close(): Promise<void> {
    const words = [...this.#entries.keys()].map((id) => this.#leave(id, "ended"));
    await Promise.allSettled([...words, this.#wire.close()]);
  }

  #session(id: string): Session {
    const session = this.#entries.get(id)?.session;
    if (session === undefined) throw problem("private.unknown", "there is no such private session");
    return session;
  }

  /** Says something to the other side. While there is no connection it waits. */
  message(id: string, text: string): void {
    this.#session(id).message(text);
  }

  typing(id: string): void {
    this.#session(id).typing();
  }

  /** Offers a file, and says its number. */
  sendFile(id: string, file: Blob, name: string): number {
    return this.#session(id).sendFile(file, name);
  }

  /** Takes a file of the other side. */
  takeFile(id: string, file: number, keep: Keep): void {
    this.#session(id).takeFile(file, keep);
  }

  /** Takes a file no longer; where there is none of this number, takes one of ours back. */
  refuseFile(id: string, file: number): void {
    this.#session(id).refuseFile(file);
  }

  /** Takes one of our files back, also where one of theirs has the same number. */
  withdrawFile(id: string, file: number): void {
    this.#session(id).withdrawFile(file);
  }

  /** Gives the connection up and makes another: the network is another one. */
  reconnect(id: string): void {
    this.#session(id).reconnect();
  }

  /** Two people compared the words, and they were the same. */
  async verify(id: string): Promise<void> {
    this.#session(id);
    const { user, agreement } = this.#entries.get(id)!;
    await this.keys.remember(user, agreement!.theirs.key, true);
  }

  // The server.

  async #mine(way: Way): Promise<Mine> {
    const iceServers = await this.#wire.relays();
    if (way === "relayed" && !canRelay(iceServers)) {
      throw problem("private.no_way", "there is no relay: connecting directly shows your address to the other side");
    }
    const [made, fingerprint] = await certificate();
    const part = { key: this.keys.identity.key, fingerprint, nonce: random(32) };
    return { part, setup: { certificate: made, iceServers, direct: way === "direct" } };
  }

  #ring(id: string, entry: Entry, to: Address): void {
    if (entry.invited.length >= DEVICES_MAX || entry.invited.some((one) => same(one, to))) return;
    entry.invited.push(to);
    const isCalling = () => this.#entries.get(id) === entry && entry.phase === "calling";
    this.#wire.call(to, id, { invite: { commitment: entry.commitment! } }).then(
      () => {
        if (isCalling()) this.#tell({ id, ringing: { devices: ++entry.rang } });
      },
      (error: unknown) => {
        const why = endOf(error);
        // Its own invitation comes, and counts as the answer.
        if (!isCalling() || why === "crossed") return;
        entry.invited = entry.invited.filter((one) => !same(one, to));
        if (entry.invited.length === 0) this.#finish(id, why ?? "unreachable");
      },
    );
  }

  /** Ends an entry and tells the other side. */
  async #leave(id: string, why: End): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const word = entry.phase === "ringing" && why === "ended" ? "refused" : why;
    const others = entry.phase === "calling" ? entry.invited : [entry.peer!];
    this.#finish(id, why);
    await Promise.allSettled(others.map((to) => this.#wire.call(to, id, { end: { why: word } })));
  }

  /** Ends an entry without telling the other side. */
  #finish(id: string, why: End): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    clearTimeout(entry.timer);
    entry.session?.stop();
    this.#tell({ id, ended: { user: entry.user, why } });
  }

  #tellOthers(id: string, entry: Entry, but: Address): void {
    const others = entry.invited.filter((one) => !same(one, but));
    entry.invited = [];
    for (const to of others) this.#wire.call(to, id, { end: { why: "answered" } }).catch(() => {});
  }

  // What other devices say.

  async #heard(user: UserId, args: Json): Promise<Json> {
    const { v, id, from: name, say } = (args ?? {}) as { v?: Json; id?: Json; from?: Json; say?: Record<string, Json> };
    const [kind] = Object.keys(say ?? {});
    if (v !== VERSION || typeof id !== "string" || !/^[0-9a-f]{32}$/.test(id) || typeof name !== "string" || !name.startsWith(SERVICE) || kind === undefined) {
      throw decline("malformed", "this is not how private sessions speak");
    }
    const from = { user, name };
    const fields = say![kind] as Record<string, Json>;
    if (user === this.me) throw unknown();
    if (kind === "invite") return this.#invited(from, id, fields);
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.user !== user) throw unknown();
    const isPeer = entry.peer !== undefined && same(entry.peer, from);
    if (kind === "accept") {
      if (entry.phase === "joined" && !isPeer) throw decline("answered", "another device answered");
      if (entry.phase !== "calling" || !entry.invited.some((one) => same(one, from))) throw unknown();
      this.#tellOthers(id, entry, from);
      this.#accepted(id, entry, from);
      void this.#reveal(id, entry, fields as unknown as Part);
      return {};
    }
    if (kind === "end") {
      if (entry.phase === "calling" && entry.invited.some((one) => same(one, from))) {
        this.#tellOthers(id, entry, from);
        this.#finish(id, fields["why"] === "crossed" ? "crossed" : "refused");
      } else if (isPeer) {
        this.#finish(id, told.find((why) => why === fields["why"]) ?? "ended");
      } else throw unknown();
      return {};
    }
    if (entry.phase !== "joined" || !isPeer) throw unknown();
    if (kind === "reveal" && entry.revealed !== undefined) return entry.revealed(fields as unknown as { part: Part; proof: string });
    if (kind === "offer" && entry.session !== undefined) {
      const answer = await entry.session.answer(fields as unknown as Description);
      if (answer === undefined) throw unknown();
      return { ...answer };
    }
    if (kind === "again" && entry.session !== undefined && entry.agreement?.role === "inviting") {
      entry.session.again();
      return {};
    }
    throw unknown();
  }

  #invited(from: Address, id: string, fields: Record<string, Json>): Json {
    const committed = fields["commitment"];
    try {
      bytes(committed, 32);
    } catch {
      throw decline("malformed", "this is not how private sessions speak");
    }
    if (this.#entries.has(id)) throw unknown();
    this.#count(from.user);
    const { user } = from;
    const crossing = [...this.#entries].find(([, entry]) => entry.user === user && entry.phase === "calling");
    const entry: Entry = { user, phase: "ringing", invited: [], rang: 0, peer: from, commitment: committed as string };
    if (crossing !== undefined) {
      const [mine, ours] = crossing;
      // Both sides compare the same two names, so they come to the same end.
      if (mine < id) {
        if (ours.commitment === undefined || ours.invited.some((one) => same(one, from))) {
          throw decline("crossed", "both invited each other: the other invitation stands");
        }
        this.#ring(mine, ours, from);
        return {};
      }
      this.#tellOthers(mine, ours, from);
      this.#finish(mine, "crossed");
      this.#entries.set(id, entry);
      void this.#mine(ours.mine!.setup.direct ? "direct" : "relayed").then(
        (made) => this.#entries.get(id) === entry && this.#join(id, entry, made),
        () => this.#leave(id, "lost"),
      );
      return {};
    }
    const ringing = [...this.#entries].filter(([, one]) => one.phase === "ringing");
    if (this.#entries.size >= SESSIONS_MAX || ringing.length >= RINGING_MAX) {
      throw decline("busy", "there are too many invitations or sessions");
    }
    // Who invites again thinks no more of what they asked before.
    const before = ringing.find(([, one]) => one.user === user);
    if (before !== undefined) this.#finish(before[0], "replaced");
    entry.timer = setTimeout(() => this.#leave(id, "timed_out"), RING_MS + GRACE_MS);
    this.#entries.set(id, entry);
    this.#tell({ id, invited: { user } });
    return {};
  }

  #count(user: string): void {
    const now = Date.now();
    for (const [other, times] of this.#counted) {
      const left = times.filter((at) => at + RING_MS > now);
      if (left.length === 0) this.#counted.delete(other);
      else this.#counted.set(other, left);
    }
    const times = this.#counted.get(user) ?? [];
    if (times.length >= INVITES_MAX || (times.length === 0 && this.#counted.size >= COUNTED_MAX)) {
      throw decline("too_fast", "too many invitations: wait a minute");
    }
    this.#counted.set(user, [...times, now]);
  }

  // Agreeing.

  #accepted(id: string, entry: Entry, peer: Address): void {
    entry.phase = "joined";
    entry.peer = peer;
    clearTimeout(entry.timer);
    // A session that does not come to agree is not waited for.
    entry.timer = setTimeout(() => this.#leave(id, "lost"), 2 * STEP_MS);
    this.#tell({ id, accepted: { user: entry.user } });
  }

  /** We invited: show our part. */
  async #reveal(id: string, entry: Entry, theirs: Part): Promise<void> {
    try {
      const { part } = entry.mine!;
      const between: Between = { id, inviting: this.me, invited: entry.user };
      const agreement = await Agreement.of(between, "inviting", part, theirs);
      const proof = await agreement.prove(this.keys.identity);
      const answer = await this.#wire.call(entry.peer!, id, { reveal: { part: { ...part }, proof } });
      await agreement.check((answer as { proof?: Json } | null)?.proof);
      await this.#agreed(id, entry, agreement, entry.mine!.setup);
    } catch (error) {
      void this.#leave(id, endOf(error) ?? "unreachable");
    }
  }

  /** We are invited, and accept. */
  #join(id: string, entry: Entry, mine: Mine): void {
    const between: Between = { id, inviting: entry.user, invited: this.me };
    this.#accepted(id, entry, entry.peer!);
    entry.revealed = async ({ part, proof }) => {
      delete entry.revealed;
      try {
        if ((await commitment(between, part)) !== entry.commitment) throw new HandshakeError("the other side showed something else than it committed to");
        const agreement = await Agreement.of(between, "invited", mine.part, part);
        await agreement.check(proof);
        const ours = await agreement.prove(this.keys.identity);
        // The answer goes first: an offer may come right behind it.
        await this.#agreed(id, entry, agreement, mine.setup);
        return { proof: ours };
      } catch {
        void this.#leave(id, "failed");
        throw decline("failed", "what was said does not fit together");
      }
    };
    this.#wire.call(entry.peer!, id, { accept: { ...mine.part } }).catch((error: unknown) => this.#leave(id, endOf(error) ?? "unreachable"));
  }

  async #agreed(id: string, entry: Entry, agreement: Agreement, setup: Setup): Promise<void> {
    const { user, peer } = entry;
    const { key } = agreement.theirs;
    const trust = await this.keys.trust(user, key);
    if (trust === "first" || trust === "known") await this.keys.remember(user, key, false);
    const words = await agreement.words();
    if (this.#entries.get(id) !== entry) return;
    clearTimeout(entry.timer);
    entry.agreement = agreement;
    this.#tell({ id, agreed: { user, words, trust } });
    entry.session = new Session(agreement, this.keys.identity, setup, {
      offer: async (description) => (await this.#wire.call(peer!, id, { offer: { ...description } })) as unknown as Description,
      again: async () => void (await this.#wire.call(peer!, id, { again: {} })),
      relays: () => this.#wire.relays(),
      tell: (said) => this.#tell({ id, ...said }),
      end: (why) => void this.#leave(id, why),
    });
  }
}
