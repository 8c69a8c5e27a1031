// What is inspected: the circles of whoever is signed in.

import type { Client, Connection, Store, protocol } from "@kith/client";
import { CircleModel } from "./circle.js";

export class Inspected {
  constructor(private readonly client: Client) {}

  /** Who is signed in. */
  get name(): string {
    return this.client.user.name;
  }

  get connection(): Store<Connection> {
    return this.client.connection;
  }

  /** Asks which circles there are. */
  async circles(): Promise<readonly protocol.CircleWindow[]> {
    return (await this.client.query({ window: {} })).circles;
  }

  /** Follows one, until it is ended. */
  open(window: protocol.CircleWindow): CircleModel {
    return new CircleModel(this.client, window);
  }
}
