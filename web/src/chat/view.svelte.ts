// What of the site is looked at: the route of the address bar, and the panels beside it.

import type { protocol } from "@kith/client";
import { get } from "svelte/store";
import type { CircleModel } from "./model/circle.js";
import { streamsOf } from "./model/listed.js";
import type { StreamModel } from "./model/stream.js";
import type { Privates } from "./private/privates.svelte.js";
import { parseRoute, pathOf, type Route } from "./model/route.js";

/** What is shown at the side of a stream. */
export type Side = "members" | "find" | undefined;

/** What asks for all attention. */
export type Dialog =
  | { readonly is: "new_circle" | "join" | "find_circles" | "new_conversation" | "go_to" | "keys" }
  | { readonly is: "new_stream" | "invite" | "circle_settings"; readonly circle: CircleModel }
  | { readonly is: "stream_settings" | "remove_stream" | "add_people"; readonly stream: StreamModel }
  | { readonly is: "leave"; readonly circle: CircleModel }
  | { readonly is: "hand_over"; readonly circle: CircleModel; readonly user?: protocol.UserId }
  | { readonly is: "remove_circle"; readonly circle: Pick<protocol.Circle, "id" | "name"> }
  /** For how long to mute something. */
  | { readonly is: "mute"; readonly of: protocol.CircleId | protocol.StreamId; readonly name: string }
  | { readonly is: "claim"; readonly token: string }
  | { readonly is: "section"; readonly name: string; readonly stream: string | undefined; readonly sections: readonly string[]; readonly done: (name: string) => void }
  | { readonly is: "private"; readonly user: protocol.UserId }
  | { readonly is: "profile"; readonly user: protocol.UserId; readonly circle?: CircleModel | undefined }
  /** The pictures of a message; `at` says which of them first. */
  | { readonly is: "pictures"; readonly stream: StreamModel; readonly thread: protocol.Seq | undefined; readonly message: protocol.Message; readonly at: number }
  | { readonly is: "delete" | "edits"; readonly stream: StreamModel; readonly message: protocol.Message };

/** What there may be room for. */
export type Panel = "places" | "main" | "side";

/** Below this width panels take each other's place. */
export const NARROW_PX = 760;
/** Below this width the list of streams makes room for what is at the side. */
export const CROWDED_PX = 1080;
/** Below this width a thread takes the place of what is at the side. */
export const ROOMY_PX = 1500;

export class View {
  /** What the address says. */
  route: Route = $state.raw(parseRoute(location.pathname));
  /** What is shown at the side; a thread of the route goes before. */
  side: Side = $state(localStorage.getItem("kith.members") === "shown" && innerWidth > 1100 ? "members" : undefined);
  /** What is looked for at the side, and whether in this stream alone; counted, so that the same can be wished again. */
  finding: { readonly text: string | undefined; readonly here: boolean; readonly count: number } = $state.raw({ text: undefined, here: false, count: 0 });
  /** What asks for all attention, if anything does. */
  dialog: Dialog | undefined = $state.raw();
  /** Counts wishes to go to a message, so that the same one can be gone to again. */
  jumps = $state(0);
  /** Which panel is looked at, where there is room for one; counted, so that one can be wished again. */
  panel: { readonly name: Panel; readonly count: number } = $state.raw({ name: ["stream", "private"].includes(parseRoute(location.pathname).at) ? "main" : "places", count: 1 });

  /** The private sessions of this page, once they were loaded. */
  privates: Privates | undefined = $state.raw();

