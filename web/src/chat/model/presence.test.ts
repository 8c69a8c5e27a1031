import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { IDLE_MS, OwnPresence } from "./presence.js";

/** The tabs of one browser, each with what it showed since it was opened. */
function browser() {
  const kept = new Map<string, string>();
  const tabs: { own: OwnPresence; shown: string[] }[] = [];
  let writes = 0;
  const open = ({ away = false, begun_ms = Date.now(), full = false } = {}) => {
    const shown: string[] = [];
    const own: OwnPresence = new OwnPresence({
      storage: {
        getItem: (key) => kept.get(key) ?? null,
        setItem: (key, value) => {
          if (full) throw new Error("there is no room");
          kept.set(key, value);
          writes += 1;
          for (const other of tabs) if (other.own !== own) other.own.kept(key);
        },
        removeItem: (key) => void kept.delete(key),
      },
      key: "used",
      show: (status) => void shown.push(status),
      now: Date.now,
    }, begun_ms, away ? "away" : "online");
    tabs.push({ own, shown });
    return { own, shown };
  };
  return { open, kept, writes: () => writes };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("whoever does nothing for ten minutes is idle, and with the first thing they do no longer", () => {
  const { own, shown } = browser().open();
  vi.advanceTimersByTime(IDLE_MS - 1);
  own.used();
  vi.advanceTimersByTime(IDLE_MS - 1);
  expect(shown).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(shown).toEqual(["idle"]);
  for (let n = 0; n < 50; n += 1) own.used();
  expect(shown).toEqual(["idle", "online"]);
  vi.advanceTimersByTime(IDLE_MS);
  expect(shown).toEqual(["idle", "online", "idle"]);
});

test("one tab that is used keeps all of them at hand, and wakes those that are idle", () => {
  const of = browser();
  const [one, other] = [of.open(), of.open()];
  for (let minute = 0; minute < 30; minute += 1) {
    vi.advanceTimersByTime(60_000);
    one.own.used();
  }
  expect([one.shown, other.shown]).toEqual([[], []]);
  vi.advanceTimersByTime(IDLE_MS);
  expect([one.shown, other.shown]).toEqual([["idle"], ["idle"]]);
  other.own.used();
  expect([one.shown, other.shown]).toEqual([["idle", "online"], ["idle", "online"]]);
});

test("tabs tell each other now and then, not at every key", () => {
  const of = browser();
  const { own } = of.open();
  for (let second = 0; second < 60; second += 1) {
    for (let key = 0; key < 10; key += 1) own.used();
    vi.advanceTimersByTime(1000);
  }
  expect(of.writes()).toBe(3);
});

test("whoever chose to be away is so whatever they do, until they choose otherwise", () => {
  const { own, shown } = browser().open({ away: true });
  own.used();
  vi.advanceTimersByTime(IDLE_MS);
  own.used();
  expect(shown).toEqual([]);
  own.choose(false);
  own.choose(true);
  vi.advanceTimersByTime(IDLE_MS);
  own.choose(false);
  expect(shown).toEqual(["online", "away", "idle"]);
});

test("a page that goes on by itself is no use of it", () => {
  const { shown } = browser().open({ begun_ms: Date.now() - IDLE_MS });
  expect(shown).toEqual(["idle"]);
});

test("what others keep in the browser, and a clock that goes back, harm nothing", () => {
  const of = browser();
  of.kept.set("used", "no number");
  const { own, shown } = of.open();
  own.kept("other");
  own.kept(null);
  of.kept.set("used", String(Date.now() + 10 * IDLE_MS));
  own.kept("used");
  vi.setSystemTime(Date.now() - 5 * IDLE_MS);
  vi.advanceTimersByTime(2 * IDLE_MS);
  expect(shown).toEqual(["idle"]);
});

test("where nothing can be kept, a tab is by itself", () => {
  const { own, shown } = browser().open({ full: true });
  vi.advanceTimersByTime(IDLE_MS);
  own.used();
  expect(shown).toEqual(["idle", "online"]);
});

test("what has ended tells nothing", () => {
  const { own, shown } = browser().open();
  own.end();
  vi.advanceTimersByTime(2 * IDLE_MS);
  expect(shown).toEqual([]);
});
