import type { Entry, protocol } from "@kith/client";
import { expect, test } from "vitest";
import { Rows, type Row } from "./rows.js";

const [ANA, BOB] = ["u_ana", "u_bob"] as const;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const said = (seq: number, author: protocol.UserId, at_min: number, more: Partial<protocol.Message> = {}): Entry =>
  ({ state: "confirmed", message: { seq, author, at: at_min * MINUTE, text: `m${seq}`, ...more } });
const sending = (op: string): Entry => ({ state: "sending", op, draft: { text: op } });

const maker = () => new Rows((at) => Math.floor(at / DAY));
const make = (lines: readonly Entry[], new_after?: number) => maker().make({ lines, new_after, me: ANA });

/** A row in short: what begins a group has its author before it. */
const short = (row: Row) =>
  row.kind === "message" ? (row.is_first ? `${row.message.author.slice(2)}:${row.message.seq}` : `${row.message.seq}`)
  : row.kind === "own" ? (row.is_first ? `ana:${row.line.draft.text}` : row.line.draft.text)
  : row.kind;
const shown = (lines: readonly Entry[], new_after?: number) => make(lines, new_after).map(short).join(" ");

test("messages of one author belong together for a while", () => {
  expect(shown([said(1, BOB, 0), said(2, BOB, 4), said(3, BOB, 10), said(4, ANA, 10)])).toBe("day bob:1 2 bob:3 ana:4");
});

test("an answer and another day begin anew", () => {
  const lines = [said(1, BOB, 0), said(2, BOB, 1, { reply_to: 1 }), said(3, BOB, 24 * 60)];
  expect(shown(lines)).toBe("day bob:1 bob:2 day bob:3");
});

test("what is new begins with the first message of others behind the marker", () => {
  const lines = [said(1, BOB, 0), said(2, ANA, 1), said(3, BOB, 1), said(4, BOB, 2)];
  expect(shown(lines, 1)).toBe("day bob:1 ana:2 new bob:3 4");
  expect(shown(lines, 4)).toBe("day bob:1 ana:2 bob:3 4");
  expect(shown(lines)).not.toContain("new");
});

test("what is on its way follows, with its author where that was somebody else", () => {
  expect(shown([said(1, ANA, 0), sending("x")])).toBe("day ana:1 x");
  expect(shown([said(1, BOB, 0), sending("x")])).toBe("day bob:1 ana:x");
});

test("rows that did not change are the same objects", () => {
  const rows = maker();
  const lines = [said(1, BOB, 0), said(2, BOB, 1)];
  const before = rows.make({ lines, new_after: undefined, me: ANA });
  const after = rows.make({ lines: [...lines, said(3, BOB, 2)], new_after: undefined, me: ANA });
  expect(after.slice(0, 3).map((row, place) => row === before[place])).toEqual([true, true, true]);
  const edited = said(2, BOB, 1, { text: "other" });
  const changed = rows.make({ lines: [lines[0] as Entry, edited], new_after: undefined, me: ANA });
  expect([changed[1] === before[1], changed[2] === before[2]]).toEqual([true, false]);
});
