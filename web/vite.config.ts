// How the pages are built and tested. Each page is an HTML file beside this one.

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { chunks } from "./scripts/chunks.mjs";
import { emoji } from "./scripts/emoji.mjs";
import { WORKER, pwa } from "./scripts/pwa.mjs";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** What shows every part by itself, for development and tests. The server does not have it. */
const GALLERY = "gallery.html";
const CHAT = "index.html";
const pages = readdirSync(here(".")).filter((file) => file.endsWith(".html") && file !== GALLERY);

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), emoji(), pwa(mode === "gallery" ? GALLERY : CHAT, mode !== "gallery")],
  resolve: {
    // The SDK from its sources: the pages and it are built as one.
    alias: {
      "@kith/client/private": here("../packages/client/src/private/index.ts"),
      "@kith/client": here("../packages/client/src/index.ts"),
    },
    dedupe: ["svelte"],
  },
  build: {
    // `scripts/pack.mjs` takes it from there.
    outDir: "build",
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // The server's policy lets pages load files of its own and nothing that is inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      input: [...(mode === "gallery" ? [GALLERY] : pages), `src/worker/${WORKER}.ts`].map(here),
      // Its address says which pages are the worker's, and browsers come back to it.
      output: {
        entryFileNames: ({ name }) => (name === WORKER ? `${WORKER}.js` : "assets/[name]-[hash].js"),
        codeSplitting: { groups: chunks(here(CHAT), pages.filter((file) => file !== CHAT).map(here)) },
      },
    },
  },
  test: {
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["src/**/*.test.ts"], environment: "node" },
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["test/*.test.ts"],
          environment: "node",
          // Each test waits for what it wants to see; this is when it gives up.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Two processors are enough for two browsers.
          maxWorkers: 2,
          expect: { poll: { timeout: 20_000 } },
        },
      },
      {
        extends: true,
        test: {
          name: "gallery",
          include: ["test/gallery/*.test.ts"],
          environment: "node",
          globalSetup: ["test/gallery/serve.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          expect: { poll: { timeout: 20_000 } },
        },
      },
    ],
  },
}));
