// Where something that floats goes: beside what it belongs to, on the other side where there is more
// room, and never outside of the window. Pure but for `rectOf`.

export interface Rect {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}
/** Before and after are left and right, as the text goes. */
export type Side = "top" | "bottom" | "before" | "after";
export type Align = "start" | "center" | "end";
export interface Wish {
  readonly side: Side;
  readonly align: Align;
  readonly rtl: boolean;
}

/** Between it and what it belongs to. */
const GAP = 6;
/** Between it and the edges of the window. */
const EDGE = 8;

export function place(anchor: Rect, size: Pick<Rect, "width" | "height">, room: Pick<Rect, "width" | "height">, wish: Wish): { left: number; top: number } {
  const clamp = (at: number, length: number, all: number) => Math.max(EDGE, Math.min(at, all - length - EDGE));
  /** Beside the anchor: at its beginning or its end, the other where it does not fit there but here. */
  const beside = (from: number, length: number, own: number, all: number, first: boolean) => {
    const [before, after] = [from - own - GAP, from + length + GAP];
    const fits = (at: number) => at >= EDGE && at + own <= all - EDGE;
    const [wished, other] = first ? [before, after] : [after, before];
    if (fits(wished) || fits(other)) return fits(wished) ? wished : other;
    return clamp(from > all - from - length ? before : after, own, all);
  };
  const along = (from: number, length: number, own: number, all: number, align: Align) => {
    const at = align === "start" ? from : align === "end" ? from + length - own : from + (length - own) / 2;
    return clamp(at, own, all);
  };
  const flipped = wish.rtl && wish.align !== "center" ? (wish.align === "start" ? "end" : "start") : wish.align;
  if (wish.side === "top" || wish.side === "bottom") {
    return {
      left: along(anchor.left, anchor.width, size.width, room.width, flipped),
      top: beside(anchor.top, anchor.height, size.height, room.height, wish.side === "top"),
    };
  }
  return {
    left: beside(anchor.left, anchor.width, size.width, room.width, (wish.side === "before") !== wish.rtl),
    top: along(anchor.top, anchor.height, size.height, room.height, wish.align),
  };
}

export function rectOf(element: Element): Rect {
  const { left, top, width, height } = element.getBoundingClientRect();
  return { left, top, width, height };
}
