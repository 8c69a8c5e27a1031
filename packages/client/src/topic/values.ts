// The values of topics as a program shows them: what the server ordered, and on top of it the
// program's own transactions that are still on their way. Pure; fed with events and answers.
//
// A transaction is shown at once, reckoned anew over whatever happens before it, and no longer shown
// once the server refuses it. What does not fit any more is not shown; the server has the last word.
// What one transaction does to several topics is shown in one step, whoever made it: while a topic is
// caught up with, nothing that others do is shown in any.
//
// Edits of a string count on a text that the server has to know: while something else of ours is on
// its way to the same string they are held, and become one transaction.

import { invalid, KithError } from "../error.js";
import { same, type Json } from "../json.js";
import type { Asked, Change, Condition, Fact, FeedId, Kind, OpId, Outcome, Seq, TopicId } from "../protocol.js";
import { resolve } from "./resolve.js";
import { allOver, allPast, compose, difference, editAll, inTurn, inverse, type Splice } from "./splice.js";
import { apply, ofSnapshot, whole, type State } from "./state.js";
import { told, type Value } from "./value.js";

/** Transactions that may be on their way at a time. */
export const TRANSACTIONS_MAX = 1000;
/** Changes that a transaction may have. */
export const CHANGES_MAX = 1000;

/** Edits of a string that were not sent yet, counted on the text that is shown before them. */
interface Edits {
  splices: readonly Splice[];
  on: string;
}

/** A change of a transaction, or the edits that it makes of one string. */
interface Part {
  readonly topic: TopicId;
  /** Which change it is of those that were asked for, counted from 0. */
  readonly origin: number;
  readonly change?: Change;
  edits?: Edits;
  /** Of a string: what it does to the text that is shown. */
  shown?: Splice | undefined;
  /** It is part of the value that the server told. */
  arrived: boolean;
  /** It is part of the value that what is shown stands on. */
  confirmed: boolean;
}

/** What goes along with changes. */
export interface Along {
  /** What must hold before. */
  readonly when?: readonly Condition[];
  /** What makes it one step with the user's last one, when that has the same. */
  readonly group?: string;
}

interface Transaction {
  readonly id: number;
  parts: Part[];
  readonly along: Along;
  /** Its name, once it was sent. */
  op?: OpId;
  /** A snapshot came that may have it already. */
  doubtful?: boolean;
  /** The server did it; its last event in each topic. */
  places?: ReadonlyMap<string, Seq>;
}

interface Held {
  /** The last event in `confirmed`. */
  seq: Seq;
  /** The value that the server told. */
  confirmed: State;
  /** The value as it was when what is known was last whole; absent where that is `confirmed`. */
  ground?: State | undefined;
  shown: State;
}

/** A transaction to be sent. */
export interface Sending {
  readonly id: number;
  readonly op: OpId;
  readonly changes: Asked[];
  readonly along: Along;
}

/** What happened to texts before what is shown on top of them. */
type Drift = Map<TopicId, readonly Splice[]>;

/** The topics of a client and its transactions. */
export class Values {
  readonly #held = new Map<TopicId, Held>();
  #pending: Transaction[] = [];
  #last_id = 0;
  readonly #changed = new Set<TopicId>();
  /** Topics that are being caught up with. */
  readonly #behind = new Set<TopicId>();
  /** Topics in which something happened since what is known was last whole, and what to texts. */
  #news: Drift = new Map();
  /** Whether nothing but what was expected happened in them. */
  #expected = true;

  /** What is shown of a topic; `undefined` where it is not known. */
  shown(topic: TopicId): Value | undefined {
    return this.#held.get(topic)?.shown.value;
  }

  /** The last event that is known of a topic. */
  seq(topic: TopicId): Seq | undefined {
    return this.#held.get(topic)?.seq;
  }

  /** Whether changes of a topic are on their way. */
  isPending(topic: TopicId): boolean {
    return this.#pending.some((one) => concerns(one, topic));
  }

