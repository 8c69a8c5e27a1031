// A touch that stays where it is, which is what the other button of a mouse is elsewhere. Not every browser
// tells of it by itself, and where something can be dragged it begins with that.

import type { Attachment } from "svelte/attachments";

/** A touch that lasts so long is one. */
const HOLD_MS = 450;
/** A finger that moved further goes somewhere else. */
const STAYS_PX = 10;

/** Calls `run` where an element is touched for long; the touch means nothing else then. */
export function held(run: (at: { readonly x: number; readonly y: number }) => void): Attachment<HTMLElement> {
  return (node) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let from = { x: 0, y: 0 };
    let isHeld = false;
    let drags = false;

    const over = () => {
      clearTimeout(timer);
      timer = undefined;
      if (drags) node.draggable = true;
      drags = false;
    };
    const down = ({ pointerType, isPrimary, clientX: x, clientY: y }: PointerEvent) => {
      over();
      isHeld = false;
      if (pointerType !== "touch" || !isPrimary) return;
      drags = node.draggable;
      node.draggable = false;
      from = { x, y };
      timer = setTimeout(() => {
        isHeld = true;
        run(from);
      }, HOLD_MS);
    };
    const moved = ({ clientX, clientY }: PointerEvent) => {
      if (timer !== undefined && Math.hypot(clientX - from.x, clientY - from.y) > STAYS_PX) over();
    };
    const clicked = (event: MouseEvent) => {
      if (!isHeld) return;
      isHeld = false;
      event.preventDefault();
      event.stopPropagation();
    };
    node.addEventListener("pointerdown", down);
    node.addEventListener("pointermove", moved);
    for (const name of ["pointerup", "pointercancel"] as const) node.addEventListener(name, over);
    node.addEventListener("click", clicked, true);
    return () => {
      over();
      node.removeEventListener("pointerdown", down);
      node.removeEventListener("pointermove", moved);
      for (const name of ["pointerup", "pointercancel"] as const) node.removeEventListener(name, over);
      node.removeEventListener("click", clicked, true);
    };
  };
}
