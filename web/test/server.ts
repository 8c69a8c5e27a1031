// The real server, on any free port and with data of its own, and what is made in it beforehand.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { heard } from "../scripts/real.mjs";

/** The program that is tested. */
export const PROGRAM = process.env["KITH_PROGRAM"] ?? fileURLToPath(new URL("../../target/debug/kith", import.meta.url));
/** Settings for tests that ask much, and sign in often. */
export const BUSY = {
  KITH_REQUESTS_PER_SECOND: "100000",
  KITH_REQUESTS_BURST: "100000",
  KITH_SIGN_IN_BURST: "1000",
  KITH_SIGN_UPS_PER_MINUTE: "1000",
};
/** Those, for tests with files: they are taken however full the disk of the machine is. */
export const FILES = { ...BUSY, KITH_FILES__FREE_PERCENT: "1" };
/** Those, for a server that relays private sessions. */
export const RELAYING = { ...BUSY, KITH_RELAY__LISTEN: "127.0.0.1:0", KITH_RELAY__TURN: "true" };
export const PASSWORD = "correct horse battery";

/** Somebody with an account, who speaks REST. */
export class Person {
  constructor(readonly url: string, readonly name: string, readonly id: string, readonly token: string) {}

  /** Asks or changes something; fails where the server refuses it. */
  async ask<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json() as Promise<T>;
  }
}

export class Server {
  private constructor(
    readonly url: string,
    /** Where whoever owns the site signs up. */
    readonly owner: string,
    private program: ChildProcess,
    /** The directory that has its data in it. */
    readonly data: string,
    private readonly settings: Record<string, string>,
    private readonly args: readonly string[],
  ) {}

  /** Starts one, with more settings where `settings` says so, and `args` for its command. */
  static async start(settings: Record<string, string> = {}, args: readonly string[] = []): Promise<Server> {
    const data = mkdtempSync(join(tmpdir(), "kith-"));
    const program = serve(data, args, settings);
    const [, url = "", owner = ""] = await heard(program, /^kith: listening on (.*)\n[^]*?(\S+#owner=\S+)\n/);
    return new Server(url, owner, program, data, settings, args);
  }

  /** Kills it, as a failure of power would. */
  async kill(): Promise<void> {
    const ended = once(this.program, "exit");
    this.program.kill("SIGKILL");
    await ended;
  }

  /** Starts it again, at the same address and with the same data; `changed` says which settings are others then. */
  async again(changed: Record<string, string> = {}): Promise<void> {
    this.program = serve(this.data, [...this.args, "--listen", new URL(this.url).host], { ...this.settings, ...changed });
    await heard(this.program, /^kith: listening on .*\n/);
  }

  /** Kills it and takes its data away. */
  async end(): Promise<void> {
    await this.kill();
    rmSync(this.data, { recursive: true });
  }

  /** Makes an account. */
  async person(name: string): Promise<Person> {
    const answer = await fetch(`${this.url}/api/v1/accounts`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name, password: PASSWORD }),
    });
    if (!answer.ok) throw new Error(`the account ${name}: ${answer.status} ${await answer.text()}`);
    const { user, token } = (await answer.json()) as { user: { id: string }; token: string };
    return new Person(this.url, name, user.id, token);
  }
}

/** Runs the program as a server, on any free port unless `args` name one. */
export function serve(data: string, args: readonly string[] = [], settings: Record<string, string> = {}): ChildProcess {
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith("KITH_"));
  const listen = args.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"];
  return spawn(PROGRAM, ["serve", ...listen, ...args, "--data", join(data, "data")], {
    env: { ...Object.fromEntries(environment), KITH_PASSWORD_MEMORY_KIB: "64", ...settings },
    stdio: ["ignore", "pipe", "ignore"],
  });
}
