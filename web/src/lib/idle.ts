// What can wait until what one came for is on the screen, and then until there is nothing better to do.

/** Where nobody says that it is there, as on pages that have nothing to wait for. */
const WAIT_MS = 4000;
/** What one came for is first looked at: what can wait longer takes no time from that. */
const CALM_MS = 1500;
/** A browser that always has something better to do does it all the same. */
const IDLE_MS = 2000;

/** What waits for a moment, to be done one by one when the browser is idle. */
class Waiting {
  #is_over = false;
  #all: (() => void)[] = [];

  add(run: () => void): void {
    this.#all.push(run);
    if (this.#is_over) whenIdle(() => this.#next());
  }

  /** The moment is there. */
  end(): void {
    if (this.#is_over) return;
    this.#is_over = true;
    this.#all.forEach(() => whenIdle(() => this.#next()));
  }

  #next(): void {
    this.#all.shift()?.();
  }
}

const [first, calm] = [new Waiting(), new Waiting()];
let is_shown = false;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Does something when the browser is idle; what comes back calls it off. */
export function whenIdle(run: () => void): () => void {
  // Safari has no such callback.
  if (!("requestIdleCallback" in globalThis)) {
    const after = setTimeout(run, 50);
    return () => clearTimeout(after);
  }
  const asked = requestIdleCallback(run, { timeout: IDLE_MS });
  return () => cancelIdleCallback(asked);
}

/** Does something when what one came for is shown, before all that can wait longer. */
export function afterShown(run: () => void): void {
  first.add(run);
  if (!is_shown) timer ??= setTimeout(shown, WAIT_MS);
}

/** Does something a while after what one came for is shown. */
export function whenCalm(run: () => void): void {
  calm.add(run);
  if (!is_shown) timer ??= setTimeout(shown, WAIT_MS);
}

/** What one came for is shown. */
export function shown(): void {
  if (is_shown) return;
  is_shown = true;
  clearTimeout(timer);
  first.end();
  setTimeout(() => calm.end(), CALM_MS);
}
