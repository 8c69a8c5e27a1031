// What the list of places shows, from top to bottom: keys go in the same order.

import type { protocol } from "@kith/client";
import { get, type Readable } from "svelte/store";
import { FAVOURITES, orderOf, sectionsOf, type Section } from "./order.js";
import type { Site } from "./site.js";
import type { StreamModel } from "./stream.js";

type Of = { readonly streams: Readable<readonly StreamModel[]> };

/** The sections of a circle, with its archived streams in them. */
export function sectionsIn(streams: readonly protocol.Stream[]): readonly Section[] {
  return sectionsOf(streams.map((info) => ({ id: info.id, section: (info.kind === "channel" && info.section) || "" })));
}

/** The streams of a circle in the order of its sections, without those that are archived. */
export function streamsOf({ streams }: Of): readonly StreamModel[] {
  const all = new Map(get(streams).map((stream) => [stream.id, stream]));
  return sectionsIn([...all.values()].map(({ info }) => info)).flatMap(({ ids }) => ids.flatMap((id) => all.get(id) ?? [])).filter(isOpen);
}

/** Favourites in their order, those that are there; what is archived comes back to its place with the stream. */
export function favouritesIn(site: Pick<Site, "stream">, order: readonly protocol.StreamId[]): readonly StreamModel[] {
  return order.flatMap((id) => site.stream(id) ?? []).filter(isOpen);
}

/** What is listed where a circle is looked at, or the conversations: favourites first, and nothing that is archived. */
export function listed(site: Pick<Site, "preferences" | "conversations" | "stream">, circle: Of | undefined): readonly StreamModel[] {
  const favourites = favouritesIn(site, orderOf(site.preferences.get(FAVOURITES)));
  const others = circle === undefined ? get(site.conversations) : streamsOf(circle);
  return [...favourites, ...others.filter((stream) => !favourites.includes(stream) && isOpen(stream))];
}

/** The next one below (1) or above (-1) that is `wanted`, round and round; from nowhere, the first or the last. */
export function nextIn<T>(all: readonly T[], from: T | undefined, by: -1 | 1, wanted: (one: T) => boolean = () => true): T | undefined {
  const at = from === undefined ? -1 : all.indexOf(from);
  const [above, below] = [all.slice(0, Math.max(at, 0)), all.slice(at + 1)];
  return (by > 0 ? [...below, ...above] : [...above.toReversed(), ...below.toReversed()]).find(wanted);
}

function isOpen({ info }: StreamModel): boolean {
  return info.archived !== true;
}
