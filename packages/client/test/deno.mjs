// What a program in Deno does, started by a test: it follows a topic, changes it, and calls a service.

import { Client, int } from "../dist/index.js";

const [url, token, circle] = Deno.args;
const client = await Client.connect({ url, auth: { token } });
const count = await client.topicByName(circle, "count", int());
await count.add(2);
const echo = await client.call({ circle, name: "kith/echo", args: { from: "Deno" } });
console.log(JSON.stringify({ count: Number(count.get()), echo }));
client.close();
