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

/** Says in this browser that they were offered, and what was answered is known. */
const OFFERED = "kith.notify.offered";
const BODY_MAX = 200;

let allowed = $state<Allowed>(now());
let offered = $state(false);
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
  settleOffer();
  return allowed;
}

/** There is a talk that one may want to be notified of: offers it, unless that was answered ever. */
export function offerNotifications(): void {
  allowed = now();
  offered = allowed === "ask" && localStorage.getItem(OFFERED) === null;
}

/** Whether they are offered now. */
export function isOffered(): boolean {
  return offered && allowed === "ask";
}

/** It was answered: they are not offered again. */
export function settleOffer(): void {
  localStorage.setItem(OFFERED, "answered");
  offered = false;
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
