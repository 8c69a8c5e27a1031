// Starts the service worker, and hears from it where a notification leads.

/** Browsers that have Trusted Types only take the address of a worker from a policy. */
interface Policies {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): { createScriptURL(url: string): string };
}

const WORKER = "/sw.js";
let address: string | undefined;

/** The one address that a worker may have. */
function trusted(): string {
  const { trustedTypes } = globalThis as { trustedTypes?: Policies };
  address ??= trustedTypes?.createPolicy("kith-worker", { createScriptURL: () => WORKER }).createScriptURL(WORKER) ?? WORKER;
  return address;
}

/**
 * Has the browser keep the page for when there is no connection. `open` is told when somebody follows
 * a notification to a place of the page. Where there are no workers (plain HTTP, private windows),
 * nothing happens.
 */
export async function startWorker(open: (url: string) => void): Promise<ServiceWorkerRegistration | undefined> {
  if (!("serviceWorker" in navigator)) return undefined;
  navigator.serviceWorker.addEventListener("message", ({ data }: MessageEvent<{ open?: unknown } | null>) => {
    if (typeof data?.open === "string") open(data.open);
  });
  // A page without it works as well.
  return navigator.serviceWorker.register(trusted(), { scope: "/", updateViaCache: "none" }).catch(() => undefined);
}
