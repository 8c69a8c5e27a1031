// What is said to those who listen to the page and do not see it.

/** Together within this time, so that a burst is one announcement. */
const GATHER_MS = 400;
const WAITING_MAX = 5;

let said = $state({ polite: "", assertive: "" });
let waiting: string[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;
/** The same words twice are only said again where the text differs. */
let odd = false;

export function announced(): Readonly<{ polite: string; assertive: string }> {
  return said;
}

/** Has screen readers say something: when they have time, or at once. */
export function announce(text: string, how: "polite" | "assertive" = "polite"): void {
  if (how === "assertive") {
    said.assertive = marked(text);
    return;
  }
  waiting = [...waiting.slice(1 - WAITING_MAX), text];
  timer ??= setTimeout(() => {
    said.polite = marked(waiting.join("\n"));
    waiting = [];
    timer = undefined;
  }, GATHER_MS);
}

function marked(text: string): string {
  odd = !odd;
  return odd ? text : `${text}\u00a0`;
}
