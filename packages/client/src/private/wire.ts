// The way over a Kith server: devices are reached by a personal service, in each circle that two users
// share.

import type { Client } from "../client.js";
import type { Json } from "../json.js";
import type { CircleId, UserId } from "../protocol.js";
import type { Offered } from "../services.js";
import { random } from "./handshake.js";

export const VERSION = 1;
export const SERVICE = "me/private/";
/** How long another device may take with an answer. */
export const STEP_MS = 30_000;
export const DEVICES_MAX = 16;
/** The most circles in which this client is reached; a session has at most 100 offers. */
const CIRCLES_MAX = 64;
const RELAYS_MAX = 8;

/** Where a device is reached. */
export interface Address {
  circle: CircleId;
  user: UserId;
  name: string;
}

/** Answers what another device says. */
export type Hear = (circle: CircleId, user: UserId, args: Json) => Promise<Json>;

export class Wire {
  /** Under which this device is reached. */
  readonly name = SERVICE + random(16);
  /** Where it is; absent while the server was not asked. */
  readonly #offers = new Map<CircleId, Offered | undefined>();

  constructor(private readonly client: Client, private readonly hear: Hear) {}

  /** How many circles this device is reached in. */
  get reached(): number {
    return this.#circles.length;
  }

  get #circles(): CircleId[] {
    return [...this.#offers].filter(([, offered]) => offered !== undefined).map(([circle]) => circle);
  }

  /** Offers to be called in a circle, unless it is offered or there are too many. Rejects where the server refuses it. */
  async join(circle: CircleId): Promise<void> {
    if (this.#offers.has(circle) || this.#offers.size >= CIRCLES_MAX) return;
    this.#offers.set(circle, undefined);
    try {
      const offered = await this.client.offer({ circle, name: this.name }, (args, { called }) => this.hear(circle, called.user, args));
      if (!this.#offers.has(circle)) return void offered.withdraw().catch(() => {});
      this.#offers.set(circle, offered);
      // One that was left may be joined again.
      offered.onEnd(() => this.#offers.delete(circle));
    } catch (error) {
      this.#offers.delete(circle);
      throw error;
    }
  }

  /** Is reached no longer. */
  async close(): Promise<void> {
    const offers = [...this.#offers.values()];
    this.#offers.clear();
    await Promise.allSettled(offers.map((offered) => offered?.withdraw()));
  }

  /** Says something to a device. */
  call({ circle, name, user }: Address, id: string, say: Json): Promise<Json> {
    const args: Json = { v: VERSION, id, from: this.name, say };
    return this.client.call({ circle, name, args, provider: { user }, deadline_ms: STEP_MS });
  }

  /** The devices of a user. */
  async reach(user: UserId): Promise<Address[]> {
    for (const circle of this.#circles) {
      const args = { user, begin: SERVICE };
      const found = await this.client.call({ circle, name: "kith/reach", args }).catch(() => []);
      const names = (found as { name: string }[]).map(({ name }) => name);
      if (names.length > 0) return names.slice(0, DEVICES_MAX).map((name) => ({ circle, user, name }));
    }
    return [];
  }

  /** What the server offers to find a way. */
  async relays(): Promise<RTCIceServer[]> {
    for (const circle of this.#circles) {
      const relays = (await this.client.call({ circle, name: "kith/relay" }).catch(() => undefined)) as { servers?: RTCIceServer[] } | undefined;
      // Where this one does not let us ask, another may.
      if (relays !== undefined) return (relays.servers ?? []).slice(0, RELAYS_MAX);
    }
    return [];
  }
}

/** Whether one of them relays. */
export function canRelay(servers: readonly RTCIceServer[]): boolean {
  return servers.flatMap(({ urls }) => urls).some((url) => url.startsWith("turn:"));
}
