// Private sessions between a page and a command line, by WebRTC over the real server.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { PASSWORD } from "../../packages/client/build/serve.js";
import { circle } from "./circle.mjs";

const PROGRAM = process.env.KITH_PROGRAM ?? fileURLToPath(new URL("../../target/debug/kith", import.meta.url));
const SDK = fileURLToPath(new URL("../../packages/client/dist/", import.meta.url));

/** An origin with the modules of the SDK as they were built, and nothing else. */
async function site(context) {
  const server = createServer((request, response) => {
    const path = normalize(join(SDK, new URL(request.url, "http://here").pathname));
    if (extname(path) !== ".js" || !path.startsWith(SDK)) return response.setHeader("content-type", "text/html").end("<!doctype html>");
    response.setHeader("content-type", "text/javascript").end(readFileSync(path));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

/** Bob at a command line, and what it prints. */
function terminal(context, url, ...more) {
  const home = mkdtempSync(join(tmpdir(), "kith-"));
  const env = { ...process.env, KITH_PROFILE: home, KITH_SERVER: url };
  const login = spawnSync(PROGRAM, ["login", "bob"], { env, input: `${PASSWORD}\n` });
  assert.equal(login.status, 0, String(login.stderr));
  const args = ["private", "--bind", "127.0.0.1:0", "--save", home, ...more];
  const child = spawn(PROGRAM, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  context.after(() => {
    child.kill("SIGKILL");
    rmSync(home, { recursive: true });
  });
  return {
    home,
    say: (line) => child.stdin.write(`${line}\n`),
    /** What follows `begin` in the first line that begins so. */
    async until(begin) {
      for (;;) {
        const { value, done } = await lines.next();
        assert.ok(!done, `it ended without ${begin}`);
        if (value.startsWith(begin)) return value.slice(begin.length);
      }
    },
  };
}

/** Holds back the first invitation that the page is told of until it has made one itself, and the page's own until then. */
async function cross(page, onInvited) {
  const invites = (message) => String(message).includes('"invite"') && String(message).includes('"commitment"');
  await page.routeWebSocket(/./, (near) => {
    const far = near.connectToServer();
    const held = [];
    let made = false;
    let heard = false;
    const letGo = () => {
      if (made && heard) for (const pass of held.splice(0)) pass();
    };
    near.onMessage((message) => {
      if (!invites(message)) return far.send(message);
      made = true;
      held.push(() => far.send(message));
      letGo();
    });
    far.onMessage((message) => {
      if (!invites(message)) return near.send(message);
      heard = true;
      onInvited();
      held.push(() => near.send(message));
      letGo();
    });
  });
}

/** A page on which Ana is signed in, with private sessions. What happens is in `happened`. */
async function page(context, origin, { server }, { onInvited } = {}) {
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
  const page = await (await browser.newContext()).newPage();
  const said = [];
  page.on("pageerror", (error) => said.push(String(error)));
  context.after(async () => {
    await browser.close();
    assert.deepEqual(said, []);
  });
  if (onInvited !== undefined) await cross(page, onInvited);
  await page.goto(origin);
  await page.evaluate(async ([url, password]) => {
    const { Client } = await import("/index.js");
    const { Private, MemoryKeep } = await import("/private/index.js");
    const client = await Client.connect({ url, auth: { password: { name: "ana", password } } });
    const sessions = await Private.start(client, { server: url });
    const happened = [];
    let wake = () => {};
    sessions.on((event) => {
      happened.push(event);
      wake();
    });
    /** The next event. */
    const next = async () => {
      while (happened.length === 0) await new Promise((resolve) => (wake = resolve));
      return happened.shift();
    };
    /** The next event of a kind. */
    const until = async (kind) => {
      for (;;) {
        const event = await next();
        if (kind in event) return { id: event.id, ...event[kind] };
        else if ("dropped" in event || "ended" in event) throw new Error(JSON.stringify(event));
      }
    };
    Object.assign(globalThis, { client, sessions, next, until, MemoryKeep });
  }, [server.url, PASSWORD]);
  return page;
}

const until = (page, kind) => page.evaluate((kind) => globalThis.until(kind), kind);

test("a page invites a command line, and they talk and pass files", async (context) => {
  const origin = await site(context);
  const world = await circle(context, { origins: origin });
  const bob = terminal(context, world.server.url, "--direct");
  await bob.until("waiting for an invitation");
  const ana = await page(context, origin, world);
  const user = world.bob.user.id;
  const relayed = await ana.evaluate((user) => sessions.invite(user, "relayed").catch((error) => error.code), user);
  assert.equal(relayed, "private.no_way");
  const id = await ana.evaluate((user) => sessions.invite(user, "direct"), user);
  await bob.until("ana invites you");
  bob.say("/accept");
  const { words, trust } = await until(ana, "agreed");
  assert.equal(trust, "first");
  assert.equal(await bob.until("words: "), words.map((word) => word.join(" ")).join(", "));
  await until(ana, "connected");
  await ana.evaluate((id) => sessions.message(id, "tea?"), id);
  assert.equal(await bob.until("ana: "), "tea?");
  bob.say("yes 🍵");
  assert.equal((await until(ana, "message")).text, "yes 🍵");

  // From the page, with a connection that is lost on the way.
  const size = 5 * 1024 * 1024 + 7;
  await ana.evaluate(([id, size]) => {
    const bytes = Uint8Array.from({ length: size }, (_, place) => (place * 7) % 251);
    sessions.sendFile(id, new Blob([bytes]), "../large.bin");
  }, [id, size]);
  await bob.until("file 1: large.bin");
  bob.say("/take 1");
  await bob.until("file 1: ");
  await ana.evaluate((id) => sessions.reconnect(id), id);
  const kept = readFileSync(await bob.until("file 1 is kept as "));
  assert.equal(kept.length, size);
  assert.ok(kept.every((byte, place) => byte === (place * 7) % 251));
  await until(ana, "whole");

  // And from the command line.
  const file = join(bob.home, "small.txt");
  writeFileSync(file, Buffer.alloc(3_000_000, "green tea "));
  bob.say(`/send ${file}`);
  const text = await ana.evaluate(async (id) => {
    const { file, name, size } = await until("offered");
    const keep = new MemoryKeep();
    sessions.takeFile(id, file, keep);
    await until("whole");
    return [name, size, await keep.blob.text()];
  }, id);
  assert.deepEqual(text, ["small.txt", 3_000_000, "green tea ".repeat(300_000)]);
  await bob.until("our file 1 arrived");
  bob.say("/end");
  assert.equal((await until(ana, "ended")).why, "ended");
});

test("a command line invites a page, which tells its device again", async (context) => {
  const origin = await site(context);
  const world = await circle(context, { origins: origin });
  const ana = await page(context, origin, world);
  const met = [];
  for (const turn of [1, 2]) {
    const bob = terminal(context, world.server.url, "ana", "--direct");
    const { id } = await until(ana, "invited");
    await ana.evaluate((id) => sessions.accept(id, "direct"), id);
    const { words, trust } = await until(ana, "agreed");
    assert.equal(await bob.until("words: "), words.map((word) => word.join(" ")).join(", "));
    await bob.until("connected");
    await until(ana, "connected");
    bob.say(`turn ${turn}`);
    assert.equal((await until(ana, "message")).text, `turn ${turn}`);
    met.push(trust);
    await ana.evaluate((id) => sessions.verify(id), id);
    await ana.evaluate((id) => sessions.end(id), id);
    await bob.until("over: the session was ended");
    await until(ana, "ended");
  }
  // Each terminal has a profile, and so a key, of its own.
  assert.deepEqual(met, ["first", "changed"]);
});

test("a page and a command line that invite each other at once have one session", async (context) => {
  const origin = await site(context);
  const world = await circle(context, { origins: origin });
  let hear;
  const heard = new Promise((resolve) => (hear = resolve));
  const ana = await page(context, origin, world, { onInvited: hear });
  // Each has invited before it hears of the other: what the page is told of that waits.
  const bob = terminal(context, world.server.url, "ana", "--direct");
  await heard;
  await ana.evaluate((user) => sessions.invite(user, "direct"), world.bob.user.id);
  const { words } = await ana.evaluate(async () => {
    for (;;) {
      const event = await next();
      if ("agreed" in event) return event.agreed;
      // The one that does not stand ends as crossed, on either side, and nothing else does.
      if ("ended" in event && event.ended.why !== "crossed") throw new Error(JSON.stringify(event));
    }
  });
  assert.equal(await bob.until("words: "), words.map((word) => word.join(" ")).join(", "));
  await bob.until("connected");
  const { id } = await until(ana, "connected");
  await ana.evaluate((id) => sessions.message(id, "tea?"), id);
  assert.equal(await bob.until("ana: "), "tea?");
  bob.say("one session");
  assert.equal((await until(ana, "message")).text, "one session");
  bob.say("/end");
  assert.equal((await until(ana, "ended")).why, "ended");
});

test("a page and a command line that show no addresses meet over the relay", async (context) => {
  const origin = await site(context);
  const world = await circle(context, { origins: origin, "relay.listen": "127.0.0.1:0", "relay.turn": "true" });
  const bob = terminal(context, world.server.url);
  await bob.until("waiting for an invitation");
  const ana = await page(context, origin, world);
  // What a page would show of where it is.
  await ana.evaluate(() => {
    globalThis.candidates = [];
    const described = Object.getOwnPropertyDescriptor(RTCPeerConnection.prototype, "localDescription").get;
    Object.defineProperty(RTCPeerConnection.prototype, "localDescription", {
      get() {
        const description = described.call(this);
        candidates.push(...(description?.sdp.match(/a=candidate:.*/g) ?? []));
        return description;
      },
    });
  });
  const id = await ana.evaluate((user) => sessions.invite(user, "relayed"), world.bob.user.id);
  await bob.until("ana invites you");
  bob.say("/accept");
  await until(ana, "connected");
  await bob.until("connected");
  await ana.evaluate((id) => sessions.message(id, "tea?"), id);
  assert.equal(await bob.until("ana: "), "tea?");
  const file = join(bob.home, "some.txt");
  writeFileSync(file, Buffer.alloc(2_000_000, "green tea "));
  bob.say(`/send ${file}`);
  const size = await ana.evaluate(async (id) => {
    const { file } = await until("offered");
    const keep = new MemoryKeep();
    sessions.takeFile(id, file, keep);
    await until("whole");
    return keep.blob.size;
  }, id);
  assert.equal(size, 2_000_000);
  const shown = await ana.evaluate(() => candidates);
  assert.ok(shown.length > 0 && shown.every((line) => / typ relay raddr 0\.0\.0\.0 rport 0 /.test(line)), shown.join("\n"));
  bob.say("/end");
  assert.equal((await until(ana, "ended")).why, "ended");
});
