// Files with the real server: up and down, past connections that are lost and a server that is killed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { KithError, type Progress } from "@kith/client";
import { circle, refused, Server } from "./serve.js";

const content = (bytes: number) => new Blob([Uint8Array.from({ length: bytes }, (_, at) => at % 251)]);
const same = async (one: Blob, other: Blob) =>
  Buffer.from(await one.arrayBuffer()).equals(Buffer.from(await other.arrayBuffer()));

test("a file goes up and comes down to whoever reads its message", async (t) => {
  const server = await Server.start(t, { "files.bytes_max": "3000000", "files.free_percent": "1" });
  const [ana, bob, cyd] = [await server.client("ana"), await server.client("bob"), await server.client("cyd")];
  const { stream } = await circle(ana, bob);
  const seen: Progress[] = [];
  const whole = content(2_000_000);
  const file = await ana.upload(whole, { name: "C:\\fake\\tea.bin", onProgress: (one) => seen.push(one) }).done;
  assert.deepEqual([file.name, file.bytes, file.type], ["tea.bin", 2_000_000, "application/octet-stream"]);
  assert.ok(seen.some(({ sent }) => sent > 0 && sent < whole.size), "it is told of on its way");
  assert.deepEqual(seen.at(-1), { state: "done", sent: whole.size, bytes: whole.size });

  const tea = await ana.stream(stream);
  const message = await tea.post("", { files: [file.id] });
  const got = await bob.query({ message: { stream, message } });
  assert.deepEqual(got.files, [file]);
  const place = { stream, message, file: file.id };
  assert.ok(await same(await bob.download(place), whole));
  const received: number[] = [];
  assert.ok(await same(await bob.download(place, { onProgress: (bytes) => received.push(bytes) }), whole));
  assert.equal(received.at(-1), whole.size);
  assert.ok(await same(await ana.download(file.id), whole));
  assert.equal((await refused(cyd.download(place))).code, "stream.not_found");
  assert.equal((await refused(bob.download(place, { thumbnail: true }))).code, "file.not_found");
  assert.equal(
    bob.fileAddress(place, { download: true }),
    `${server.url}/api/v1/streams/${stream}/messages/${message}/files/${file.id}?download=1`,
  );
  const large = ana.upload(content(3_000_001));
  assert.equal((await refused(large.done)).code, "file.too_large");
  assert.equal(large.progress.get().state, "failed");
});

test("an upload goes on after the server was killed, and after a pause", async (t) => {
  const server = await Server.start(t, { "files.free_percent": "1" });
  const ana = await server.client("ana");
  const whole = content(6_000_000);
  let sent = 0;
  let killed: Promise<void> | undefined;
  const upload = ana.upload(whole, {
    onProgress: (now) => {
      if (now.sent > 0 && killed === undefined) {
        sent = now.sent;
        killed = server.kill().then(() => server.again());
      }
    },
  });
  const file = await upload.done;
  await killed;
  assert.ok(sent > 0 && sent < whole.size, `${sent}`);
  assert.ok(await same(await ana.download(file.id), whole));

  const paused = ana.upload(whole);
  await new Promise<void>((resolve) => {
    const stop = paused.progress.subscribe(({ sent }) => {
      if (sent === 0) return;
      setTimeout(() => stop());
      resolve();
    });
  });
  paused.pause();
  const state = () => paused.progress.get().state;
  while (state() !== "paused") await new Promise((resolve) => setTimeout(resolve, 1));
  paused.resume();
  assert.equal((await paused.done).hash, file.hash);
});

test("an upload that is given up leaves nothing", async (t) => {
  const server = await Server.start(t, { "files.free_percent": "1" });
  const ana = await server.client("ana");
  const give_up = new AbortController();
  const upload = ana.upload(content(6_000_000), {
    signal: give_up.signal,
    onProgress: ({ sent }) => sent > 0 && give_up.abort(),
  });
  await assert.rejects(upload.done, { name: "AbortError" });
  const gone = await refused(ana.download(upload.id as `f_${string}`));
  assert.ok(gone instanceof KithError && gone.code === "file.not_found");
  await assert.rejects(ana.upload(content(1), { signal: AbortSignal.abort(new Error("never")) }).done, /never/);
});

test("an upload goes on where another client left it", async (t) => {
  const server = await Server.start(t, { "files.free_percent": "1" });
  const [ana, later] = [await server.client("ana"), await server.client("ana")];
  const whole = content(3_000_000);
  const op = ana.newOp();
  const begun = ana.upload(whole, { op });
  await new Promise<void>((resolve) => {
    const stop = begun.progress.subscribe(({ sent }) => {
      if (sent === 0) return;
      setTimeout(() => stop());
      resolve();
    });
  });
  begun.pause();
  const seen: number[] = [];
  const file = await later.upload(whole, { op, onProgress: ({ sent }) => seen.push(sent) }).done;
  assert.equal(file.id, begun.id);
  assert.ok(seen.some((sent) => sent > 0 && sent < whole.size), "it did not begin anew");
  // And once more, when it is there already.
  assert.deepEqual(await later.upload(whole, { op }).done, file);
  begun.cancel();
  await later.removeFile(file.id).catch(() => {});
  assert.equal((await refused(later.download(file.id))).code, "file.not_found");
});

test("a file that was taken away while it is sent is given up with a word", async (t) => {
  const server = await Server.start(t, { "files.free_percent": "1" });
  const ana = await server.client("ana");
  const gone = content(1000);
  gone.slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException("it is gone", "NotReadableError")) }) as unknown as Blob;
  assert.equal((await refused(ana.upload(gone).done)).code, "client.unreadable");
});

test("a server says how large a file may be, or that it takes none", async (t) => {
  const [some, none] = [await Server.start(t, { "files.bytes_max": "1000" }), await Server.start(t, { "files.store": "off" })];
  assert.equal((await some.client("ana")).welcome.limits.file_bytes, 1000);
  assert.equal((await none.client("ana")).welcome.limits.file_bytes, undefined);
});
