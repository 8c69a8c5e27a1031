// A feed of a sensor: the load of this machine, every second, in a topic that no disk is written for.
// Whoever opens `sensors/<name>` in the circle sees it change.

import { hostname, loadavg } from "node:os";
import { float, schema } from "@kith/client";
import { connect } from "./shared/connect.mjs";

const PAUSE_MS = 1000;
const { client, circle } = await connect();
const { load } = await client.open(
  circle,
  schema({ load: float(0, { ephemeral: true, changes_per_second: 10 }) }),
  { create: true, prefix: `sensors/${hostname()}/` },
);
const timer = setInterval(() => void load.set(loadavg()[0] ?? 0).catch(console.error), PAUSE_MS);
client.connection.subscribe(({ state }) => {
  if (state === "stopped") clearInterval(timer);
});
await load.set(loadavg()[0] ?? 0);
console.log("ready");
