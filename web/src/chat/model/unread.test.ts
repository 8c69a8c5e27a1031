import { get, writable, type Writable } from "svelte/store";
import { expect, test } from "vitest";
import type { Muted } from "./muted.js";
import type { Values } from "./preferences.js";
import type { Site } from "./site.js";
import type { Counts, StreamModel } from "./stream.js";
import { unreadIn, unreadOf } from "./unread.js";

type Fake = StreamModel & { readonly counts: Writable<Counts> };

/** A stream of a circle, or a conversation, with so much that is unread. */
function stream(id: string, circle: string | undefined, unread: number, mentions = 0): Fake {
  const counts = writable<Counts>({ read: 0, unread, mentions });
  const forMe = (one: Counts) => (circle === undefined ? Math.max(one.unread, one.mentions) : one.mentions);
  return { id, circle: circle === undefined ? undefined : { id: circle }, counts, forMe } as unknown as Fake;
}

function siteOf(circles: readonly (readonly Fake[])[], conversations: readonly Fake[]) {
  const values = writable<Values>({});
  const muted = writable<Muted>(new Set());
  const site = { circles: writable(circles.map((streams) => ({ streams: writable(streams) }))), conversations: writable(conversations), preferences: { values }, muted };
  return { site: site as unknown as Site, values, muted };
}

test("what is unread is added up, and of conversations all of it is for the user", () => {
  const { site } = siteOf([[stream("s_tea", "c_tea", 2, 1), stream("s_ops", "c_tea", 3)]], [stream("s_bob", undefined, 4)]);
  expect(get(unreadOf(site))).toEqual({ unread: 9, forMe: 5 });
});

test("what is muted counts nowhere, and what one wants to be told nothing of counts in its circle alone", () => {
  const [tea, ops] = [stream("s_tea", "c_tea", 2, 1), stream("s_ops", "c_tea", 3, 1)];
  const { site, values, muted } = siteOf([[tea, ops]], []);
  const counted = () => [get(unreadOf(site)).unread, get(unreadIn(site, writable([tea, ops]))).unread];
  values.set({ "notify:s_tea": { level: "nothing" } });
  expect(counted()).toEqual([3, 5]);
  values.set({ "notify:s_tea": { muted: true } });
  muted.set(new Set(["s_tea"]));
  expect(counted()).toEqual([3, 3]);
  values.set({ "notify:c_tea": { muted: true } });
  muted.set(new Set(["c_tea"]));
  expect(counted()).toEqual([0, 0]);
});

test("it is told as it changes: what comes, and which streams there are", () => {
  const tea = stream("s_tea", "c_tea", 0);
  const streams = writable<readonly StreamModel[]>([tea]);
  const told: number[] = [];
  const stop = unreadIn(siteOf([], []).site, streams).subscribe(({ unread }) => told.push(unread));
  tea.counts.set({ read: 0, unread: 1, mentions: 0 });
  streams.set([tea, stream("s_ops", "c_tea", 5)]);
  streams.set([]);
  tea.counts.set({ read: 0, unread: 9, mentions: 0 });
  stop();
  expect(told).toEqual([0, 1, 6, 0]);
});
