// No component talks to the network: what it shows and does comes from the small stores of its domain, which
// have tests of their own.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** What a component may have of the SDK at run time: it says what went wrong, or writes JSON. */
const HARMLESS = ["KithError", "stringify", "words"];

/** What of a component talks to the network, or could. */
function talks(source: string): string[] {
  const code = source.replace(/<style>[^]*<\/style>/, "").replace(/<!--[^]*?-->/g, "").replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
  // The codes of the SDK's own refusals begin with its name.
  const calls = [...code.replace(/"(?:error\.)?client\.[a-z_]+"/g, "").matchAll(/\bclient\s*[?!]?\.\s*\w+|\.client\b|\b(?:fetch|sendBeacon)\s*\(|\bnew (?:WebSocket|XMLHttpRequest|EventSource|Client)\b/g)].map(([call]) => call);
  const taken = [...code.matchAll(/import (?!type\b)([^;]*?) from "@kith\/client[^"]*"/g)].flatMap(([, names = ""]) => names.replace(/[{}]/g, "").split(","))
    .map((name) => name.trim().replace(/ as .*/, "")).filter((name) => name !== "" && !name.startsWith("type ") && !HARMLESS.includes(name));
  return [...calls, ...taken];
}

test("no component talks to the network", () => {
  const components = readdirSync(HERE, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".svelte"));
  expect(components.length).toBeGreaterThan(100);
  const found = components.flatMap((file) => talks(readFileSync(HERE + file, "utf8")).map((call) => `${file}: ${call}`));
  expect(found).toEqual([]);
});

test("what talks is found, and what only names it is not", () => {
  const check = (line: string) => talks(`<script>\n${line}\n</script>\n<style>a { x: fetch(1); }</style>`);
  for (const line of ["site.client.query({})", "client.close()", "const { query } = site.client;", "await fetch('/')", 'import { map, type Json } from "@kith/client";']) {
    expect(check(line), line).toHaveLength(1);
  }
  for (const line of ['import type { Client } from "@kith/client";', 'import { KithError } from "@kith/client";', "let client: Client;", 'const FINAL = ["client.file_lost"];', "// fetch(1)", "prefetch(1)"]) {
    expect(check(line), line).toEqual([]);
  }
});
