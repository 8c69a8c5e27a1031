// Where a list is that grows at both ends and whose rows change their heights: it holds on to one
// row, or to its end, and says how far to scroll so that this stays where it is. Pure.

import { Heights, type Key } from "./heights.js";

/** A place to come back to: the end, or a row and how far below the top of the window it begins. */
export type Place = "end" | { readonly key: Key; readonly below: number };
/** How a row that is looked for is shown. */
export type Align = "start" | "center" | "nearest";
/** Which rows are to be there: from the first up to the second, without it. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Closer to the end than this is at the end: there are halves of pixels. */
const AT_END = 3;

export class FeedModel {
  readonly heights: Heights;
  /** How far it is scrolled, how high the window is, and how much there is before the first row. */
  top = 0;
  room = 0;
  before = 0;
  #held: Place;

  /** `holds` says of which rows one can hold on to one: others move when more come, as the day that they are of. */
  constructor(guess: number, start: Place, private readonly holds: (key: Key) => boolean = () => true) {
    this.heights = new Heights(guess);
    this.#held = start;
  }

  get end(): number {
    return Math.max(0, this.before + this.heights.total - this.room);
  }

  get isAtEnd(): boolean {
    return this.#held === "end";
  }

  /** What is held on to. */
  get place(): Place {
    return this.#held;
  }

  /** The rows are these now. */
  setKeys(keys: readonly Key[]): void {
    const held = this.#held;
    const was = held === "end" ? undefined : this.heights.placeOf(held.key);
    // Where the row is gone, the nearest that is left stays where it is.
    if (held !== "end" && was !== undefined && !keys.includes(held.key)) this.#held = this.#nearest(was, new Set(keys));
    this.heights.setKeys(keys);
  }

  #nearest(of: number, left: ReadonlySet<Key>): Place {
    for (let step = 1; step < this.heights.count; step += 1) {
      for (const place of [of + step, of - step]) {
        const key = this.heights.keyOf(place);
        if (key !== undefined && left.has(key)) return this.#hold(place, key);
      }
    }
    return "end";
  }

  #hold(place: number, key: Key): Place {
    return { key, below: this.before + this.heights.top(place) - this.top };
  }

  /** How far to scroll, so that what is held stays where it is. */
  settle(): number {
    const held = this.#held;
    const place = held === "end" ? undefined : this.heights.placeOf(held.key);
    const wanted = held === "end" ? this.end
      : place === undefined ? this.top
      : this.before + this.heights.top(place) - held.below;
    this.top = Math.max(0, Math.min(wanted, this.end));
    return this.top;
  }

  /** Somebody scrolled. `isLast` says that nothing newer is to come. */
  scrolled(top: number, isLast: boolean): void {
    this.top = top;
    if (isLast && top >= this.end - AT_END) {
      this.#held = "end";
      return;
    }
    // The first row that begins in the window: one that begins above it may grow into it.
    let place = this.heights.placeAt(top - this.before);
    const isCut = this.before + this.heights.top(place) < top;
    if (isCut && place + 1 < this.heights.count && this.before + this.heights.top(place + 1) < top + this.room) place += 1;
    let key = this.heights.keyOf(place);
    while (key !== undefined && !this.holds(key) && place + 1 < this.heights.count) key = this.heights.keyOf((place += 1));
    if (key !== undefined) this.#held = this.#hold(place, key);
  }

  /** What is newest is no longer the end: holds on to the row that is at the top. */
  letGo(): void {
    if (this.#held === "end") this.scrolled(this.top, false);
  }

  toEnd(): void {
    this.#held = "end";
  }

  /** Brings a row into the window; whether it is there. */
  reveal(key: Key, align: Align): boolean {
    const place = this.heights.placeOf(key);
    if (place === undefined) return false;
    const below = this.before + this.heights.top(place) - this.top;
    const height = this.heights.height(place);
    const last = Math.max(0, this.room - height);
    if (align === "nearest" && below >= 0 && below <= last) return true;
    const wanted = align === "start" ? 0 : align === "center" ? last / 2 : below < 0 ? 0 : last;
    this.#held = { key, below: wanted };
    return true;
  }

  /** The rows in the window and `spare` pixels beyond both ends. */
  range(spare: number): Range {
    if (this.heights.count === 0) return { from: 0, to: 0 };
    const from = this.heights.placeAt(this.top - this.before - spare);
    const to = this.heights.placeAt(this.top - this.before + this.room + spare) + 1;
    return { from, to };
  }

  /** The rows that can be read: all of them is in the window, or all of the window is them. */
  seen(): Range {
    const [start, end] = [this.top - this.before, this.top - this.before + this.room];
    let { from, to } = this.range(0);
    const covers = (place: number) => this.heights.top(place) <= start && this.heights.top(place + 1) >= end;
    if (from < to && this.heights.top(from) < start - AT_END && !covers(from)) from += 1;
    if (from < to && this.heights.top(to) > end + AT_END && !covers(to - 1)) to -= 1;
    return { from, to };
  }
}
