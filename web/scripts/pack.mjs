// Puts what was built into `dist`, from where the server embeds it: each file as it is, and beside
// it compressed with brotli and gzip where that makes it smaller.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const web = fileURLToPath(new URL("..", import.meta.url));
const built = join(web, "build");
const dist = join(web, "dist");

const brotli = (text) => brotliCompressSync(text, {
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: text.length },
});
const gzip = (text) => gzipSync(text, { level: 9 });

// The folder itself stays, with what git has of it.
for (const old of readdirSync(dist)) {
  if (old !== ".gitignore") rmSync(join(dist, old), { recursive: true });
}
const files = readdirSync(built, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
for (const file of files) {
  const from = join(file.parentPath ?? file.path, file.name);
  const to = join(dist, from.slice(built.length + 1));
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
  const plain = readFileSync(from);
  for (const [ending, compress] of [["br", brotli], ["gz", gzip]]) {
    const small = compress(plain);
    if (small.length < plain.length) writeFileSync(`${to}.${ending}`, small);
  }
}
rmSync(built, { recursive: true });
