import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { KEYS, type KeyGroup } from "./keys.js";

const GROUPS: readonly KeyGroup[] = KEYS;

/** Keys as a page for readers writes them. */
const written = (keys: string) => keys.replaceAll("+", "-").replace("ArrowUp", "Arrow up");

test("the documentation names the keys that the page lists, and no others", () => {
  const docs = readFileSync(fileURLToPath(new URL("../../../docs/chat.md", import.meta.url)), "utf8");
  const [, table = ""] = /\n## Keys\n[^|]*((?:\|.*\n)+)/.exec(docs) ?? [];
  const [, , ...rows] = table.trim().split("\n");
  const named = rows.flatMap((row) => (row.split("|")[1] ?? "").replaceAll("`", "").split(", ").map((keys) => keys.trim()));
  const listed = GROUPS.flatMap(({ all }) => all.flatMap(({ keys }) => keys.map(written)));
  expect(new Set(named)).toEqual(new Set(listed));
});

test("in one place a key means one thing", () => {
  for (const { where, all } of GROUPS) {
    const keys = all.flatMap((one) => one.keys);
    expect(new Set(keys).size, where).toBe(keys.length);
  }
});
