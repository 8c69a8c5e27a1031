// What there is with one user: how far the session is, and what was said in it, which is nowhere else. Pure.

import type { End, PrivateEvent, Trust, Word } from "@kith/client/private";
import type { protocol } from "@kith/client";

type UserId = protocol.UserId;

/** How far a session is. */
export type Stage =
  /** The user invited, and waits for an answer. */
  | "inviting"
  /** The user is invited, and has not answered. */
  | "invited"
  /** Both want to, and the devices look for a way. */
  | "connecting"
  /** What is said arrives. */
  | "connected"
  | "over";

/** How far a file is. */
export type FileStage =
  /** Nothing of it is sent before it is taken. */
  | "offered"
  | "going"
  /** All of it arrived, and its sum was right. */
  | "whole"
  | "dropped";

/** What happened to a session that stands between what was said. */
export type Happening = "accepted" | "connected" | "disconnected" | "verified" | "over";

/** A line of what was said and done. */
export type Line = { readonly key: number; readonly at_ms: number } & (
  | { readonly is: "said"; readonly mine: boolean; readonly text: string }
  | { readonly is: "file"; readonly mine: boolean; readonly file: number; readonly name: string; readonly size: number; readonly bytes: number; readonly stage: FileStage; readonly why: string }
  | { readonly is: "word"; readonly happening: Happening; readonly why?: End | undefined }
);

export interface Talk {
  readonly user: UserId;
  /** Absent before the SDK named the session. */
  readonly id: string | undefined;
  readonly stage: Stage;
  /** Devices of the other side on which it rings. */
  readonly rings: number;
  /** There was a connection, and it is looked for again. */
  readonly lost: boolean;
  readonly trust: Trust | undefined;
  readonly words: readonly Word[];
  readonly why: End | undefined;
  readonly lines: readonly Line[];
  /** Until then the other side is shown as writing. */
  readonly typing_until_ms: number;
  /** Messages and offers that nobody looked at. */
  readonly unread: number;
}

/** Lines that are held of what was said with one user. */
export const LINES_MAX = 1000;
/** For so long somebody is shown as writing who was told of once. */
export const TYPING_MS = 6000;

/** A session that begins; what was said before stays until its panel is closed. */
export function begun(before: Talk | undefined, user: UserId, id: string | undefined, stage: Stage): Talk {
  const settled = (line: Line): Line => (line.is === "file" && (line.stage === "offered" || line.stage === "going") ? { ...line, stage: "dropped" } : line);
  const lines = (before?.lines ?? []).map(settled);
  return { user, id, stage, rings: 0, lost: false, trust: undefined, words: [], why: undefined, lines, typing_until_ms: 0, unread: before?.unread ?? 0 };
}

type Unkeyed<Of> = Of extends unknown ? Omit<Of, "key" | "at_ms"> : never;

/** A talk with one more line. */
export function withLine(talk: Talk, line: Unkeyed<Line>, now_ms: number): Talk {
  const key = (talk.lines.at(-1)?.key ?? 0) + 1;
  return { ...talk, lines: [...talk.lines.slice(1 - LINES_MAX), { ...line, key, at_ms: now_ms } as Line] };
}

type FileLine = Extract<Line, { is: "file" }>;

/** A file of the session that goes on, by its number and whose it is. */
export function fileOf(talk: Talk, file: number, mine: boolean): FileLine | undefined {
  return talk.lines.findLast((line): line is FileLine => line.is === "file" && line.file === file && line.mine === mine);
}

/** A talk in which a file is otherwise. */
export function withFile(talk: Talk, file: number, mine: boolean, change: Partial<Pick<FileLine, "stage" | "bytes" | "why">>): Talk {
  const of = fileOf(talk, file, mine);
  return of === undefined ? talk : { ...talk, lines: talk.lines.map((line) => (line === of ? { ...of, ...change } : line)) };
}

/** Whether there is something that goes on. */
export function isOpen(talk: Talk | undefined): boolean {
  return talk !== undefined && talk.stage !== "over";
}

/** A talk after what the SDK told of it; `looked` says that the user looks at it. */
export function told(talk: Talk, event: PrivateEvent, now_ms: number, looked: boolean): Talk {
  const fresh = looked ? 0 : talk.unread + 1;
  if ("ringing" in event) return { ...talk, rings: event.ringing.devices };
  if ("accepted" in event) return withLine({ ...talk, stage: "connecting" }, { is: "word", happening: "accepted" }, now_ms);
  if ("agreed" in event) return { ...talk, words: event.agreed.words, trust: event.agreed.trust };
  if ("connected" in event) return withLine({ ...talk, stage: "connected", lost: false }, { is: "word", happening: "connected" }, now_ms);
  if ("disconnected" in event) return withLine({ ...talk, stage: "connecting", lost: true, typing_until_ms: 0 }, { is: "word", happening: "disconnected" }, now_ms);
  if ("message" in event) return withLine({ ...talk, typing_until_ms: 0, unread: fresh }, { is: "said", mine: false, text: event.message.text }, now_ms);
  if ("typing" in event) return { ...talk, typing_until_ms: now_ms + TYPING_MS };
  if ("offered" in event) {
    return withLine({ ...talk, unread: fresh }, { is: "file", mine: false, ...event.offered, bytes: 0, stage: "offered", why: "" }, now_ms);
  }
  if ("progress" in event) {
    const { file, ours, bytes } = event.progress;
    return withFile(talk, file, ours, { stage: "going", bytes });
  }
  if ("whole" in event) {
    const { file, ours } = event.whole;
    const { size } = fileOf(talk, file, ours) ?? { size: 0 };
    return withFile(talk, file, ours, { stage: "whole", bytes: size });
  }
  if ("dropped" in event) {
    const { file, ours, why } = event.dropped;
    return withFile(talk, file, ours, { stage: "dropped", why });
  }
  if ("ended" in event) {
    const { why } = event.ended;
    // The other invitation goes on, and tells so itself.
    const over = begun(talk, talk.user, undefined, why === "crossed" ? "connecting" : "over");
    return withLine({ ...over, why, trust: talk.trust, words: talk.words }, { is: "word", happening: "over", why }, now_ms);
  }
  return talk;
}
