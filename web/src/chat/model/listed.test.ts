import type { protocol } from "@kith/client";
import { writable } from "svelte/store";
import { expect, test } from "vitest";
import { favouritesIn, listed, nextIn, streamsOf } from "./listed.js";
import { FAVOURITES, orderOf } from "./order.js";
import type { Site } from "./site.js";
import type { StreamModel } from "./stream.js";

/** `a`, `Work/b` in a section, `-c` archived. */
function read(text: string): StreamModel {
  const [, archived, section, name] = /^(-?)(?:(\w+)\/)?(\w+)$/.exec(text) ?? [];
  const id = `s_${name ?? ""}` as const;
  return { id, info: { id, kind: "channel", name, ...(section === undefined ? {} : { section }), ...(archived === "-" ? { archived: true } : {}) } as unknown as protocol.Stream } as StreamModel;
}
const circleOf = (...texts: string[]) => ({ streams: writable(texts.map(read)) });
const names = (all: readonly StreamModel[]) => all.map(({ id }) => id.slice(2)).join(" ");

function siteOf(favourites: string, all: readonly StreamModel[], conversations: readonly StreamModel[] = []) {
  const known = new Map([...all, ...conversations].map((one) => [one.id, one]));
  return {
    preferences: { get: () => favourites.split(" ").map((one) => `s_${one}`) },
    conversations: writable(conversations),
    stream: (id: protocol.StreamId) => known.get(id),
  } as unknown as Site;
}

test("a circle is listed in its sections, without what is archived", () => {
  expect(names(streamsOf(circleOf("Work/a", "b", "-c", "Work/d", "-Old/e", "f")))).toBe("b f a d");
  expect(names(streamsOf(circleOf("-a")))).toBe("");
});

test("favourites stand above the circle or the conversations that are looked at, each once and none archived", () => {
  const circle = circleOf("a", "Work/b", "-c", "d");
  const elsewhere = ["x", "-y"].map(read);
  const bob = read("bob");
  let held: readonly StreamModel[] = [];
  circle.streams.subscribe((all) => (held = all));
  const site = siteOf("x d y bob gone c", [...held, ...elsewhere], [bob, read("eve")]);
  expect(names(listed(site, circle))).toBe("x d bob a b");
  expect(names(listed(site, undefined))).toBe("x d bob eve");
});

test("a favourite that is archived is none while it is, and comes back to its place", () => {
  const all = ["a", "-ops", "b", "c"].map(read);
  const site = siteOf("a ops b", all);
  const order = orderOf<protocol.StreamId>(site.preferences.get(FAVOURITES));
  expect(names(favouritesIn(site, order))).toBe("a b");
  expect(names(listed(site, { streams: writable(all) }))).toBe("a b c");
  Object.assign(all[1]!.info, { archived: false });
  expect(names(favouritesIn(site, order))).toBe("a ops b");
});

test("one goes round and round, over what is not wanted, and from nowhere to an end", () => {
  const go = (from: string | undefined, by: -1 | 1, wanted = "abcd") => nextIn([..."abcd"], from, by, (one) => wanted.includes(one));
  expect([go("a", 1), go("d", 1), go("a", -1), go("c", -1)]).toEqual(["b", "a", "d", "b"]);
  expect([go("b", 1, "ab"), go("b", -1, "bd"), go("b", 1, "b")]).toEqual(["a", "d", undefined]);
  expect([go(undefined, 1), go(undefined, -1), go("x", 1), go("x", -1)]).toEqual(["a", "d", "a", "d"]);
});