  /** What was at the side before one looked for something. */
  #beside: Side;
  /** Where one was before what takes the whole page. */
  #before: Route | undefined;
  readonly #last = new Map<protocol.CircleId, protocol.StreamId>();
  readonly #popped = () => {
    this.route = parseRoute(location.pathname);
    this.jumps += 1;
  };

  constructor() {
    addEventListener("popstate", this.#popped);
  }

  end(): void {
    removeEventListener("popstate", this.#popped);
  }

  /** Goes somewhere; what was looked at is one step back, unless it is replaced. */
  go(route: Route, { replace = false }: { replace?: boolean } = {}): void {
    const path = pathOf(route);
    if (isWhole(route) && !isWhole(this.route)) this.#before = this.route;
    if (replace || path === location.pathname) history.replaceState(null, "", path);
    else history.pushState(null, "", path);
    this.route = route;
    this.jumps += 1;
    this.reveal("main");
  }

  /** Looks at a panel, where there is room for one. */
  reveal(name: Panel): void {
    this.panel = { name, count: this.panel.count + 1 };
  }

  /** Goes back from what takes the whole page; to `other` where one began there. */
  leaveWhole(other: Route): void {
    this.go(this.#before ?? other);
  }

  /** Goes to a stream, and to one of its messages. */
  goStream(stream: protocol.StreamId, message?: protocol.Seq): void {
    this.go(message === undefined ? { at: "stream", stream } : { at: "stream", stream, message });
  }

  /**
   * Goes to a circle: to the stream where one was last, or its first. Where there is room for one panel
   * only, first to its streams, unless one wants right `into` it.
   */
  goCircle(circle: CircleModel, { into = false, replace = false }: { into?: boolean; replace?: boolean } = {}): void {
    const last = this.#last.get(circle.id);
    const stream = get(circle.streams).find(({ id }) => id === last) ?? streamsOf(circle)[0];
    if ((innerWidth < NARROW_PX && !into) || stream === undefined) {
      this.go({ at: "circle", circle: circle.id }, { replace });
      this.reveal(stream === undefined ? "main" : "places");
    } else {
      this.go({ at: "stream", stream: stream.id }, { replace });
    }
  }

  /** Talks to somebody privately: goes to what there is, or asks first what inviting them shows. */
  goPrivately(user: protocol.UserId): void {
    const talk = this.privates?.talk(user);
    this.dialog = undefined;
    if (talk !== undefined && talk.stage !== "over") this.go({ at: "private", user });
    else this.dialog = { is: "private", user };
  }

  /** A stream of a circle is looked at. */
  looksAt(circle: protocol.CircleId, stream: protocol.StreamId): void {
    this.#last.set(circle, stream);
  }

  /** Opens a thread beside its stream. */
  goThread(stream: protocol.StreamId, thread: protocol.Seq): void {
    this.go({ at: "stream", stream, thread });
  }

  /** Shows something at the side, or nothing where it is shown already. */
  toggle(side: "members"): void {
    const covered = this.#uncover();
    this.side = this.side === side && !covered ? undefined : side;
    this.reveal(this.side === undefined ? "main" : "side");
    localStorage.setItem("kith.members", this.side === "members" ? "shown" : "hidden");
  }

  /** Looks for something, or lets somebody say what; `here` for the stream that is looked at alone. */
  find({ text, here = false }: { text?: string; here?: boolean } = {}): void {
    this.#uncover();
    if (this.side !== "find") this.#beside = this.side;
    this.side = "find";
    this.finding = { text, here, count: this.finding.count + 1 };
    this.reveal("side");
  }

  /** Looks for nothing any longer. */
  closeFind(): void {
    this.side = this.#beside;
    this.reveal("main");
  }

  /** Closes a thread that stands where the side would; whether there was one. */
  #uncover(): boolean {
    const { route } = this;
    const covered = route.at === "stream" && route.thread !== undefined && innerWidth < ROOMY_PX;
    if (covered) this.go({ at: "stream", stream: route.stream });
    return covered;
  }
}

/** Whether a route takes the whole page: nothing of circles and streams is beside it. */
export function isWhole(route: Route): route is Extract<Route, { at: "settings" | "admin" }> {
  return route.at === "settings" || route.at === "admin";
}

/** A link that is followed within the page, unless it is to be opened elsewhere. */
export function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
}
