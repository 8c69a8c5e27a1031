// The program at a command line, one command at a time, and what it prints.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { PASSWORD, PROGRAM } from "./server.js";

const run = promisify(execFile);

export class Shell {
  readonly #home = mkdtempSync(join(tmpdir(), "kith-"));
  readonly #env: NodeJS.ProcessEnv;
  readonly #running: ChildProcess[] = [];

  private constructor(url: string) {
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith("KITH_"));
    this.#env = { ...Object.fromEntries(others), KITH_PROFILE: this.#home, KITH_SERVER: url };
  }

  /** One where `name` is signed in. */
  static async of(url: string, name: string): Promise<Shell> {
    const shell = new Shell(url);
    const login = spawn(PROGRAM, ["login", name], { env: shell.#env, stdio: ["pipe", "ignore", "inherit"] });
    login.stdin.end(`${PASSWORD}\n`);
    const code = await new Promise((done) => login.on("exit", done));
    if (code !== 0) throw new Error(`${name} could not sign in: ${String(code)}`);
    return shell;
  }

  /** Runs a command to its end; what it printed. */
  async run(...args: readonly string[]): Promise<string> {
    return (await run(PROGRAM, args, { env: this.#env })).stdout;
  }

  /** Begins a command that goes on; what it prints is looked for by what comes back. */
  begin(...args: readonly string[]): (wanted: RegExp) => Promise<void> {
    const child = spawn(PROGRAM, args, { env: this.#env, stdio: ["ignore", "pipe", "inherit"] });
    this.#running.push(child);
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (more: string) => (printed += more));
    return async (wanted) => void (await expect.poll(() => printed).toMatch(wanted));
  }

  /** Ends what goes on, and takes away what it kept. */
  end(): void {
    for (const child of this.#running) child.kill("SIGKILL");
    rmSync(this.#home, { recursive: true });
  }
}
