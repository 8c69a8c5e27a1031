// A short explanation beside what the pointer rests on or what has the focus. There is one at a
// time, in the top layer. It can be pointed at, and Escape takes it away.

import type { Attachment } from "svelte/attachments";
import { place, rectOf, type Side } from "./place.js";

const WAIT_MS = 450;
const LINGER_MS = 120;

let bubble: HTMLElement | undefined;
let owner: Element | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Explains an element with `text`; an empty text explains nothing. */
export function tooltip(text: string, side: Side = "top"): Attachment {
  return (node) => {
    if (text === "") return undefined;
    const soon = (event: Event) => {
      if (event instanceof PointerEvent && event.pointerType === "touch") return;
      later(WAIT_MS, () => show(node, text, side));
    };
    const focused = () => {
      if (node.matches(":focus-visible")) show(node, text, side);
    };
    const gone = () => later(LINGER_MS, hide);
    const now = () => later(0, hide);
    const listened: [string, (event: Event) => void][] = [
      ["pointerenter", soon], ["pointerleave", gone], ["focus", focused], ["blur", now], ["pointerdown", now],
    ];
    for (const [name, run] of listened) node.addEventListener(name, run);
    return () => {
      for (const [name, run] of listened) node.removeEventListener(name, run);
      if (owner === node) hide();
    };
  };
}

function later(wait_ms: number, run: () => void): void {
  clearTimeout(timer);
  timer = setTimeout(run, wait_ms);
}

function show(node: Element, text: string, side: Side): void {
  clearTimeout(timer);
  if (!node.isConnected) return;
  bubble ??= make();
  // Dialogs make everything outside of them inert, so it goes where its owner is.
  const home = node.closest("dialog") ?? document.body;
  if (bubble.parentElement !== home) home.append(bubble);
  bubble.textContent = text;
  owner = node;
  if (!bubble.matches(":popover-open")) bubble.showPopover();
  const { left, top } = place(rectOf(node), rectOf(bubble), { width: innerWidth, height: innerHeight }, { side, align: "center", rtl: false });
  bubble.style.left = `${left}px`;
  bubble.style.top = `${top}px`;
}

function hide(): void {
  clearTimeout(timer);
  owner = undefined;
  if (bubble?.matches(":popover-open") === true) bubble.hidePopover();
}

function make(): HTMLElement {
  const made = document.createElement("div");
  made.className = "tooltip";
  made.popover = "manual";
  // Its words are the name of its owner already.
  made.ariaHidden = "true";
  made.addEventListener("pointerenter", () => clearTimeout(timer));
  made.addEventListener("pointerleave", () => later(LINGER_MS, hide));
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") hide();
  }, true);
  document.addEventListener("scroll", hide, { capture: true, passive: true });
  return made;
}
