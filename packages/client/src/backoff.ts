// How long to wait before connecting again: longer every time, and never all clients at once.

/** The pause before the second attempt is at most this. */
export const FIRST_MS = 100;
/** No pause is longer than this, unless the server asks for it. */
export const LAST_MS = 15_000;
/** The longest pause that a server can ask for. */
export const ASKED_MAX_MS = 300_000;

/** Counts attempts that failed. */
export class Backoff {
  #failures = 0;

  /**
   * The milliseconds to wait after one more failure: evenly between nothing and a bound that
   * doubles from `FIRST_MS` to `LAST_MS`, after what the server asked for, if it did. `random` is
   * from 0 up to 1.
   */
  pause(asked: number | undefined, random: number): number {
    const bound = Math.min(FIRST_MS * 2 ** Math.min(this.#failures, 16), LAST_MS);
    this.#failures += 1;
    const jitter = Math.floor(random * (bound + 1));
    return asked === undefined ? jitter : Math.min(asked, ASKED_MAX_MS) + jitter;
  }

  /** Begins anew: the connection held. */
  reset(): void {
    this.#failures = 0;
  }
}
