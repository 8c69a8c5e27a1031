// Coming in to a page that is for those who are signed in.

import type { Client } from "@kith/client";
import { connect, signOut } from "./session.js";
import { why } from "./why.js";

/** What of the page is shown. */
export type Phase = { is: "connecting" } | { is: "asking" } | { is: "in"; as: Client } | { is: "failed"; why: string };

export class Entrance {
  phase: Phase = $state.raw({ is: "connecting" });

  /** Connects whoever is signed in, or has them asked who they are. */
  async enter(): Promise<void> {
    this.phase = { is: "connecting" };
    try {
      const client = await connect();
      if (client === undefined) {
        this.phase = { is: "asking" };
        return;
      }
      this.phase = { is: "in", as: client };
      client.connection.subscribe((now) => {
        // The session has ended, here or from elsewhere.
        if (now.state === "stopped" && this.phase.is === "in" && this.phase.as === client) this.phase = { is: "asking" };
      });
    } catch (error) {
      this.phase = { is: "failed", why: why(error) };
    }
  }

  /** Ends the session. */
  async leave(): Promise<void> {
    if (this.phase.is !== "in") return;
    const { as: client } = this.phase;
    await signOut().catch(() => {});
    client.close();
    this.phase = { is: "asking" };
  }

  /** Lets everything go. */
  end(): void {
    if (this.phase.is === "in") this.phase.as.close();
  }
}
