// How a picture lies in its window: how much larger than when it fits, and how far it is moved from
// the middle. Pure.

export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}
export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface Size {
  readonly width: number;
  readonly height: number;
}

export const FIT: View = { scale: 1, x: 0, y: 0 };
export const SCALE_MAX = 8;
/** How much larger it is when it is chosen by pressing twice. */
const NEAR = 2.5;

/** Moved no further than that some of it stays in the window. */
export function bounded({ scale, x, y }: View, fit: Size, room: Size): View {
  const far = (own: number, all: number) => Math.max(0, (own * scale - all) / 2);
  const clamp = (at: number, most: number) => (most === 0 ? 0 : Math.max(-most, Math.min(most, at)));
  return { scale, x: clamp(x, far(fit.width, room.width)), y: clamp(y, far(fit.height, room.height)) };
}

/** Larger or smaller by two fingers, whose middle went from one point to another, told from the middle of the window. */
export function pinched(view: View, from: Point, to: Point, by: number, fit: Size, room: Size): View {
  const scale = Math.max(1, Math.min(SCALE_MAX, view.scale * by));
  const share = scale / view.scale;
  return bounded({ scale, x: to.x - (from.x - view.x) * share, y: to.y - (from.y - view.y) * share }, fit, room);
}

/** Larger or smaller around a point. */
export function zoomed(view: View, by: number, at: Point, fit: Size, room: Size): View {
  return pinched(view, at, at, by, fit, room);
}

/** As large as the window where it is larger, otherwise larger around a point. */
export function toggled(view: View, at: Point, fit: Size, room: Size): View {
  return view.scale > 1 ? FIT : zoomed(view, NEAR, at, fit, room);
}
