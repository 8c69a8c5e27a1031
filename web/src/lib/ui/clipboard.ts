// The clipboard. Browsers give it only to pages that come by HTTPS or from the same machine: on others text
// is copied by marking it, as before there was one.

import { t } from "../i18n/index.svelte.js";
import { toast } from "./toasts.svelte.js";

/** Copies text. Whether it could be; where not, that is told. */
export async function copyText(text: string): Promise<boolean> {
  const done = await (isSecureContext ? navigator.clipboard.writeText(text).then(() => true, () => byMarking(text)) : byMarking(text));
  if (!done) toast(t("ui.not_copied"), { kind: "bad" });
  return done;
}

function byMarking(text: string): boolean {
  const before = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  area.style.cssText = "position: fixed; inset-block-start: 0; opacity: 0";
  // What is outside of an open dialog cannot be marked.
  (before?.closest("dialog") ?? document.body).append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return done;
}
