// A circle of two on the real server.

import { Server } from "../../packages/client/build/serve.js";

export async function circle(test, settings) {
  const server = await Server.start(test, settings);
  const [ana, bob] = [await server.client("ana"), await server.client("bob")];
  const { circle } = await ana.command({ create_circle: { name: "Tea" } });
  const { code } = await ana.command({ create_invite: { circle } });
  await bob.command({ accept_invite: { code } });
  return { server, ana, bob, id: circle };
}
