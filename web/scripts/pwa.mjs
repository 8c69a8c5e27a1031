// What makes an application of the chat page: the manifest with its icons, and the service worker,
// which is told what was built. Both have addresses that stay. And what begins before its other scripts.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** The name of the worker among what is built. */
export const WORKER = "sw";

const icon = (name) => readFileSync(new URL(`../src/lib/icons/${name}`, import.meta.url));
const ICONS = [
  { name: "icon.svg", type: "image/svg+xml", sizes: "any", purpose: "any" },
  { name: "icon-maskable.svg", type: "image/svg+xml", sizes: "any", purpose: "maskable" },
  { name: "icon-192.png", type: "image/png", sizes: "192x192", purpose: "any" },
  { name: "icon-512.png", type: "image/png", sizes: "512x512", purpose: "any" },
];

const manifest = (icons) => ({
  name: "Kith",
  short_name: "Kith",
  id: "/",
  start_url: "/",
  scope: "/",
  display: "standalone",
  background_color: "#f6f7f8",
  theme_color: "#1f6a5c",
  icons,
});

/** It is a file of its own, for nothing inline runs, and no module: those wait for each other. */
const EARLY = readFileSync(new URL("early.js", import.meta.url), "utf8").replace(/^\/\/.*\n/gm, "");
const EARLY_PATH = `/assets/early-${createHash("sha256").update(EARLY).digest("hex").slice(0, 8)}.js`;

/** What is larger is kept when it was loaded once: emoji, and what colours code. */
const LATER_MAX = 64 * 1024;

/**
 * What a page loads at once, and what it then loads when something is done first: scripts, those that
 * they import, and their styles.
 */
function loaded(bundle, page) {
  const found = new Set();
  const visit = (name) => {
    const chunk = bundle[name];
    if (found.has(name) || chunk?.type !== "chunk") return;
    found.add(name);
    for (const css of chunk.viteMetadata?.importedCss ?? []) found.add(css);
    chunk.imports.forEach(visit);
    chunk.dynamicImports.filter((later) => (bundle[later]?.code?.length ?? 0) <= LATER_MAX).forEach(visit);
  };
  for (const chunk of Object.values(bundle)) {
    if (chunk.type === "chunk" && chunk.isEntry && chunk.facadeModuleId?.endsWith(`/${page}`)) visit(chunk.fileName);
  }
  return [...found].sort().map((name) => `/${name}`);
}

/**
 * Adds both to what is built, for `page`; where it `connects`, what does that first.
 * @returns {import("vite").Plugin}
 */
export function pwa(page, connects) {
  return {
    name: "pwa",
    apply: "build",
    transformIndexHtml: (_, { path }) => (path === `/${page}` ? [
      ...(connects ? [{ tag: "script", attrs: { async: true, src: EARLY_PATH }, injectTo: "head-prepend" }] : []),
      { tag: "link", attrs: { rel: "manifest", href: "/app.webmanifest" }, injectTo: "head" },
    ] : []),
    generateBundle: {
      // Scripts that hold nothing but styles are gone by then.
      order: "post",
      handler(_, bundle) {
        const worker = Object.values(bundle).find((file) => file.type === "chunk" && file.isEntry && file.name === WORKER);
        if (worker === undefined) return;
        if (worker.imports.length > 0) this.error("the service worker has to be one file");
        if (connects) this.emitFile({ type: "asset", fileName: EARLY_PATH.slice(1), source: EARLY });
        const files = [...(connects ? [EARLY_PATH] : []), ...loaded(bundle, page)];
        const version = createHash("sha256").update(files.join("\n")).digest("hex").slice(0, 16);
        worker.code = worker.code.replace(/["'`]__KITH_FILES__["'`]/, JSON.stringify(files)).replace("__KITH_VERSION__", version);
        const icons = ICONS.map(({ name, ...said }) => {
          const file = this.emitFile({ type: "asset", name, source: icon(name) });
          return { src: `/${this.getFileName(file)}`, ...said };
        });
        this.emitFile({ type: "asset", fileName: "app.webmanifest", source: JSON.stringify(manifest(icons)) });
      },
    },
  };
}
