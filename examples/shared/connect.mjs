// How the examples connect: the server, a token and a circle are told by the environment.

import { Client } from "@kith/client";

/** A client as KITH_URL and KITH_TOKEN say, and the circle KITH_CIRCLE. */
export async function connect() {
  const { KITH_URL: url = "http://127.0.0.1:8080", KITH_TOKEN: token, KITH_CIRCLE: circle } = process.env;
  if (token === undefined || circle === undefined) {
    console.error("set KITH_TOKEN to a token (of `kith admin bot add`, say) and KITH_CIRCLE to the id of a circle");
    process.exit(2);
  }
  // Node 20 has no WebSocket of its own.
  const WebSocket = globalThis.WebSocket ?? (await import("ws")).default;
  const client = await Client.connect({ url, auth: { token }, WebSocket });
  process.once("SIGTERM", () => client.close());
  process.once("SIGINT", () => client.close());
  return { client, circle };
}
