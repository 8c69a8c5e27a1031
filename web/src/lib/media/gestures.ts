// What fingers on a picture mean: one drags it or, where it fits into the window, goes on or leaves; two
// make it larger or smaller; two taps in one place do that, too. Points are told from the middle of the
// window.

import { FIT, bounded, pinched, toggled, type Point, type Size, type View } from "./zoom.js";

/** So far a finger may slip in a tap. */
const SLIP_PX = 8;
/** So far it goes to the side to go on, and down to leave. */
const ON_PX = 60;
const LEAVE_PX = 110;
/** Two taps mean one thing within this time and this distance. */
const TWICE_MS = 300;
const TWICE_PX = 40;

/** The picture that is under them. */
export interface Under {
  view: View;
  /** How far it is drawn from its place, while it fits. */
  drawn: Point;
  readonly fit: Size;
  readonly room: Size;
  /** The next picture at the right (1), or at the left (-1). */
  go(by: 1 | -1): void;
  leave(): void;
}

export const STILL: Point = { x: 0, y: 0 };

export class Gestures {
  /** Whether what is pressed, or was last, was moved, and so no click. */
  moved = false;
  /** Whether a finger was down last, and not a mouse. */
  is_touch = false;

  readonly #down = new Map<number, Point>();
  #from: { readonly at: Point; readonly apart: number; readonly view: View } = { at: STILL, apart: 1, view: FIT };
  /** Along which axis it is drawn; along none once there were two fingers. */
  #axis: "x" | "y" | "none" | undefined;
  #tapped: { readonly at: Point; readonly at_ms: number } | undefined;

  constructor(private readonly under: Under) {}

  get isDown(): boolean {
    return this.#down.size > 0;
  }

  press(id: number, at: Point, is_touch: boolean): void {
    // It went up elsewhere.
    if (this.#down.has(id)) this.#down.clear();
    // A third finger means nothing.
    if (this.#down.size >= 2) return;
    if (!this.isDown) {
      this.moved = false;
      this.#axis = undefined;
    }
    this.is_touch = is_touch;
    this.#down.set(id, at);
    if (this.#down.size > 1) this.#axis = "none";
    this.#begin();
  }

  move(id: number, to: Point): void {
    if (!this.#down.has(id)) return;
    this.#down.set(id, to);
    const { under } = this;
    const { at, apart, view } = this.#from;
    const now = this.#middle();
    const [x, y] = [now.x - at.x, now.y - at.y];
    this.moved ||= this.#down.size > 1 || Math.hypot(x, y) > SLIP_PX;
    if (!this.moved) return;
    if (this.#down.size > 1) under.view = pinched(view, at, now, this.#apart() / apart, under.fit, under.room);
    else if (under.view.scale > 1) under.view = bounded({ scale: view.scale, x: view.x + x, y: view.y + y }, under.fit, under.room);
    else if (this.is_touch) {
      this.#axis ??= Math.abs(x) > Math.abs(y) ? "x" : "y";
      under.drawn = { x: this.#axis === "x" ? x : 0, y: this.#axis === "y" ? Math.max(0, y) : 0 };
    }
  }

  release(id: number, at: Point, now_ms: number): void {
    if (!this.#down.delete(id)) return;
    // The finger that is left goes on from where it is, and draws nothing from its place.
    if (this.isDown) return this.#begin();
    const { under } = this;
    const { x, y } = under.drawn;
    under.drawn = STILL;
    if (!this.moved) this.#tap(at, now_ms);
    else if (Math.abs(x) > ON_PX) under.go(x < 0 ? 1 : -1);
    else if (y > LEAVE_PX) under.leave();
  }

  /** The browser made something else of it. */
  cancel(): void {
    this.#down.clear();
    this.under.drawn = STILL;
  }

  #tap(at: Point, now_ms: number): void {
    const before = this.#tapped;
    this.#tapped = undefined;
    if (!this.is_touch) return;
    const is_second = before !== undefined && now_ms - before.at_ms < TWICE_MS && Math.hypot(at.x - before.at.x, at.y - before.at.y) < TWICE_PX;
    if (is_second) this.under.view = toggled(this.under.view, at, this.under.fit, this.under.room);
    else this.#tapped = { at, at_ms: now_ms };
  }

  #begin(): void {
    this.under.drawn = STILL;
    this.#from = { at: this.#middle(), apart: this.#apart(), view: this.under.view };
  }

  #middle(): Point {
    const [one = STILL, two = one] = [...this.#down.values()];
    return { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 };
  }

  #apart(): number {
    const [one = STILL, two = one] = [...this.#down.values()];
    return Math.max(1, Math.hypot(one.x - two.x, one.y - two.y));
  }
}
