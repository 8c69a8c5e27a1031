// No style says left or right where it means where lines begin or end: in languages that are written from
// the right they are the other way round.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const SIDED = /(?<![\w-])(?:(?:margin|padding|border|inset|scroll-(?:margin|padding))-(?:left|right)[\w-]*|left|right|border-(?:top|bottom)-(?:left|right)-radius)\s*:|(?<![\w-])(?:text-align|float|clear)\s*:\s*(?:left|right)\b/g;

/** What of the styles of a file, or of its `style:` directives, is said of a side. */
function sided(file: string, source: string): string[] {
  const styles = file.endsWith(".css") ? source : (/<style>([^]*)<\/style>/.exec(source)?.[1] ?? "") + [...source.matchAll(/style:([\w-]+)=/g)].map(([, name]) => `${name}:`).join(" ");
  return [...styles.replace(/\/\*[^]*?\*\//g, "").matchAll(SIDED)].map(([found]) => `${file}: ${found}`);
}

test("styles say where lines begin and end, not left and right", () => {
  const files = readdirSync(HERE, { recursive: true, encoding: "utf8" }).filter((file) => /\.(?:svelte|css)$/.test(file));
  expect(files.length).toBeGreaterThan(100);
  expect(files.flatMap((file) => sided(file, readFileSync(HERE + file, "utf8")))).toEqual([]);
});

test("a side is found however it is said", () => {
  for (const style of ["margin-left: 0", "left:0", "text-align:  right", "float: left", "border-top-left-radius: 0", "padding-right:1px"]) {
    expect(sided("a.css", `a { ${style}; }`), style).toHaveLength(1);
  }
  expect(sided("a.svelte", '<p style:padding-left="1rem"></p>')).toHaveLength(1);
  expect(sided("a.svelte", "<script>const at = { left: 1 };</script><style>a { margin-inline: 0; border-inline-start: 0; /* left: 0 */ }</style>")).toEqual([]);
});
