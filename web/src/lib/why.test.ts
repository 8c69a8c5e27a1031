import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { KithError } from "@kith/client";
import { expect, test } from "vitest";
import { errors as first } from "./i18n/en/errors.js";
import { refused } from "./i18n/en/refused.js";
import "./i18n/late.js";
import { why } from "./why.js";

const errors = { ...first, ...refused };

const text = (path: string) => readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), "utf8");
const CODE = /^[a-z]+\.[a-z_]+$/;

/** Nobody meets these in the chat: they are said to programs, and to those who write topics and services. */
const TO_PROGRAMS = new Set([
  "call.not_found", "call.open", "feed.ahead", "feed.not_followed", "file.range", "service.no_credit", "service.other_policy", "service.reserved",
  "topic.bad_guard", "topic.bad_schema", "topic.bad_update", "topic.document_stays", "topic.lifetime_stays", "topic.no_document", "topic.no_way_back",
  "topic.several_circles", "topic.several_guards",
]);

/** What the rules refuse with. */
const ofTheCore = () => [...text("crates/kith-core/src/refusal.rs").matchAll(/=> "([a-z]+\.[a-z_]+)"/g)].map(([, code = ""]) => code);
/** What the documents of the protocol and of files say there is. */
const documented = () => {
  const tables = [/## Errors\n[^]*?(?=\n## |$)/.exec(text("docs/protocol.md"))?.[0] ?? "", /## What is refused\n[^]*?(?=\n## |$)/.exec(text("docs/files.md"))?.[0] ?? ""];
  const cells = tables.flatMap((table) => table.split("\n").filter((line) => line.startsWith("| `")).map((line) => line.split("|")[1] ?? ""));
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code)).filter((code) => CODE.test(code));
};

test("there are words for every refusal that somebody can meet, and for no other", () => {
  const [core, docs] = [ofTheCore(), documented()];
  expect(core.length).toBeGreaterThan(90);
  expect(docs.length).toBeGreaterThan(60);
  const all = new Set([...core, ...docs]);
  expect([...all].filter((code) => !(`error.${code}` in errors) && !TO_PROGRAMS.has(code))).toEqual([]);
  expect([...TO_PROGRAMS].filter((code) => !all.has(code) || `error.${code}` in errors)).toEqual([]);
});

test("every word is for a code that the server or the SDK has", () => {
  const sources = ["crates/kith-core/src/refusal.rs", "docs/protocol.md", "docs/files.md", "docs/private.md"].map(text).join();
  const own = ["client.", "private.", "auth.", "session.", "limit.", "input.", "frame.", "host.", "server.", "store.", "protocol.", "file.", "password.", "site.", "op."];
  const unknown = Object.keys(errors).map((key) => key.slice("error.".length)).filter((code) => !sources.includes(code) && !own.some((area) => code.startsWith(area)));
  expect(unknown).toEqual([]);
});

test("what is refused is said in words, and in the server's own where there are none", () => {
  const check = (code: string, more: object = {}) => why(new KithError({ code, message: "as the server says", ...more }));
  expect(check("stream.archived")).toBe("This stream is archived.");
  expect(check("something.new")).toBe("As the server says.");
  expect(check("topic.invalid")).toBe("This is not what may be in it. As the server says.");
  expect(check("constructor")).toBe("As the server says.");
  expect(check("service.failed")).toBe("The service could not do this.");
  expect(check("service.failed", { failure: { code: "no_milk", message: "there is no milk" } })).toBe("There is no milk.");
  expect([why(new Error("odd!")), why("odd")]).toEqual(["Odd!", "odd"]);
});
