// A store that another store says.

import type { Readable } from "svelte/store";

/** The store that `inner` makes of what `of` says, for as long as it says that. */
export function nested<A, B>(of: Readable<A>, inner: (value: A) => Readable<B>): Readable<B> {
  return {
    subscribe(run, invalidate) {
      let stop = () => {};
      const stopAll = of.subscribe((value) => {
        stop();
        stop = inner(value).subscribe(run, invalidate);
      });
      return () => {
        stopAll();
        stop();
      };
    },
  };
}
