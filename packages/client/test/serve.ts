// The real server, on any free port and with data of its own.

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server as NetServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TestContext } from "node:test";
import WebSocket from "ws";
import { Client, KithError, type protocol, type SocketType, type Store } from "@kith/client";

const PROGRAM = process.env["KITH_PROGRAM"]
  ?? fileURLToPath(new URL("../../../target/debug/kith", import.meta.url));
export const PASSWORD = "correct horse battery";

export class Server {
  readonly #data: string;
  readonly #settings: Readonly<Record<string, string>>;
  #program: ChildProcess | undefined;
  #clients: Client[] = [];
  #tokens = new Map<string, string>();
  url = "";

  private constructor(settings: Readonly<Record<string, string>>) {
    this.#settings = settings;
    this.#data = mkdtempSync(join(tmpdir(), "kith-"));
  }

  /** A server that ends with the test. */
  static async start(test: TestContext, settings: Readonly<Record<string, string>> = {}): Promise<Server> {
    const server = new Server(settings);
    test.after(async () => {
      for (const client of server.#clients) client.close();
      await server.kill();
      rmSync(server.#data, { recursive: true });
    });
    await server.#serve("127.0.0.1:0");
    return server;
  }

  async #serve(listen: string): Promise<void> {
    const environment = Object.entries(process.env).filter(([name]) => !name.startsWith("KITH_"));
    const settings = Object.entries(this.#settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
    const program = spawn(PROGRAM, ["serve", "--listen", listen, "--data", join(this.#data, "data"), ...settings], {
      env: { ...Object.fromEntries(environment), KITH_PASSWORD_MEMORY_KIB: "64" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#program = program;
    for await (const line of createInterface({ input: program.stdout })) {
      const url = /^kith: listening on (.*)$/.exec(line)?.[1];
      if (url === undefined) throw new Error(`the server said ${line}`);
      this.url = url;
      return;
    }
    throw new Error("the server did not start");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    if (program === undefined) return;
    const ended = once(program, "exit");
    program.kill(signal);
    await ended;
  }

  /** Kills it where it stands. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Stops it as an operator does. */
  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  /** Starts it again where it was. */
  again(): Promise<void> {
    return this.#serve(new URL(this.url).host);
  }

  async post(path: string, body: object): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json() as Promise<Record<string, unknown>>;
  }

  /** The token of somebody who was connected before. */
  token(name: string): string {
    return this.#tokens.get(name) ?? "";
  }

  /** Somebody who was connected before, as the `welcome` of then says; there at once. */
  resume(name: string, welcome: protocol.Welcome): Client {
    const auth = { token: this.token(name) };
    const client = Client.resume({ url: this.url, auth, WebSocket: WebSocket as unknown as SocketType }, welcome);
    this.#clients.push(client);
    return client;
  }

  /** Somebody who is connected, with an account that is made when it is first needed; maybe another way. */
  async client(name: string, url = this.url): Promise<Client> {
    if (!this.#tokens.has(name)) {
      await this.post("/accounts", { name, password: PASSWORD });
      const session = await this.post("/sessions", { name, password: PASSWORD, kind: "token" });
      this.#tokens.set(name, session["token"] as string);
    }
    const auth = { token: this.#tokens.get(name) as string };
    const client = await Client.connect({ url, auth, WebSocket: WebSocket as unknown as SocketType });
    this.#clients.push(client);
    return client;
  }
}

/** A way to the server that a test can cut. */
export class Way {
  readonly #net: NetServer;
  readonly #sockets = new Set<Socket>();
  #open = true;

  private constructor(far: URL) {
    this.#net = createServer((near) => {
      if (!this.#open) return near.destroy();
      const there = connect(Number(far.port), far.hostname);
      for (const [one, other] of [[near, there], [there, near]] as const) {
        this.#sockets.add(one);
        one.pipe(other);
        // What ends one ends the other, whatever it was.
        one.on("error", () => {});
        one.on("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      }
    });
  }

  /** A way that ends with the test. */
  static async to(test: TestContext, server: Server): Promise<Way> {
    const way = new Way(new URL(server.url));
    way.#net.listen(0, "127.0.0.1");
    await once(way.#net, "listening");
    test.after(() => {
      way.close();
      way.#net.close();
    });
    return way;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#net.address() as AddressInfo).port}`;
  }

  /** Ends what goes over it, and lets nobody on. */
  close(): void {
    this.#open = false;
    this.#sockets.forEach((socket) => socket.destroy());
  }

  open(): void {
    this.#open = true;
  }
}

/** The value of a store as soon as it is as wished. */
export function until<T>(store: Store<T>, is: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    let stop: (() => void) | undefined;
    let done = false;
    stop = store.subscribe((value) => {
      if (done || !is(value)) return;
      done = true;
      stop?.();
      resolve(value);
    });
    if (done) stop();
  });
}

/** A circle that two are in, and its first stream. */
export async function circle(ana: Client, bob: Client): Promise<{ circle: `c_${string}`; stream: `s_${string}` }> {
  const { circle, stream } = await ana.command({ create_circle: { name: "Tea" } });
  const { code } = await ana.command({ create_invite: { circle: circle as `c_${string}` } });
  await bob.command({ accept_invite: { code: code as string } });
  return { circle: circle as `c_${string}`, stream: stream as `s_${string}` };
}

/** Six more, who join a circle that is public. */
export async function crowd(server: Server, circle: `c_${string}`): Promise<Client[]> {
  const all: Client[] = [];
  for (const name of ["cyd", "dan", "eve", "fay", "gil", "hal"]) {
    const one = await server.client(name);
    await one.command({ join: { circle } });
    all.push(one);
  }
  return all;
}

/** What says, in the name of `client`, what others may not do in a topic. */
export async function narrowing(
  client: Client, circle: `c_${string}`, topic: `t_${string}`,
): Promise<(deny: protocol.Permissions) => Promise<unknown>> {
  const { everyone } = (await client.query({ circle: { circle } })).circle;
  return (deny) => client.command({ narrow_topic: { topic, deny: { [everyone]: deny } } });
}

/** Why something was refused; fails when it was not. */
export async function refused(work: Promise<unknown>): Promise<KithError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof KithError, String(error));
    return error;
  }
  return assert.fail("it was not refused");
}
