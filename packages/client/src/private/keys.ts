// The key of this device, and the devices of others that it has met.

import { hex, type Identity } from "./handshake.js";

/** What is known of the device at the other end. */
export type Trust =
  /** The first device of this user that was met here. */
  | "first"
  /** Met before, and nobody compared words. */
  | "known"
  /** Somebody compared words with it. */
  | "verified"
  /** Other devices of this user were met before, and never this one. */
  | "changed";

/** Where keys are kept. */
export interface KeyStore {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
}

/** Keeps keys as long as the page is open. */
export function memoryKeys(): KeyStore {
  const kept = new Map<string, unknown>();
  return {
    get: (key) => Promise.resolve(kept.get(key)),
    set: (key, value) => Promise.resolve(void kept.set(key, value)),
  };
}

const done = <T>(request: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser keeps nothing"));
  });

/** Keeps keys in the browser: no page can read the secret half, only use it. */
export function browserKeys(name = "kith-private"): KeyStore {
  const opened = indexedDB.open(name, 1);
  opened.onupgradeneeded = () => void opened.result.createObjectStore("keys");
  const database = done(opened);
  const place = async (mode: IDBTransactionMode) => (await database).transaction("keys", mode).objectStore("keys");
  return {
    get: async (key) => done<unknown>((await place("readonly")).get(key)),
    set: async (key, value) => void (await done((await place("readwrite")).put(value, key))),
  };
}

interface Device {
  key: string;
  verified: boolean;
}

/** The most devices that are remembered of one user. */
const DEVICES_MAX = 32;

/** The key of this device, and the devices that it has met at one server. */
export class Keys {
  private constructor(
    private readonly store: KeyStore,
    private readonly server: string,
    readonly identity: Identity,
  ) {}

  static async open(store: KeyStore, server: string): Promise<Keys> {
    let pair = (await store.get("device")) as CryptoKeyPair | undefined;
    if (pair === undefined) {
      pair = (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
      await store.set("device", pair);
    }
    const key = hex(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
    return new Keys(store, server, { key, secret: pair.privateKey });
  }

  async #met(user: string): Promise<Device[]> {
    return ((await this.store.get(`${user} ${this.server}`)) as Device[] | undefined) ?? [];
  }

  async trust(user: string, key: string): Promise<Trust> {
    const met = await this.#met(user);
    const device = met.find((one) => one.key === key);
    if (device === undefined) return met.length === 0 ? "first" : "changed";
    return device.verified ? "verified" : "known";
  }

  async remember(user: string, key: string, verified: boolean): Promise<void> {
    const met = await this.#met(user);
    const before = met.find((one) => one.key === key);
    const others = met.filter((one) => one.key !== key).slice(1 - DEVICES_MAX);
    const device = { key, verified: verified || before?.verified === true };
    await this.store.set(`${user} ${this.server}`, [...others, device]);
  }
}
