// Asking again when something changed, however often it does.

/** Runs `work` soon after it is called, and no more than once in `pause_ms`; the first time at once. */
export function soon(work: () => Promise<void>, pause_ms: number): { run: () => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
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
      if (timer === undefined) begin();
      else again = true;
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
      again = false;
    },
  };
}
