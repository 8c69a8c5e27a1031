// Coming in and going: who is signed in, the site that they see, and the connection, for as long as the page
// is there.

import { KithError, type Client } from "@kith/client";
import { get } from "svelte/store";
import { t } from "../lib/i18n/index.svelte.js";
import { changePassword, connect, reconnect, signOut } from "../lib/session.js";
import { tryPictures } from "../lib/ui/pictures.svelte.js";
import { toast } from "../lib/ui/toasts.svelte.js";
import { why } from "../lib/why.js";
import { deviceLabel } from "./account/device.js";
import { forgetShown, Keeper, lastShown, type Past } from "./model/past.js";
import { Site } from "./model/site.js";
import type { View } from "./view.svelte.js";

/** What of the page is shown. */
export type Phase =
  | { is: "connecting"; failed: string }
  | { is: "out"; ended: boolean }
  | { is: "in"; site: Site };

/** Pauses between attempts to reach the server, the last one again and again. */
const PAUSES_MS = [500, 1000, 2000, 5000];
/** A page that was there for so long begins again without a longer pause. */
const LASTED_MS = 60_000;
/** Why a client is let in no longer where its session has ended; for all other reasons it is still there. */
const ENDED = new Set(["auth.failed", "session.revoked", "user.disabled"]);

export class Entry {
  phase: Phase = $state.raw({ is: "connecting", failed: "" });

  #attempts = 0;
  /** What the page began with, until it is taken. */
  #begun: Promise<Past | undefined> | undefined;
  /** Whether the session is replaced by another one, so that its end is no surprise. */
  #renewing = false;
  #again: ReturnType<typeof setTimeout> | undefined;
  #keeper: Keeper | undefined;

  /** `begun` is what was shown last, as it is being read. */
  constructor(private readonly view: View, begun: Promise<Past | undefined>) {
    this.#begun = begun;
  }

  /** Shows what there is to whoever is signed in, or asks them to. */
  async enter(): Promise<void> {
    clearTimeout(this.#again);
    try {
      const past = await (this.#begun ?? lastShown(localStorage, Date.now()));
      this.#begun = undefined;
      // What there was is shown at once; the connection comes meanwhile.
      const client = past === undefined ? await connect() : reconnect(past.welcome);
      if (client === undefined) {
        this.phase = { is: "out", ended: false };
        return;
      }
      this.#begin(client, past);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Ends the session. */
  async leave(): Promise<void> {
    if (this.phase.is !== "in") return;
    const { site } = this.phase;
    try {
      await signOut();
    } catch (error) {
      site.refused(error);
      return;
    }
    await this.#forget(site);
    // Nobody who comes after looks at where the last one was.
    this.view.go({ at: "home" }, { replace: true });
    this.phase = { is: "out", ended: false };
    site.close();
  }

  /** Sets a new password. Every session ends; one begins here, with which the page goes on. */
  async setPassword(current: string, password: string): Promise<void> {
    if (this.phase.is !== "in") return;
    const { site } = this.phase;
    this.#renewing = true;
    try {
      await changePassword(current, password, deviceLabel());
      site.close();
      await this.enter();
      toast(t("settings.password_done"), { kind: "good" });
    } catch (error) {
      // It may have been set all the same: then the session has ended.
      if (get(site.connection).state === "stopped") await this.enter();
      throw error;
    } finally {
      this.#renewing = false;
    }
  }

  /** A new password was set by a link: whoever it is of is signed in now, whoever was before. */
  reset(): void {
    this.#close();
    this.phase = { is: "connecting", failed: "" };
    this.view.go({ at: "home" }, { replace: true });
    toast(t("settings.password_done"), { kind: "good" });
    void this.enter();
  }

  /** The page may be gone next. */
  hide(): void {
    this.#keeper?.flush();
  }

  /** Lets everything go. */
  end(): void {
    void this.#keeper?.end();
    clearTimeout(this.#again);
    this.#close();
  }

  #close(): void {
    if (this.phase.is === "in") this.phase.site.close();
  }

  /** Shows the site of a client; `past` is what is shown until there is a connection. */
  #begin(client: Client, past: Past | undefined): void {
    const tells = (tell: (how: typeof import("./removed.js")) => void) => void import("./removed.js").then(tell, () => toast(t("error.client.unreachable"), { kind: "bad" }));
    const site: Site = new Site(client, localStorage, {
      // Where it cannot be loaded, what came is there all the same.
      posted: (stream, event) => void import("./tell.js").then(({ tell }) => tell(site, this.view, stream, event), () => {}),
      removed: (circle, how, streams) => tells(({ wasRemoved }) => wasRemoved(site, this.view, { circle, streams, how })),
      gone: (...gone) => tells(({ streamIsGone }) => streamIsGone(site, this.view, ...gone)),
      stranded: (left) => tells(({ wasStranded }) => wasStranded(site, left)),
      refused: (error) => void toast(why(error), { kind: "bad" }),
    }, globalThis.sessionStorage);
    const { me } = site;
    const begun_ms = performance.now();
    if (past !== undefined) site.recall(past);
    void this.#keeper?.end();
    this.#keeper = new Keeper(site, localStorage, past);
    this.phase = { is: "in", site };
    client.connection.subscribe((now) => {
      if (now.state === "online") tryPictures();
      if (this.#renewing || this.phase.is !== "in" || this.phase.site !== site) return;
      if (now.state === "online" && site.me !== me) {
        // Whoever is signed in by now is not whose site is shown.
        this.phase = { is: "connecting", failed: "" };
        site.close();
        void this.#forget(site).then(() => this.enter());
      } else if (now.state === "stopped" && now.error.code !== "client.closed") {
        site.end();
        if (ENDED.has(now.error.code)) {
          void this.#forget(site);
          this.phase = { is: "out", ended: true };
          return;
        }
        // What is kept of the user stays, and the page begins again with that.
        if (performance.now() - begun_ms >= LASTED_MS) this.#attempts = 0;
        this.#failed(now.error);
      }
    });
    site.start().catch((error: unknown) => site.refused(error));
  }

  /** What the browser keeps of a user goes with their session. */
  async #forget(site: Site): Promise<void> {
    const kept = this.#keeper;
    this.#keeper = undefined;
    await kept?.end();
    await Promise.all([forgetShown(localStorage), site.uploads.clear()]);
  }

  #failed(error: unknown): void {
    const is_told = error instanceof KithError && error.code !== "client.unreachable";
    this.phase = { is: "connecting", failed: is_told ? why(error) : t("chat.unreachable") };
    this.#again = setTimeout(() => void this.enter(), PAUSES_MS[Math.min(this.#attempts, PAUSES_MS.length - 1)]);
    this.#attempts += 1;
  }
}
