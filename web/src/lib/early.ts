// The connection that a page began before its scripts were there: see `scripts/early.js`.

import type { SocketType } from "@kith/client";

interface Begun {
  /** `false` once nobody will take one any more. */
  kithSocket?: WebSocket | false;
}

/**
 * A WebSocket: the first time that which was begun already, where it is still of use. Never later: what
 * was begun before somebody signed in is not theirs.
 */
export const BegunSocket = function (url: string, protocols: string[]): WebSocket {
  const begun = (globalThis as Begun).kithSocket;
  (globalThis as Begun).kithSocket = false;
  if (!begun || begun.url !== url || begun.readyState > WebSocket.OPEN) return new WebSocket(url, protocols);
  // Whoever takes it has still to say what is to be done then.
  if (begun.readyState === WebSocket.OPEN) queueMicrotask(() => begun.onopen?.(new Event("open")));
  return begun;
} as unknown as SocketType;
