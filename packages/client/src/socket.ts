// The WebSocket that a client speaks over: that of browsers, of Deno, of Node from 22 on, or one
// with the same interface, such as the package `ws`.

/** What is used of a WebSocket. */
export interface SocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  /** 2 and 3 where it is closing, or closed. */
  readonly readyState?: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

/** How a WebSocket is made. */
export type SocketType = new (url: string, protocols?: string[]) => SocketLike;

/** The subprotocol that is spoken. */
const JSON_PROTOCOL = "kith.v1.json";
/** Close codes that say that there was no close frame. */
const NO_FRAME = [1005, 1006];

/** What a connection tells. Nothing follows `closed`. */
export interface Listener {
  opened(): void;
  came(text: string): void;
  /** `code` is that of the server's close frame. */
  closed(code: number | undefined, why: string): void;
}

/**
 * The address of the WebSocket of a server at `http(s)://host[:port][/base]`.
 *
 * Throws a `TypeError` when it is none.
 */
export function addressOf(url: string): string {
  const address = new URL(url);
  const scheme = { "http:": "ws:", "https:": "wss:", "ws:": "ws:", "wss:": "wss:" }[address.protocol];
  if (scheme === undefined || address.search !== "" || address.hash !== "" || address.username !== "") {
    throw new TypeError(`${url} is not the address of a server: it looks like http://host:port or https://host`);
  }
  return `${scheme}//${address.host}${address.pathname.replace(/\/+$/, "")}/api/v1/ws`;
}

/** A connection to a server. */
export class Socket {
  readonly #socket: SocketLike;
  #over = false;

  constructor(type: SocketType, address: string, listener: Listener) {
    const socket = new type(address, [JSON_PROTOCOL]);
    this.#socket = socket;
    let why = "the connection ended";
    socket.onopen = () => {
      if (!this.#over) listener.opened();
    };
    socket.onmessage = (event: { data: unknown }) => {
      if (!this.#over && typeof event.data === "string") listener.came(event.data);
    };
    socket.onerror = (event: { message?: unknown }) => {
      if (typeof event.message === "string" && event.message !== "") why = event.message;
    };
    socket.onclose = (event: { code: number; reason: string }) => {
      if (this.#over) return;
      this.#over = true;
      listener.closed(NO_FRAME.includes(event.code) ? undefined : event.code, event.reason || why);
    };
  }

  send(text: string): void {
    // What is said to one that is closing is lost, with a complaint of the browser; `closed` is told next.
    if (!this.#over && (this.#socket.readyState ?? 1) < 2) this.#socket.send(text);
  }

  /** Says goodbye; nothing more is told. */
  close(): void {
    this.#over = true;
    this.#socket.close(1000);
  }
}
