// Addresses of the page: which view each shows. Pure.

import type { protocol } from "@kith/client";

/** What is shown. */
export type Route =
  | { readonly at: "home" }
  | { readonly at: "signin" }
  | { readonly at: "signup" }
  /** What means or answers the user. */
  | { readonly at: "inbox" }
  /** A new password, by the token behind the `#`. */
  | { readonly at: "reset" }
  | { readonly at: "invite"; readonly code: string }
  | { readonly at: "circle"; readonly circle: protocol.CircleId }
  | {
    readonly at: "stream";
    readonly stream: protocol.StreamId;
    /** A message to go to. */
    readonly message?: protocol.Seq;
    /** The thread that is open beside. */
    readonly thread?: protocol.Seq;
  }
  /** The conversation with somebody. */
  | { readonly at: "direct"; readonly user: protocol.UserId }
  /** The private session with somebody. */
  | { readonly at: "private"; readonly user: protocol.UserId }
  /** `part` says which page of the settings. */
  | { readonly at: "settings"; readonly part: string }
  /** `part` says which page of those of who administers the site. */
  | { readonly at: "admin"; readonly part: string };

const HOME: Route = { at: "home" };
const ID = /^[a-z]_[0-9a-z]{1,64}$/;
const CODE = /^[0-9A-Za-z]{1,128}$/;
const SEQ = /^[1-9][0-9]{0,15}$/;
const PART = /^[a-z_]{1,32}$/;

/** The route of an address; what leads nowhere is home. */
export function parseRoute(path: string): Route {
  const [first = "", second = "", third = "", fourth = ""] = path.split("/").slice(1);
  const id = ID.test(second) ? second : undefined;
  const seq = SEQ.test(third) ? Number(third) : undefined;
  const part = PART.test(second) ? second : "";
  switch (first) {
    case "signin":
    case "signup":
    case "inbox":
    case "reset":
      return { at: first };
    case "invite":
    case "join":
      return CODE.test(second) ? { at: "invite", code: second } : HOME;
    case "c":
      return id === undefined ? HOME : { at: "circle", circle: id as protocol.CircleId };
    case "s": {
      if (id === undefined) return HOME;
      const stream = id as protocol.StreamId;
      if (seq === undefined) return { at: "stream", stream };
      if (fourth === "") return { at: "stream", stream, message: seq };
      const inside = /^thread-([1-9][0-9]{0,15})$/.exec(fourth)?.[1];
      if (inside !== undefined) return { at: "stream", stream, thread: seq, message: Number(inside) };
      return fourth === "thread" ? { at: "stream", stream, thread: seq } : { at: "stream", stream, message: seq };
    }
    case "d":
      return id === undefined ? HOME : { at: "direct", user: id as protocol.UserId };
    case "p":
      return id === undefined ? HOME : { at: "private", user: id as protocol.UserId };
    case "settings":
    case "admin":
      return { at: first, part };
    default:
      return HOME;
  }
}

/** Where a message is: in its stream, or in the thread that it is part of. */
export function routeTo(stream: protocol.StreamId, { seq: message, thread }: Pick<protocol.Message, "seq" | "thread">): Route {
  return thread === undefined ? { at: "stream", stream, message } : { at: "stream", stream, thread, message };
}

/** The path on this site that a link leads to; `undefined` where it leads elsewhere. */
export function pathWithin(href: string, origin: string): string | undefined {
  const url = URL.canParse(href) ? new URL(href) : undefined;
  return url?.origin === origin ? url.pathname : undefined;
}

/** The address of a route. */
export function pathOf(route: Route): string {
  switch (route.at) {
    case "home":
      return "/";
    case "signin":
    case "signup":
    case "inbox":
    case "reset":
      return `/${route.at}`;
    case "invite":
      return `/invite/${route.code}`;
    case "circle":
      return `/c/${route.circle}`;
    case "stream": {
      const { stream, message, thread } = route;
      if (thread === undefined) return message === undefined ? `/s/${stream}` : `/s/${stream}/${message}`;
      return `/s/${stream}/${thread}/thread${message === undefined ? "" : `-${message}`}`;
    }
    case "direct":
      return `/d/${route.user}`;
    case "private":
      return `/p/${route.user}`;
    case "settings":
    case "admin":
      return route.part === "" ? `/${route.at}` : `/${route.at}/${route.part}`;
  }
}
