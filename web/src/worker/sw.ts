// The service worker: the chat page opens without a connection, with the files that it was built of,
// and a notification leads to the page. Nothing that the server says of anybody is kept here: what
// is below `/api` is never touched.

/** What was built, put here by `scripts/pwa.mjs`: the files that the page loads at once, or a little later. */
const FILES = "__KITH_FILES__" as unknown as readonly string[];
/** Changes when any of them does. */
const CACHE = "kith-__KITH_VERSION__";
/** Longer than this nobody waits for a page that is at hand. */
const WAIT_MS = 3000;
/** Pages that are not the chat. */
const OTHERS = ["/api", "/inspector", "/assets"];

interface Later extends Event {
  waitUntil(done: Promise<unknown>): void;
}
interface Fetching extends Later {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Clicked extends Later {
  readonly notification: Notification;
}
interface Tab {
  readonly url: string;
  focus(): Promise<unknown>;
  postMessage(said: unknown): void;
}
interface Scope {
  readonly location: Location;
  readonly clients: {
    claim(): Promise<void>;
    matchAll(of: { type: "window"; includeUncontrolled: true }): Promise<readonly Tab[]>;
    openWindow(url: string): Promise<unknown>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(name: "install" | "activate", run: (event: Later) => void): void;
  addEventListener(name: "fetch", run: (event: Fetching) => void): void;
  addEventListener(name: "notificationclick", run: (event: Clicked) => void): void;
}
const worker = self as unknown as Scope;

worker.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(["/", ...FILES])).then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event) => {
  const clean = caches.keys().then((names) => Promise.all(names.filter((name) => name.startsWith("kith-") && name !== CACHE).map((name) => caches.delete(name))));
  event.waitUntil(clean.then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== worker.location.origin) return;
  if (pathname.startsWith("/assets/")) event.respondWith(asset(request));
  else if (request.mode === "navigate" && isChat(pathname)) event.respondWith(page(request));
});

/** Whether the chat is at an address of this origin. */
function isChat(pathname: string): boolean {
  return !OTHERS.some((other) => pathname === other || pathname.startsWith(`${other}/`));
}

/** What never changes under its name is taken from where it is. */
async function asset(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const known = await cache.match(request);
  if (known !== undefined) return known;
  const answer = await fetch(request);
  if (answer.ok && answer.type === "basic") await cache.put(request, answer.clone());
  return answer;
}

/** The page as the server has it, or as it was last. It is the same page at every address. */
async function page(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const asked = fetch(request).then(async (answer) => {
    const isPage = answer.ok && !answer.redirected && (answer.headers.get("content-type") ?? "").startsWith("text/html");
    if (isPage) await cache.put("/", answer.clone());
    return answer;
  });
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, WAIT_MS));
  const answer = await Promise.race([asked.catch(() => undefined), late]);
  return answer ?? (await cache.match("/")) ?? asked;
}

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { url } = (event.notification.data ?? {}) as { url?: unknown };
  // Only to a place of this page.
  const to = typeof url === "string" && new URL(url, worker.location.origin).origin === worker.location.origin ? url : "/";
  event.waitUntil(lead(to));
});

/** Leads a tab of the chat there, the one that was looked at last, or opens one. */
async function lead(to: string): Promise<void> {
  const tabs = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const open = tabs.find(({ url }) => isChat(new URL(url).pathname));
  if (open === undefined) {
    await worker.clients.openWindow(to);
    return;
  }
  open.postMessage({ open: to });
  await open.focus();
}

// A module, so that tests can load it.
export {};
