// The gallery, built once for all its tests and served with the policy of the server's own pages.

import { createServer } from "node:http";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    gallery: string;
  }
}

/** As `kith-server` sends it with its pages. */
const POLICY = readFileSync(new URL("../../../crates/kith-server/src/page.rs", import.meta.url), "utf8")
  .match(/"(default-src 'none';[\s\S]*?)",\n/)?.[1]
  ?.replace(/\\\n\s*/g, "").replace("{}", "") ?? "default-src 'none'";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
  ".json": "application/json", ".webmanifest": "application/json", ".png": "image/png", ".webp": "image/webp",
};

export default async function serve(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), "kith-gallery-"));
  const root = fileURLToPath(new URL("../..", import.meta.url));
  await build({ root, mode: "gallery", logLevel: "warn", build: { outDir: folder, emptyOutDir: true, minify: false } });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://gallery");
    // Something that the server says to one person.
    if (pathname.startsWith("/api/")) return void response.writeHead(200, { "content-type": "text/plain" }).end("private");
    try {
      const isPage = pathname === "/gallery" || pathname === "/";
      const file = isPage ? "gallery.html" : normalize(pathname);
      const body = readFileSync(join(folder, file));
      const policy = isPage || pathname === "/sw.js" ? { "content-security-policy": POLICY } : {};
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", ...policy }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  project.provide("gallery", `http://127.0.0.1:${(server.address() as AddressInfo).port}/gallery`);
  return async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  };
}
