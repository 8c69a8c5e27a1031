import { describe, expect, test } from "vitest";
import * as format from "./format.js";
import { en as atOnce } from "./en/index.js";
import { late } from "./en/late.js";
import { facts } from "./en/facts.js";
import { inspector } from "./en/inspector.js";
import { load } from "./inspector.js";
import { CODES, LANGUAGES, addEnglish, localeOf, pick } from "./languages.js";
import * as measured from "./measured.js";
import { fill, form, parts, placesOf, type Message } from "./message.js";

const ofInspector = { ...inspector, ...facts };
const en = { ...atOnce, ...late, ...ofInspector };
const plain = (value: number) => String(value);

test.each(CODES)("%s says all that English says, with the same places", async (code) => {
  addEnglish(late);
  const messages: Readonly<Record<string, Message>> = { ...(await load(code)), ...(await LANGUAGES[code].late()) };
  expect(Object.keys(messages).sort()).toEqual(Object.keys(en).sort());
  const rules = format.pluralRules(code).resolvedOptions().pluralCategories;
  for (const [key, english] of Object.entries<Message>(en)) {
    const message = messages[key] as Message;
    expect(placesOf(message), key).toEqual(placesOf(english));
    const texts = typeof message === "string" ? [message] : Object.values(message);
    for (const text of texts) expect(text.trim(), key).toBe(text), expect(text, key).not.toBe("");
    // Every form that the language has.
    if (typeof message !== "string") expect(Object.keys(message).sort(), key).toEqual([...rules].sort());
  }
});

test("what the inspector alone says is loaded by no other page", async () => {
  const others = { ...(await LANGUAGES.de.load()), ...(await LANGUAGES.de.late()) };
  expect(Object.keys(ofInspector).filter((key) => key in others || key in atOnce || key in late)).toEqual([]);
});

test("no key is in two areas", async () => {
  const areas = import.meta.glob<Record<string, object>>("./en/*.ts", { eager: true });
  const keys = Object.entries(areas).flatMap(([path, area]) => {
    return /\/(index|late)\.ts$/.test(path) ? [] : Object.values(area).flatMap((messages) => Object.keys(messages));
  });
  expect(keys.sort()).toEqual(Object.keys(en).sort());
});

test("every message is said by something", () => {
  const sources = import.meta.glob<string>(["../../**/*.{svelte,ts}", "!../../gallery/**", "!./en/*", "!./de/*", "!../../**/*.test.ts"], { eager: true, query: "?raw", import: "default" });
  const all = Object.values(sources).join("\n");
  const named = new Set([...all.matchAll(/"([a-z]+\.[\w.]+)"/g)].map(([, key]) => key));
  // Keys that are put together: their area is there as it is, and what of it is chosen from.
  const begun = [...all.matchAll(/`([a-z]+\.[a-z_.]*)\$\{[^`]*?\}([a-z_]*)`/g)].map(([, from = "", to = ""]) => [from, to] as const);
  const chosen = /^(?:theme|density|size|motion)\./;
  const isSaid = (key: string) => named.has(key) || chosen.test(key) || begun.some(([from, to]) => key.startsWith(from) && key.endsWith(to));
  expect(Object.keys(sources).length).toBeGreaterThan(200);
  expect(Object.keys(en).filter((key) => !isSaid(key))).toEqual([]);
});

test("a wished language is taken where there is it", () => {
  expect(pick(["de-AT", "en"])).toBe("de");
  expect(pick(["tlh", "DE"])).toBe("de");
  expect(pick(["tlh"])).toBe("en");
  expect(pick([])).toBe("en");
});

test("times and numbers are written as they are where the reader is", () => {
  expect(localeOf("en", ["de-AT", "en-GB", "en"])).toBe("en-GB");
  expect(localeOf("de", ["en-GB"])).toBe("de");
  expect(localeOf("en", ["en-US@posix"])).toBe("en");
  const evening = new Date(2024, 4, 17, 20, 5).getTime();
  expect(format.moment(localeOf("en", ["en-GB"]), evening, "time")).toBe("20:05");
  expect(format.moment(localeOf("en", ["en-US"]), evening, "time")).toMatch(/^8:05\sPM$/);
});

test("values go into their places, and numbers choose the form", () => {
  const rules = format.pluralRules("en");
  const message = { one: "{count} message of {name}", other: "{count} messages of {name}" };
  const say = (count: number) => fill(form(message, rules, { count }), { count, name: "ana" }, plain);
  expect(say(1)).toBe("1 message of ana");
  expect(say(0)).toBe("0 messages of ana");
  expect(fill("{one} {two}", { one: "{two}" }, plain)).toBe("{two} {two}");
  expect(fill("{constructor}", {}, plain)).not.toBe("");
});

test("a message is taken apart into words and places", () => {
  expect(parts("{name} joined {circle}.")).toEqual([{ name: "name" }, { text: " joined " }, { name: "circle" }, { text: "." }]);
  expect(parts("")).toEqual([]);
  expect(parts("plain")).toEqual([{ text: "plain" }]);
});

describe("as the language writes it", () => {
  const noon = new Date(2024, 4, 17, 12, 0).getTime();
  const hour = 3_600_000;
  const check = (code: string, at: number) => format.relative(code, noon + at, noon);

  test("moments are told from now", () => {
    expect(check("en", -20_000)).toBe("now");
    expect(check("en", -5 * 60_000)).toBe("5 minutes ago");
    expect(check("de", -3 * hour)).toBe("vor 3 Stunden");
    expect(check("en", 50 * hour)).toBe("in 2 days");
    expect(check("en", -1000 * hour)).toBe("Apr 5, 2024");
  });

  test("what logs are compared with has its seconds, and a day has 24 hours", () => {
    expect(measured.instant("en", noon - 12 * hour + 61_002, "exact")).toBe("00:01:01.002");
    expect(measured.instant("de", noon + 2, "exact")).toBe("12:00:00,002");
    expect(measured.instant("en", noon + 8 * hour, "second")).toBe("May 17, 2024, 20:00:00");
  });

  test("a number that changes keeps its digits", () => {
    expect([measured.decimal("en", 2), measured.decimal("de", 1234.56)]).toEqual(["2.0", "1.234,6"]);
  });

  test("days have names", () => {
    expect(format.dayName("en", noon - 11 * hour, noon)).toBe("Today");
    expect(format.dayName("de", noon - 13 * hour, noon)).toBe("Gestern");
    expect(format.dayName("en", noon - 72 * hour, noon)).toBe("Tuesday, May 14, 2024");
    expect(format.dayName("en", noon + 24 * hour, noon)).toBe("Saturday, May 18, 2024");
  });

  test("sizes are in the unit that fits", () => {
    expect(format.bytes("en", 0)).toBe("0 bytes");
    expect(format.bytes("en", 999)).toBe("999 bytes");
    expect(format.bytes("en", 1500)).toBe("1.5 kB");
    expect(format.bytes("de", 2_345_678)).toBe("2,3 MB");
    expect(format.bytes("en", 5e15)).toBe("5,000 TB");
  });

  test("what plays has minutes and seconds", () => {
    expect(format.duration(65.9)).toBe("1:05");
    expect(format.duration(3729)).toBe("1:02:09");
    expect(format.duration(Number.NaN)).toBe("0:00");
  });
});
