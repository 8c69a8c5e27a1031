// Orders that people make: of circles and favourites for themselves, of the streams of a circle in
// sections for everybody. Pure.

import type { protocol } from "@kith/client";
import type { Value } from "./preferences.js";

/** The names of the preferences that are orders. */
export const FAVOURITES = "favourites";
export const CIRCLES = "circles";
/** The most that one of them holds. */
export const ORDER_MAX = 200;

/** Beside what something is put: before it, or behind it. */
export interface Place<Id> {
  readonly id: Id;
  readonly after: boolean;
}

/** An order as it is kept; what is no id is left out. */
export function orderOf<Id extends string>(value: Value | undefined): readonly Id[] {
  return Array.isArray(value) ? [...new Set(value.filter((one): one is Id => typeof one === "string"))] : [];
}

/** Things in an order; those that are not in it follow as they were. */
export function inOrder<T extends { readonly id: string }>(items: readonly T[], order: readonly string[]): readonly T[] {
  const place = new Map(order.map((id, at) => [id, at]));
  return items.toSorted((one, two) => (place.get(one.id) ?? Infinity) - (place.get(two.id) ?? Infinity) || items.indexOf(one) - items.indexOf(two));
}

/** An order in which one thing is put beside another. */
export function put<Id>(order: readonly Id[], id: Id, beside: Place<Id>): readonly Id[] {
  if (beside.id === id) return order;
  const rest = order.filter((one) => one !== id);
  const at = rest.indexOf(beside.id);
  return at < 0 ? order : rest.toSpliced(at + (beside.after ? 1 : 0), 0, id);
}

/** Where something goes by one step up (-1) or down (1) among those that are `seen`; `undefined` at the end. */
export function step<Id>(seen: readonly Id[], id: Id, by: -1 | 1): Place<Id> | undefined {
  const beside = seen[seen.indexOf(id) + by];
  return seen.includes(id) && beside !== undefined ? { id: beside, after: by > 0 } : undefined;
}

type StreamId = protocol.StreamId;

/** Streams that stand together; without a name those before all sections. */
export interface Section {
  readonly name: string;
  readonly ids: readonly StreamId[];
}

/** The sections of streams, which are in their order. */
export function sectionsOf(streams: readonly { readonly id: StreamId; readonly section: string }[]): readonly Section[] {
  const found = new Map<string, StreamId[]>();
  for (const { id, section } of streams) found.set(section, [...(found.get(section) ?? []), id]);
  return inFront([...found].map(([name, ids]) => ({ name, ids })));
}

/** Where a stream goes: beside another, or into a section behind all others. */
export type Spot = Place<StreamId> | { readonly section: string };

/** Sections with a stream elsewhere; a section that is left empty is gone, one that is not there is made. */
export function placed(sections: readonly Section[], id: StreamId, spot: Spot): readonly Section[] {
  if ("id" in spot && spot.id === id) return sections;
  const without = sections.map(({ name, ids }) => ({ name, ids: ids.filter((one) => one !== id) }));
  const name = "section" in spot ? spot.section : without.find(({ ids }) => ids.includes(spot.id))?.name;
  if (name === undefined) return sections;
  const there = without.some((section) => section.name === name) ? without : [...without, { name, ids: [] }];
  const into = (ids: readonly StreamId[]) => ("section" in spot ? [...ids, id] : put([...ids, id], id, spot));
  return inFront(there.map((section) => (section.name === name ? { name, ids: into(section.ids) } : section)).filter(({ ids }) => ids.length > 0));
}

/**
 * Where a stream goes by one step up (-1) or down (1) among those that are `seen`: past the end of its
 * section it is in the next one.
 */
export function stepped(sections: readonly Section[], seen: ReadonlySet<StreamId>, id: StreamId, by: -1 | 1): Spot | undefined {
  const shown = sections.map(({ name, ids }) => ({ name, ids: ids.filter((one) => one === id || seen.has(one)) })).filter(({ ids }) => ids.length > 0);
  const at = shown.findIndex(({ ids }) => ids.includes(id));
  const own = shown[at];
  if (own === undefined) return undefined;
  const within = step(own.ids, id, by);
  if (within !== undefined) return within;
  const next = shown[at + by];
  if (next !== undefined) return by > 0 ? { id: next.ids[0] as StreamId, after: false } : { section: next.name };
  // Before the first section there is always a place.
  return by < 0 && own.name !== "" ? { section: "" } : undefined;
}

/** Sections with one of them a step further up (-1) or down (1); streams without a section stay in front. */
export function sectionMoved(sections: readonly Section[], name: string, by: -1 | 1): readonly Section[] {
  const named = sections.filter((section) => section.name !== "");
  const at = named.findIndex((section) => section.name === name);
  const own = named[at];
  if (own === undefined || at + by < 0 || at + by >= named.length) return sections;
  return [...sections.filter((section) => section.name === ""), ...named.toSpliced(at, 1).toSpliced(at + by, 0, own)];
}

/** Sections with another name for one of them; where there is one of that name, they become one. */
export function sectionRenamed(sections: readonly Section[], from: string, to: string): readonly Section[] {
  return sectionsOf(sections.flatMap(({ name, ids }) => ids.map((id) => ({ id, section: name === from ? to : name }))));
}

/** Sections as the server is told of them. */
export function arranged(sections: readonly Section[]): protocol.Arranged[] {
  return sections.map(({ name, ids }) => ({ ...(name === "" ? {} : { section: name }), streams: [...ids] }));
}

function inFront(sections: readonly Section[]): readonly Section[] {
  return [...sections.filter(({ name }) => name === ""), ...sections.filter(({ name }) => name !== "")];
}
