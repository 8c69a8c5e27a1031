// Kith in Svelte. Every store of the SDK is one of Svelte's as it is (`$counter`); for runes there is
// `live`.

import { createSubscriber } from "svelte/reactivity";
import type { Store } from "./store.js";

/**
 * A store as a value for runes: whoever reads `current` in an effect or in the markup is run again
 * when it changes. It is watched only while somebody does.
 */
export function live<T>(store: Store<T>): { readonly current: T } {
  const watch = createSubscriber((update) => {
    let begun = false;
    const stop = store.subscribe(() => {
      if (begun) update();
    });
    begun = true;
    return stop;
  });
  return {
    get current() {
      watch();
      return store.get();
    },
  };
}
