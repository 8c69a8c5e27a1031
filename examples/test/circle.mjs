// A circle of two on the real server.

import { circle as meet, Server } from "../../packages/client/build/serve.js";

export async function circle(test, settings) {
  const server = await Server.start(test, settings);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle } = await meet(ana, bob);
  return { server, ana, bob, id: circle };
}
