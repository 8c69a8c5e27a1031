// Kith in React.

import { useCallback, useSyncExternalStore } from "react";
import type { Store } from "./store.js";

/** The value of a store; the component is rendered again when it changes. */
export function useStore<T>(store: Store<T>): T;
/** As above, and `undefined` while there is no store yet. */
export function useStore<T>(store: Store<T> | undefined): T | undefined;
export function useStore<T>(store: Store<T> | undefined): T | undefined {
  const subscribe = useCallback((changed: () => void) => {
    let begun = false;
    const stop = store?.subscribe(() => {
      if (begun) changed();
    });
    begun = true;
    return () => stop?.();
  }, [store]);
  const get = useCallback(() => store?.get(), [store]);
  return useSyncExternalStore(subscribe, get, get);
}
