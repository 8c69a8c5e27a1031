// What can wait until what one came for is on the screen, and then until there is nothing better to do.

/** Where nobody says that it is there, as on pages that have nothing to wait for. */
const WAIT_MS = 4000;
/** What one came for is first looked at: what can wait longer takes no time from that. */
const CALM_MS = 1500;
/** A browser that always has something better to do does it all the same. */
const IDLE_MS = 2000;

let end = () => {};
const there = new Promise<void>((resolve) => {
  end = resolve;
  setTimeout(resolve, WAIT_MS);
});
const calm = there.then(() => new Promise((resolve) => setTimeout(resolve, CALM_MS)));

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
  void there.then(() => whenIdle(run));
}

/** Does something a while after what one came for is shown. */
export function whenCalm(run: () => void): void {
  void calm.then(() => whenIdle(run));
}

/** What one came for is shown. */
export function shown(): void {
  end();
}
