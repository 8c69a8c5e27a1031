// How one is shown oneself: as one chose, and else as idle once no tab of the browser was used for a while.

import type { Own } from "./away.js";
import type { Keep } from "./outbox.js";

/** Whoever did nothing for so long is idle. */
export const IDLE_MS = 600_000;
/** How often a tab tells the others at most that it is used. */
const TELL_MS = 20_000;

/** What it needs of what is around it. */
export interface AroundPresence {
  /** What all tabs of the browser share. */
  readonly storage: Keep;
  /** Under which name they tell each other when one of them was used last. */
  readonly key: string;
  /** Shows how one is, here and to others; told when it changed. */
  show(status: Own): void;
  now(): number;
}

export class OwnPresence {
  /** When a tab of the browser was used last, as far as it is known here. */
  #used_ms: number;
  /** When this tab told the others last. */
  #told_ms = -Infinity;
  #is_away: boolean;
  #is_idle = false;
  #shown: Own;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `begun_ms` is when the page was opened, which is a use of it; `shown` is how one is shown until now. */
  constructor(private readonly around: AroundPresence, begun_ms: number, shown: Own) {
    this.#used_ms = begun_ms;
    this.#is_away = shown === "away";
    this.#shown = shown;
    if (!(this.#kept() >= begun_ms)) this.#tell(begun_ms);
    this.#look();
  }

  /** The user did something in this tab. */
  used(): void {
    const now = this.around.now();
    this.#used_ms = now;
    if (!this.#is_idle && now - this.#told_ms < TELL_MS) return;
    this.#tell(now);
    this.#wake();
  }

  /** Another tab keeps something in the browser. */
  kept(key: string | null): void {
    if (key !== this.around.key) return;
    this.#learn();
    if (this.around.now() - this.#used_ms < IDLE_MS) this.#wake();
  }

  /** It is chosen to be away, or not any longer. */
  choose(away: boolean): void {
    this.#is_away = away;
    this.#show();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  /** When a tab was used last, as they told each other. */
  #kept(): number {
    return Number(this.around.storage.getItem(this.around.key) ?? 0);
  }

  #tell(used_ms: number): void {
    this.#told_ms = used_ms;
    try {
      this.around.storage.setItem(this.around.key, String(used_ms));
    } catch {
      // Without room for it each tab is by itself.
    }
  }

  /** Learns when other tabs were used. A clock that was put back would have them used for ever. */
  #learn(): void {
    const now = this.around.now();
    const kept = this.#kept();
    if (kept > this.#used_ms && kept <= now) this.#used_ms = kept;
    if (this.#used_ms > now) this.#used_ms = now;
  }

  #wake(): void {
    if (!this.#is_idle) return;
    this.#is_idle = false;
    this.#look();
  }

  /** Looks whether one is idle, and when that is to be looked at again: no use of the page waits for it. */
  #look(): void {
    clearTimeout(this.#timer);
    this.#learn();
    const left_ms = this.#used_ms + IDLE_MS - this.around.now();
    this.#is_idle = left_ms <= 0;
    if (!this.#is_idle) this.#timer = setTimeout(() => this.#look(), left_ms);
    this.#show();
  }

  #show(): void {
    const now: Own = this.#is_away ? "away" : this.#is_idle ? "idle" : "online";
    if (now === this.#shown) return;
    this.#shown = now;
    this.around.show(now);
  }
}
