// A server in front of another: it has the pages of `dist` as they were built last and passes everything
// else on, so that they can be tried and measured with a program that was built before them.

import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";

const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml", png: "image/png", json: "application/json", webmanifest: "application/manifest+json" };
const KEPT = "public, max-age=31536000, immutable";

/** A file of the pages in the shortest form, as the server itself has it. */
function built(dist, path) {
  const name = path.startsWith("/assets/") || path === "/sw.js" || path === "/app.webmanifest" ? path.slice(1) : "index.html";
  const type = TYPES[name.split(".").at(-1)];
  for (const [encoding, ending] of [["br", ".br"], [undefined, ""]]) {
    try {
      const body = readFileSync(join(dist, `${name}${ending}`));
      return { body, headers: { "content-type": type, "content-length": body.length, "cache-control": name.startsWith("assets/") ? KEPT : "no-cache", ...(encoding === undefined ? {} : { "content-encoding": encoding }) } };
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Begins; `url` is the server behind it, `extra` are pages of one's own by their paths. */
export async function front(dist, url, extra = new Map()) {
  const { hostname, port } = new URL(url);
  const kept = new Map();
  const server = createServer((asked, answer) => {
    const { pathname } = new URL(asked.url, url);
    if (pathname.startsWith("/api/")) {
      const passed = request({ hostname, port, path: asked.url, method: asked.method, headers: asked.headers }, (came) => {
        answer.writeHead(came.statusCode, came.headers);
        came.pipe(answer);
      });
      passed.on("error", () => answer.destroy());
      asked.pipe(passed);
      return;
    }
    if (extra.has(pathname)) {
      answer.writeHead(200, { "content-type": TYPES.html });
      answer.end(extra.get(pathname));
      return;
    }
    if (!kept.has(pathname)) kept.set(pathname, built(dist, pathname));
    const file = kept.get(pathname);
    answer.writeHead(file === undefined ? 404 : 200, file?.headers);
    answer.end(file?.body);
  });
  server.on("upgrade", (asked, socket, head) => {
    const behind = connect(Number(port), hostname, () => {
      const lines = [`${asked.method} ${asked.url} HTTP/1.1`];
      for (let at = 0; at < asked.rawHeaders.length; at += 2) lines.push(`${asked.rawHeaders[at]}: ${asked.rawHeaders[at + 1]}`);
      behind.write(`${lines.join("\r\n")}\r\n\r\n`);
      behind.write(head);
      behind.setNoDelay(true);
      socket.setNoDelay(true);
      behind.pipe(socket).pipe(behind);
    });
    behind.on("error", () => socket.destroy());
    socket.on("error", () => behind.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}`, end: () => (server.closeAllConnections(), server.close()) };
}
