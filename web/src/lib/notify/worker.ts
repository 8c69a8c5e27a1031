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
 * Hears from the worker, also from one that a page before started: `open` is told when somebody follows
 * a notification to a place of the page. What comes back ends that. Where there are no workers (plain
 * HTTP, private windows), nothing happens.
 */
export function hearWorker(open: (url: string) => void): () => void {
  if (!("serviceWorker" in navigator)) return () => {};
  const { serviceWorker } = navigator;
  const heard = ({ data }: MessageEvent<{ open?: unknown } | null>) => {
    if (typeof data?.open === "string") open(data.open);
  };
  serviceWorker.addEventListener("message", heard);
  return () => serviceWorker.removeEventListener("message", heard);
}

/** Has the browser keep the page for when there is no connection, where there are workers. */
export async function startWorker(): Promise<ServiceWorkerRegistration | undefined> {
  if (!("serviceWorker" in navigator)) return undefined;
  // A page without it works as well.
  return navigator.serviceWorker.register(trusted(), { scope: "/", updateViaCache: "none" }).catch(() => undefined);
}
