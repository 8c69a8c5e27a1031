// Notifications of the browser: whether they are allowed, and one for what concerns the reader. What
// is about the same place replaces what was told before, so that nothing piles up.

export type Allowed = "yes" | "no" | "ask" | "never";

/** What is told. */
export interface Notice {
  readonly title: string;
  readonly body: string;
  /** One place has one notification. */
  readonly tag: string;
  /** Where it leads. */
  readonly url: string;
  readonly icon?: string;
}

const LATER = "kith.notify.later";
/** After “not now” it is not asked for so long. */
const LATER_MS = 14 * 24 * 60 * 60 * 1000;
const BODY_MAX = 200;

let allowed = $state<Allowed>(now());
/** What the page shows by itself, where there is no worker yet. */
const own = new Map<string, Notification>();

function now(): Allowed {
  if (!("Notification" in globalThis)) return "never";
  const { permission } = Notification;
  return permission === "granted" ? "yes" : permission === "denied" ? "no" : "ask";
}

/** Whether the browser shows notifications of this page; `never` where it has none. */
export function notifications(): Allowed {
  return allowed;
}

/** Asks the person; only after they pressed something, or browsers say no by themselves. */
export async function askForNotifications(): Promise<Allowed> {
  if (allowed === "ask") await Notification.requestPermission();
  allowed = now();
  return allowed;
}

/** Whether it is time to offer it. */
export function isTimeToAsk(now_ms: number): boolean {
  return allowed === "ask" && now_ms - Number(localStorage.getItem(LATER) ?? 0) > LATER_MS;
}

/** Not now: offered again in two weeks. */
export function askLater(now_ms: number): void {
  localStorage.setItem(LATER, String(now_ms));
}

/** Shows a notification, unless somebody looks at the page; whether it did. */
export async function notify(notice: Notice): Promise<boolean> {
  allowed = now();
  if (allowed !== "yes" || (document.visibilityState === "visible" && document.hasFocus())) return false;
  const { title, body, tag, url, icon } = notice;
  const options = { body: [...body].slice(0, BODY_MAX).join(""), tag, data: { url }, ...(icon === undefined ? {} : { icon }) };
  const worker = "serviceWorker" in navigator ? await navigator.serviceWorker.getRegistration() : undefined;
  if (worker !== undefined) {
    await worker.showNotification(title, options);
  } else {
    const shown = new Notification(title, options);
    shown.addEventListener("click", () => (window.focus(), (location.href = url)));
    shown.addEventListener("close", () => void (own.get(tag) === shown && own.delete(tag)));
    own.set(tag, shown);
  }
  return true;
}

/** Takes away what was told of a place, once it was seen. */
export async function dismissNotices(tag: string): Promise<void> {
  own.get(tag)?.close();
  const worker = "serviceWorker" in navigator ? await navigator.serviceWorker.getRegistration() : undefined;
  for (const shown of (await worker?.getNotifications({ tag })) ?? []) shown.close();
}
