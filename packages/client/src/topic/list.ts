// Places in a list, by count and by the names of elements.

import { refusal } from "../error.js";
import type { Anchor, ElementId, Spot } from "../protocol.js";
import type { Element } from "./value.js";

/** Where the element is that `spot` means. */
export function find(elements: readonly Element[], spot: Spot): number {
  if ("at" in spot) {
    const place = spot.at < 0 ? elements.length + spot.at : spot.at;
    if (place < 0 || place >= elements.length) throw refusal("topic.out_of_range", "list");
    return place;
  }
  const place = "element" in spot ? named(elements, spot.element) : -1;
  if (place < 0) throw refusal("topic.element_not_found", "list");
  return place;
}

/** Where `name` is, looked for from about where it was; -1 if nowhere. */
export function named(elements: readonly Element[], name: ElementId, about = 0): number {
  if (elements[about]?.element === name) return about;
  return elements.findIndex((one) => one.element === name);
}

/**
 * Between which elements `anchor` is: the place that a new one would have. Counted without the
 * element at `moved`, if one is moved.
 */
export function gap(elements: readonly Element[], anchor?: Anchor, moved?: number): number {
  const count = elements.length - (moved === undefined ? 0 : 1);
  const without = (place: number) => (moved !== undefined && moved < place ? place - 1 : place);
  if (anchor === undefined) return count;
  if ("path" in anchor) throw refusal("topic.path_not_found", "list");
  if ("at" in anchor) {
    // Who counted on a longer list means its end.
    const place = anchor.at < 0 ? count + anchor.at + 1 : anchor.at;
    return Math.min(Math.max(place, 0), count);
  }
  if ("before" in anchor) return without(find(elements, { element: anchor.before }));
  const place = find(elements, { element: anchor.after });
  // After itself is where it is.
  return moved === place ? place : without(place) + 1;
}