  /** The topics whose shown value changed since this was last asked. */
  changed(): TopicId[] {
    const all = [...this.#changed];
    this.#changed.clear();
    return all;
  }

  /** A snapshot takes the place of everything that was confirmed. */
  snapshot(topic: TopicId, kind: Kind, value: Json, seq: Seq): void {
    const confirmed = ofSnapshot(kind, value, seq);
    const held = this.#held.get(topic);
    if (held === undefined) {
      this.#held.set(topic, { seq, confirmed, shown: confirmed });
      this.#changed.add(topic);
      this.#replay([topic], new Map());
      return;
    }
    for (const one of this.#pending) {
      // Whether the snapshot has it is known when its answer comes.
      if (one.op !== undefined && one.places === undefined && concerns(one, topic)) one.doubtful = true;
    }
    held.ground ??= held.confirmed;
    held.confirmed = confirmed;
    held.seq = seq;
    this.#note(topic);
    this.#pending.forEach((one) => this.#arrive(one));
    this.#settle();
  }

  /** The next event of a topic did not change its value, or not in a way that is told. */
  passed(topic: TopicId, seq: Seq): void {
    const held = this.#held.get(topic);
    if (held !== undefined) held.seq = Math.max(held.seq, seq);
  }

  /** The next event of a topic changed its value; `op` is its name if it is of this user. */
  event(topic: TopicId, seq: Seq, fact: Fact, op?: OpId): void {
    const held = this.#held.get(topic);
    if (held === undefined || seq <= held.seq) return;
    held.ground ??= held.confirmed;
    held.confirmed = apply(held.confirmed, seq, fact);
    held.seq = seq;
    const own = op === undefined ? undefined : this.#pending.find((one) => one.op === op);
    const part = own?.parts.find((one) => one.topic === topic && !one.arrived);
    if (part !== undefined) part.arrived = true;
    this.#note(topic, part === undefined ? fact : undefined, part !== undefined);
    this.#settle();
  }

  /** What happens in a topic is not told at present; it will be caught up with. */
  behind(topic: TopicId): void {
    if (this.#held.has(topic)) this.#behind.add(topic);
  }

  /** The connection is gone: nothing is told at present. */
  offline(): void {
    for (const topic of this.#held.keys()) this.#behind.add(topic);
  }

  /** These feeds have been caught up with. */
  settled(feeds: readonly FeedId[]): void {
    for (const feed of feeds) this.#behind.delete(feed as TopicId);
    this.#settle();
  }

  /** Whether what others do is not shown at present, for it may be half of something. */
  isFrozen(): boolean {
    return this.#behind.size > 0 || this.#pending.some((one) => one.doubtful === true);
  }

  /** Notes that something happened in a topic: `fact`, if it was not of this client. */
  #note(topic: TopicId, fact?: Fact, expected = false): void {
    const before = this.#news.get(topic) ?? [];
    this.#news.set(topic, fact !== undefined && "splice" in fact ? [...before, whole(fact.splice)] : before);
    this.#expected &&= expected;
  }

  /** Shows what is known, if that is whole. */
  #settle(): void {
    if (this.isFrozen()) return;
    for (const { parts } of this.#pending) for (const part of parts) part.confirmed = part.arrived;
    for (const topic of this.#news.keys()) {
      const held = this.#held.get(topic);
      if (held !== undefined) held.ground = undefined;
    }
    const [news, expected] = [this.#news, this.#expected];
    this.#news = new Map();
    this.#expected = true;
    if (news.size > 0) this.#replay([...news.keys()], news, expected);
    this.#forget();
  }

  /** A topic is followed no longer. */
  drop(topic: TopicId): void {
    this.#held.delete(topic);
    this.#behind.delete(topic);
    this.#news.delete(topic);
    for (const { parts } of this.#pending) {
      for (const part of parts) if (part.topic === topic && part.change !== undefined) part.arrived = true;
    }
    this.#settle();
  }

  /**
   * Shows a transaction as done; its number. Nothing is shown or sent where it does not fit what is
   * shown.
   *
   * Throws a `KithError` with the code that the server would refuse it with.
   */
  change(changes: readonly Asked[], along: Along = {}): number {
    if (changes.length > CHANGES_MAX || (along.when?.length ?? 0) > CHANGES_MAX) {
      throw new KithError({ code: "limit.too_many", message: `there are ${CHANGES_MAX} already, which is the most` });
    }
    const parts = this.#parts(changes);
    const joined = isPlain(along) ? this.#join(parts) : undefined;
    if (joined !== undefined) return joined;
    if (this.#pending.length >= TRANSACTIONS_MAX) {
      throw new KithError({ code: "client.busy", message: "too much waits for an answer already", retry_ms: 1000 });
    }
    this.#last_id += 1;
    this.#pending.push({ id: this.#last_id, parts, along });
    this.#replay(parts.map((part) => part.topic), new Map());
    return this.#last_id;
  }

  /** What changes come to on what is shown. */
  #parts(changes: readonly Asked[]): Part[] {
    const states = new Map<TopicId, State>();
    const texts = new Map<TopicId, { origin: number; on: string; splices: Splice[]; set: boolean }>();
    const parts: Part[] = [];
    changes.forEach(({ topic, change }, origin) => {
      const state = states.get(topic) ?? this.#held.get(topic)?.shown;
      if (state === undefined) {
        if ("splice" in change) throw invalid("this string is not followed");
        parts.push({ topic, origin, change, arrived: false, confirmed: false });
        return;
      }
      // Not sent, so the number is nobody's; it is higher than all that were reckoned with.
      const seq = next(state, this.#held.get(topic)?.seq ?? 0);
      const fact = placed(origin, changes.length, () => resolve(state, seq, change));
      states.set(topic, apply(state, seq, fact));
      if (state.value.kind !== "string") {
        parts.push({ topic, origin, change: byName(change, fact), arrived: false, confirmed: false });
        return;
      }
      const text = texts.get(topic) ?? { origin, on: state.value.held, splices: [], set: false };
      if ("splice" in fact) text.splices.push(whole(fact.splice));
      else text.set = true;
      texts.set(topic, text);
    });
    for (const [topic, { origin, on, splices, set }] of texts) {
      const value = states.get(topic)?.value.held as string;
      const part: Part = set
        ? { topic, origin, change: { set: { value } }, arrived: false, confirmed: false }
        : { topic, origin, edits: { splices: compose(splices), on }, arrived: false, confirmed: false };
      parts.push(part);
    }
    return parts.sort((one, two) => one.origin - two.origin);
  }

  /**
   * Takes edits into the last transaction, if both edit one string and nothing else, what they edit
   * touches, and it was not sent yet; its number.
   */
  #join(parts: readonly Part[]): number | undefined {
    const last = this.#pending.at(-1);
    const [one, held] = [parts[0], last?.parts[0]];
    const alone = parts.length === 1 && last?.parts.length === 1 && isPlain(last.along);
    if (!alone || one?.edits === undefined || held?.edits === undefined || held.topic !== one.topic) return undefined;
    const splices = compose([...inTurn(held.edits.splices), ...inTurn(one.edits.splices)]);
    if (splices.length !== 1) return undefined;
    held.edits = { splices, on: held.edits.on };
    this.#replay([held.topic], new Map());
    return last.id;
  }

  /** The transactions that may be sent now, in order; they count as sent, under these names. */
  take(newOp: () => OpId): Sending[] {
    const frozen = this.isFrozen();
    const waiting = new Set<TopicId>();
    const ahead = new Set<TopicId>();
    const all: Sending[] = [];
    for (const one of this.#pending) {
      const open = one.parts.filter((part) => !part.confirmed);
      if (one.op === undefined) {
        const waits = one.parts.some((part) =>
          waiting.has(part.topic) || (part.edits !== undefined && (frozen || ahead.has(part.topic))));
        if (waits) one.parts.forEach((part) => waiting.add(part.topic));
        else all.push(this.#send(one, newOp()));
      }
      open.forEach((part) => ahead.add(part.topic));
    }
    this.#forget();
    return all;
  }

  #send(one: Transaction, op: OpId): Sending {
    one.op = op;
    one.parts = one.parts.flatMap((part): Part[] => {
      const { topic, origin, edits } = part;
      if (edits === undefined) return [part];
      const after = this.#held.get(topic)?.seq;
      const shown = inTurn(edits.splices);
      return edits.splices.map(({ at, delete: taken, insert }, place): Part => {
        const splice = {
          at,
          ...(taken === "" ? {} : { delete: taken.length }),
          ...(insert === "" ? {} : { insert }),
          ...(after === undefined ? {} : { after }),
        };
        return { topic, origin, change: { splice }, shown: shown[place], arrived: false, confirmed: false };
      });
    });
    const changes = one.parts.map(({ topic, change }) => ({ topic, change: change as Change }));
    return { id: one.id, op, changes, along: one.along };
  }

  /** Which of the changes that were asked for the server means by the `place`-th that was sent. */
  origin(id: number, place: number): number | undefined {
    return this.#pending.find((one) => one.id === id)?.parts[place]?.origin;
  }

  /** The server did it. It stays on top until its topics have come as far. */
  done(id: number, { events = [] }: Outcome): void {
    const one = this.#pending.find((pending) => pending.id === id);
    if (one === undefined) return;
    one.doubtful = false;
    one.places = new Map(events.map(({ feed, seq }) => [feed, seq]));
    this.#arrive(one);
    this.#settle();
  }

  /** What the server did of a transaction has arrived where its topics have come as far. */
  #arrive({ parts, places }: Transaction): void {
    if (places === undefined) return;
    for (const part of parts) {
      const [last, seq] = [places.get(part.topic), this.#held.get(part.topic)?.seq];
      // What went where the user may not look any longer is not waited for.
      if (part.arrived || (seq !== undefined && last !== undefined && seq < last)) continue;
      part.arrived = true;
      this.#note(part.topic);
    }
  }

  /** The server did not do it, or it is not known: it is shown no longer. */
  refused(id: number): void {
    const one = this.#pending.find((pending) => pending.id === id);
    if (one === undefined) return;
    this.#pending = this.#pending.filter((pending) => pending !== one);
    const drift: Drift = new Map();
    for (const { topic, shown } of one.parts) {
      if (shown !== undefined) drift.set(topic, [inverse(shown), ...drift.get(topic) ?? []]);
    }
    this.#replay(one.parts.map((part) => part.topic), drift);
    this.#settle();
  }

  /** Lets go of transactions of which nothing is left to wait for. */
  #forget(): void {
    this.#pending = this.#pending.filter((one) => one.parts.some((part) => !part.confirmed));
  }

  /** Reckons anew what is shown of topics, and of those that share transactions with them. */
  #replay(topics: readonly TopicId[], drift: Drift, expected = false): void {
    const affected = this.#together(topics);
    const states = new Map<TopicId, State>();
    for (const topic of affected) {
      const held = this.#held.get(topic);
      if (held !== undefined) states.set(topic, held.ground ?? held.confirmed);
    }
    for (const one of this.#pending) {
      if (!one.parts.some((part) => affected.has(part.topic))) continue;
      this.#put(one, states, drift);
    }
    for (const [topic, state] of states) {
      const held = this.#held.get(topic) as Held;
      const before = held.shown.value;
      if (before === state.value) continue;
      if (expected && same(told(before), told(state.value))) {
        // As it was shown already: whoever compares what they hold sees no change.
        held.shown = { ...state, value: before };
        continue;
      }
      held.shown = state;
      this.#changed.add(topic);
    }
  }

