// What only one tab of the page does at a time.

/** Does something once no other tab does it under the same name; at once where the browser cannot tell. */
export function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
  // Only where the page came by HTTPS, or from this machine.
  const locks = navigator.locks as LockManager | undefined;
  return locks === undefined ? work() : (locks.request(`kith.${name}`, work) as Promise<T>);
}
