// The token of whoever may own the site.

/** The token behind the `#` of the address; empty where there is none. */
export function ownerToken(): string {
  return /^#owner=([0-9a-zA-Z]+)$/.exec(location.hash)?.[1] ?? "";
}
