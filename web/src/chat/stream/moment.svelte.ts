// The time, as far as something waits for it.

/** How often it is looked at while somebody waits. */
const STEP_MS = 1000;

export class Moment {
  now = $state(Date.now());
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** It is looked at once more soon, and at the latest when this is over. */
  wakeBy(at_ms: number): void {
    clearTimeout(this.#timer);
    const wait = Math.min(Math.max(at_ms - Date.now(), 0) + 20, STEP_MS);
    this.#timer = setTimeout(() => (this.now = Date.now()), wait);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
