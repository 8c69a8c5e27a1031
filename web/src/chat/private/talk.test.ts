import type { PrivateEvent } from "@kith/client/private";
import { expect, test } from "vitest";
import { begun, fileOf, isOpen, LINES_MAX, told, type Talk } from "./talk.js";

const ANA = "u_ana";
type What = PrivateEvent extends infer Event ? (Event extends { id: string } ? Omit<Event, "id"> : never) : never;

/** What there is after all of this, which nobody looks at. */
function check(stage: "inviting" | "invited", events: readonly What[]): Talk {
  return events.reduce<Talk>((talk, what, place) => told(talk, { id: "1", ...what } as PrivateEvent, 1000 * place, false), begun(undefined, ANA, "1", stage));
}

test("a session goes from an invitation to its end, which closes what was on its way", () => {
  const events: What[] = [
    { ringing: { devices: 2 } },
    { accepted: { user: ANA } },
    { agreed: { user: ANA, words: [["🐶", "dog"]], trust: "first" } },
    { connected: {} },
    { message: { text: "tea?" } },
    { offered: { file: 1, name: "leaf.txt", size: 10 } },
    { progress: { file: 1, ours: false, bytes: 4, size: 10 } },
  ];
  const talk = check("inviting", events);
  expect([talk.stage, talk.rings, talk.trust, talk.unread]).toEqual(["connected", 2, "first", 2]);
  expect(fileOf(talk, 1, false)).toMatchObject({ stage: "going", bytes: 4 });
  const lost = check("inviting", [...events, { disconnected: {} }]);
  expect([lost.stage, lost.lost]).toEqual(["connecting", true]);
  const over = check("inviting", [...events, { ended: { user: ANA, why: "ended" } }]);
  expect([over.stage, over.why, over.id, isOpen(over)]).toEqual(["over", "ended", undefined, false]);
  expect(fileOf(over, 1, false)?.stage).toBe("dropped");
});

test("an invitation that crossed another goes on with that one", () => {
  expect(isOpen(check("inviting", [{ ended: { user: ANA, why: "crossed" } }]))).toBe(true);
});

test("files of both sides have numbers of their own", () => {
  const talk = check("invited", [{ offered: { file: 1, name: "theirs", size: 1 } }, { dropped: { file: 1, ours: true, why: "" } }]);
  expect(fileOf(talk, 1, false)?.stage).toBe("offered");
});

test("what is held has an end", () => {
  const talk = check("invited", Array.from({ length: LINES_MAX + 50 }, (_, place) => ({ message: { text: String(place) } })));
  expect(talk.lines.length).toBe(LINES_MAX);
  expect(talk.lines.at(-1)).toMatchObject({ text: String(LINES_MAX + 49) });
});
