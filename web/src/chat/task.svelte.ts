// What a form or a button does, once at a time: whether it is under way, and why it failed.

import { KithError } from "@kith/client";
import { why } from "../lib/why.js";

export class Task {
  busy = $state(false);
  /** Why it failed last, in words; empty where it did not. */
  failed = $state("");
  /** The code of that; empty for what the server did not refuse. */
  #code = $state("");

  /** Does it, unless it is under way already; whether it was done. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.failed = this.#code = "";
    try {
      await work();
      return true;
    } catch (error) {
      this.failed = why(error);
      this.#code = error instanceof KithError ? error.code : "";
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** The same, as a form calls it. */
  form(work: () => Promise<unknown>): (event: SubmitEvent) => void {
    return (event) => {
      event.preventDefault();
      void this.run(work);
    };
  }

  /** Why it failed, where that is about something: where its code begins so. */
  about(...codes: readonly string[]): string {
    return codes.some((code) => this.#code.startsWith(code)) ? this.failed : "";
  }

  /** Why it failed, where that is about none of these. */
  besides(...codes: readonly string[]): string {
    return this.about(...codes) === "" ? this.failed : "";
  }
}
