// The program at a command line, with a profile of its own, and what it prints.

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { PASSWORD, PROGRAM } from "./server.js";

export class CommandLine {
  /** Where it keeps what it keeps, and saves files. */
  readonly home = mkdtempSync(join(tmpdir(), "kith-"));
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** Signs in, and runs it. */
  constructor(url: string, name: string, args: readonly string[]) {
    const env = { ...process.env, KITH_PROFILE: this.home, KITH_SERVER: url };
    const login = spawnSync(PROGRAM, ["login", name], { env, input: `${PASSWORD}\n` });
    if (login.status !== 0) throw new Error(String(login.stderr));
    const all = [...args, "--bind", "127.0.0.1:0", "--save", this.home];
    this.#child = spawn(PROGRAM, all, { env, stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout as Readable })[Symbol.asyncIterator]();
  }

  say(line: string): void {
    (this.#child.stdin as Writable).write(`${line}\n`);
  }

  /** What follows `begin` in the first line that has it. */
  async until(begin: string): Promise<string> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(`it ended without ${begin}`);
      const at = value.indexOf(begin);
      if (at >= 0) return value.slice(at + begin.length);
    }
  }

  /** Kills it, and takes away what it kept. */
  end(): void {
    this.#child.kill("SIGKILL");
    rmSync(this.home, { recursive: true });
  }
}
