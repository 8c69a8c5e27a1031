// Asking again when something changed, however often it does.

/** Runs `work` soon after it is called, and no more than once in `pause_ms`; the first time at once. Once stopped it does nothing. */
export function soon(work: () => Promise<void>, pause_ms: number): { run: () => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  let ended = false;
  const begin = () => {
    again = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (again) begin();
    }, pause_ms);
    void work();
  };
  return {
    run: () => {
      if (ended) return;
      if (timer === undefined) begin();
      else again = true;
    },
    stop: () => {
      ended = true;
      clearTimeout(timer);
    },
  };
}
