// Short notices of what happened, which can do one thing and go away by themselves, unless something would
// be lost with them.

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly kind: "info" | "good" | "bad";
  readonly action?: { readonly label: string; readonly run: () => void };
  /** Told when it is put away; such a notice stays until then. */
  readonly closed?: () => void;
}

const SHOWN_MAX = 4;
const STAYS_MS = 6000;
/** What can be acted on, or went wrong, is there for longer. */
const STAYS_LONGER_MS = 15_000;

let shown = $state.raw<readonly Toast[]>([]);
let count = 0;
const timers = new Map<number, ReturnType<typeof setTimeout>>();
let held = false;

export function toasts(): readonly Toast[] {
  return shown;
}

/** Shows a notice; what comes back takes it away. */
export function toast(text: string, more: Partial<Pick<Toast, "kind" | "action" | "closed">> = {}): () => void {
  count += 1;
  const made: Toast = { id: count, text, kind: "info", ...more };
  // Those that stay go last.
  const inTurn = [...shown.filter((one) => one.closed === undefined), ...shown.filter((one) => one.closed !== undefined)];
  for (const old of inTurn.slice(0, Math.max(0, shown.length + 1 - SHOWN_MAX))) dismiss(old.id);
  shown = [...shown, made];
  if (!held) start(made);
  return () => dismiss(made.id);
}

export function dismiss(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  shown = shown.filter((one) => one.id !== id);
}

/** While one is pointed at or has the focus, none goes away. */
export function hold(on: boolean): void {
  held = on;
  for (const timer of timers.values()) clearTimeout(timer);
  timers.clear();
  if (!on) for (const one of shown) start(one);
}

function start({ id, kind, action, closed }: Toast): void {
  if (closed !== undefined) return;
  const stays_ms = kind === "bad" || action !== undefined ? STAYS_LONGER_MS : STAYS_MS;
  timers.set(id, setTimeout(() => dismiss(id), stays_ms));
}
