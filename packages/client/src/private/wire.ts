// The way over a Kith server: devices are reached by a personal service, wherever two users meet.

import type { Client } from "../client.js";
import { KithError } from "../error.js";
import type { Json } from "../json.js";
import type { UserId } from "../protocol.js";
import type { Offered } from "../services.js";
import { random } from "./handshake.js";

export const VERSION = 1;
export const SERVICE = "me/private/";
/** How long another device may take with an answer. */
export const STEP_MS = 30_000;
export const DEVICES_MAX = 16;
/** The most calls of others that are answered at a time. */
const AT_ONCE = 64;
const RELAYS_MAX = 8;
/** How often a call is made again that was made too early. */
const AGAIN_MAX = 5;
/** The most milliseconds until then. */
const AGAIN_MS_MAX = 1000;

/** Where a device is reached. */
export interface Address {
  user: UserId;
  name: string;
}

/** Answers what another device says. */
export type Hear = (user: UserId, args: Json) => Promise<Json>;

export class Wire {
  /** Under which this device is reached. */
  readonly name = SERVICE + random(16);
  #offered: Offered | undefined;

  constructor(private readonly client: Client, private readonly hear: Hear) {}

  /** Offers to be called. Rejects where the server refuses it. */
  async open(): Promise<void> {
    const offer = { name: this.name, at_once: AT_ONCE };
    this.#offered = await this.client.offer(offer, (args, { called }) => this.hear(called.user, args));
  }

  /** Is reached no longer. */
  async close(): Promise<void> {
    await this.#offered?.withdraw();
  }

  /** Says something to a device. */
  call({ name, user }: Address, id: string, say: Json): Promise<Json> {
    const args: Json = { v: VERSION, id, from: this.name, say };
    return this.#insist({ name, args, provider: { user }, deadline_ms: STEP_MS });
  }

  /**
   * Calls, and again where the server says that this is only too early: what it has too much of to do now is not what
   * cannot be.
   */
  async #insist(call: Parameters<Client["call"]>[0]): Promise<Json> {
    for (let turn = 0; turn < AGAIN_MAX; turn += 1) {
      try {
        return await this.client.call(call);
      } catch (error) {
        if (!(error instanceof KithError) || error.retry_ms === undefined || error.unknown || error.failure !== undefined) throw error;
        const { retry_ms } = error;
        await new Promise((resolve) => setTimeout(resolve, Math.min(retry_ms, AGAIN_MS_MAX)));
      }
    }
    return this.client.call(call);
  }

  /** The devices of a user. */
  async reach(user: UserId): Promise<Address[]> {
    const found = await this.#insist({ name: "kith/reach", args: { user, begin: SERVICE } }).catch(() => []);
    return (found as { name: string }[]).slice(0, DEVICES_MAX).map(({ name }) => ({ user, name }));
  }

  /** What the server offers to find a way. */
  async relays(): Promise<RTCIceServer[]> {
    const relays = (await this.#insist({ name: "kith/relay" }).catch(() => undefined)) as { servers?: RTCIceServer[] } | undefined;
    return (relays?.servers ?? []).slice(0, RELAYS_MAX);
  }
}

/** Whether one of them relays. */
export function canRelay(servers: readonly RTCIceServer[]): boolean {
  return servers.flatMap(({ urls }) => urls).some((url) => url.startsWith("turn:"));
}
