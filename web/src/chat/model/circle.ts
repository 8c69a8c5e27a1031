// One circle: its roles, its streams, its members as far as they were asked for, and who is there.

import type { Client, FeedUpdate, protocol } from "@kith/client";
import { get, writable, type Readable, type Writable } from "svelte/store";
import { permissionsOf, type Permission } from "./rights.js";
import type { StreamModel } from "./stream.js";

type Circle = protocol.Circle;
type Member = protocol.Member;
type UserId = protocol.UserId;

/** Members that one question asks for. */
const PAGE = 200;
/** Members that are held, at most. */
const MEMBERS_MAX = 5000;

/** What a circle needs of what is around it. */
export interface AroundCircle {
  readonly client: Client;
  /** The names of these will be shown. */
  wanted(users: readonly UserId[]): void;
  /** Somebody did something, and may be shown otherwise by now. */
  met(user: UserId): void;
  /** Somebody is in it no longer. */
  left(user: UserId): void;
  /** Somebody is called otherwise in it by now. */
  renamed(): void;
  /** What the window says of it is out of date. */
  stale(): void;
  refused(error: unknown): void;
}

export class CircleModel {
  readonly id: protocol.CircleId;
  readonly circle: Readable<Circle>;
  /** The user's own membership. */
  readonly member: Readable<Member>;
  /** In the order in which they are shown. */
  readonly streams: Writable<readonly StreamModel[]> = writable([]);
  /** Those that were asked for, or met. */
  readonly members: Readable<ReadonlyMap<UserId, Member>>;
  /** Whether all members are known. */
  readonly whole: Readable<boolean>;
  readonly present: Readable<ReadonlyMap<UserId, protocol.Status>>;

  readonly #circle: Writable<Circle>;
  readonly #member: Writable<Member>;
  readonly #members: Writable<ReadonlyMap<UserId, Member>> = writable(new Map());
  readonly #whole = writable(false);
  readonly #present: Writable<ReadonlyMap<UserId, protocol.Status>> = writable(new Map());
  #seq: protocol.Seq;
  readonly #stop: () => void;
  #listing: Promise<void> | undefined;
  /** Whether its members were asked for, since when what happens to them is told. */
  #is_listed = false;

  constructor(private readonly around: AroundCircle, of: protocol.CircleWindow) {
    this.id = of.circle.id;
    this.#circle = writable(of.circle);
    this.#member = writable(of.member);
    [this.circle, this.member, this.members] = [this.#circle, this.#member, this.#members];
    [this.whole, this.present] = [this.#whole, this.#present];
    this.#seq = of.head;
    this.#stop = around.client.follow({ feed: this.id, after: of.head }, (update) => this.#told(update));
  }

  /** The server told how it is; what was told of it meanwhile is newer. */
  told(of: Pick<protocol.CircleWindow, "circle" | "member" | "head">): void {
    if (of.head < this.#seq) return;
    this.#seq = of.head;
    this.#circle.set(of.circle);
    this.#member.set(of.member);
  }

  end(): void {
    this.#stop();
  }

  /** The last event that it has come to. */
  get seq(): protocol.Seq {
    return this.#seq;
  }

  /** What the user may do in the circle. */
  may(permission: Permission): boolean {
    return permissionsOf(get(this.#circle), get(this.#member), Date.now()).has(permission);
  }

  /** Asks who is there, and for the members. */
  async list(): Promise<void> {
    this.#listing ??= this.#list().finally(() => (this.#listing = undefined));
    await this.#listing;
  }

  async #list(): Promise<void> {
    const { client } = this.around;
    const present = await client.query({ present: { circle: this.id } });
    this.#present.set(new Map(present.map(({ user, status }) => [user, status])));
    const all = new Map<UserId, Member>();
    for (let more = true, after: UserId | undefined; more && all.size < MEMBERS_MAX; ) {
      const page = await client.query({ members: { circle: this.id, limit: PAGE, ...(after === undefined ? {} : { after }) } });
      for (const member of page.members) all.set(member.user, member);
      after = page.members.at(-1)?.user;
      more = page.more && after !== undefined;
      this.#whole.set(!more);
    }
    const before = get(this.#members);
    this.#members.set(all);
    this.#is_listed = true;
    this.around.wanted([...all.keys()]);
    if ([...all.values()].some(({ user, nickname }) => nickname !== before.get(user)?.nickname)) this.around.renamed();
  }

  /** Learns who its members are, as far as they are held, unless that is known. */
  async learnMembers(): Promise<void> {
    if (!this.#is_listed) await this.list();
  }

  /** Learns what its members are called here, where one question is enough for that. */
  async learnNames(): Promise<void> {
    if (!get(this.#whole) && get(this.#circle).members <= PAGE) await this.list();
  }

  /** What a member is called here, where that differs from their name elsewhere. */
  nickname(user: UserId): string | undefined {
    return get(this.#members).get(user)?.nickname;
  }

  #told(update: FeedUpdate): void {
    switch (update.kind) {
      case "snapshot":
        // Who came and left before it is not told one by one.
        this.#is_listed = false;
        this.#seq = update.seq;
        if ("circle" in update.state) this.told({ ...update.state.circle, head: update.seq });
        // What was told of its streams before it is told no more.
        this.around.stale();
        break;
      case "event":
        this.#happened(update.event);
        break;
      case "signal":
        if ("presence" in update.what) this.#came(update.user, update.what.presence.status);
        break;
      case "refused":
      case "closed":
        this.around.stale();
        break;
      default:
    }
  }

  #came(user: UserId, status: protocol.Status): void {
    this.around.wanted([user]);
    this.#present.update((present) => {
      const now = new Map(present);
      if (status === "offline") now.delete(user);
      else now.set(user, status);
      return now;
    });
  }

  #happened({ seq, body }: protocol.Event): void {
    // What the server told of the circle since may have it already.
    const isNew = seq > this.#seq;
    const count = (by: number) => isNew && this.#circle.update((circle) => ({ ...circle, members: Math.max(circle.members + by, 0) }));
    this.#seq = Math.max(seq, this.#seq);
    switch (body.kind) {
      case "member_joined":
        count(1);
        this.around.met(body.user);
        // Their membership is not told with the event.
        if (get(this.#whole)) void this.list().catch((error: unknown) => this.around.refused(error));
        break;
      case "member_changed":
        if (body.member.user === get(this.#member).user) {
          if (isNew) this.#member.set(body.member);
          this.around.stale();
        }
        if (get(this.#members).has(body.member.user)) {
          const before = this.nickname(body.member.user);
          this.#members.update((members) => new Map(members).set(body.member.user, body.member));
          if (body.member.nickname !== before) this.around.renamed();
        }
        break;
      case "member_left":
        count(-1);
        this.#members.update((members) => new Map([...members].filter(([user]) => user !== body.user)));
        this.#came(body.user, "offline");
        this.around.left(body.user);
        break;
      default:
        this.around.stale();
    }
  }
}