  /** Puts a transaction on top of what is shown, if all of it fits. */
  #put(one: Transaction, states: Map<TopicId, State>, drift: Drift): void {
    const trial = new Map(states);
    const accepted = one.parts.some((part) => part.confirmed);
    let fits = true;
    for (const part of one.parts) {
      const state = trial.get(part.topic);
      if (part.confirmed || state === undefined) continue;
      const before = part.edits === undefined ? part.shown : undefined;
      try {
        trial.set(part.topic, this.#putPart(part, state, drift));
      } catch {
        part.shown = undefined;
        // What the server did in part it did as a whole, so the rest will fit in the end.
        if (!accepted) fits = false;
      }
      if (before !== undefined) drift.set(part.topic, allPast(drift.get(part.topic) ?? [], before));
    }
    if (fits) for (const [topic, state] of trial) states.set(topic, state);
  }

  #putPart(part: Part, state: State, drift: Drift): State {
    const seq = next(state, this.#held.get(part.topic)?.seq ?? 0);
    if (part.edits === undefined) {
      const fact = resolve(state, seq, part.change as Change);
      part.shown = "splice" in fact ? whole(fact.splice) : undefined;
      return apply(state, seq, fact);
    }
    const on = state.value.held as string;
    const told = drift.get(part.topic) ?? [];
    const splices = editAll(part.edits.on, told) === on ? told : [difference(part.edits.on, on)];
    drift.set(part.topic, inTurn(part.edits.splices).reduce<readonly Splice[]>(allPast, splices));
    part.edits = { splices: allOver(part.edits.splices, splices), on };
    let [now, at] = [state, seq];
    for (const { at: place, delete: taken, insert } of inTurn(part.edits.splices)) {
      now = apply(now, at, { splice: { at: place, delete: taken, insert } });
      at += 1;
    }
    return now;
  }

  /** The topics, and all that share a transaction with one of them. */
  #together(topics: readonly TopicId[]): Set<TopicId> {
    const all = new Set(topics);
    for (let size = 0; size !== all.size; ) {
      size = all.size;
      for (const { parts } of this.#pending) {
        if (parts.some((part) => all.has(part.topic))) parts.forEach((part) => all.add(part.topic));
      }
    }
    return all;
  }
}

/** Whether nothing goes along. */
function isPlain({ when = [], group }: Along): boolean {
  return when.length === 0 && group === undefined;
}

function concerns(one: Transaction, topic: TopicId): boolean {
  return one.parts.some((part) => part.topic === topic && !part.confirmed);
}

/** The number of the event that would be the next on top of what is shown. */
function next(state: State, seq: Seq): Seq {
  return Math.max(state.recent.at(-1)?.seq ?? 0, seq) + 1;
}

/** Runs `work`; what it is refused with says which change of several it is about. */
function placed<T>(place: number, count: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof KithError) || count === 1) throw error;
    const { code, message } = error;
    throw new KithError({ code, message: `change ${place}: ${message}`, change: place });
  }
}

/** A change that means the same element wherever it is by then. */
function byName(change: Change, fact: Fact): Change {
  if ("remove" in change && "remove" in fact) return { remove: { element: fact.remove.element } };
  if ("move" in change && "move" in fact) {
    return { move: { from: { element: fact.move.element }, to: change.move.to } };
  }
  if ("replace" in change && "replace" in fact) {
    return { replace: { spot: { element: fact.replace.element }, value: fact.replace.value } };
  }
  return change;
}
