// Services in the inspector: what is offered, what is open, and calling by hand.

import { expect, test } from "vitest";
import { Client } from "@kith/client";
import { makeCircle } from "./circle.js";
import { browser, server, stage } from "./stage.js";

stage();

test("services are called by hand, and open calls are seen with their age", async () => {
  const [ana, bob] = [await server.person("ana"), await server.person("bob")];
  const { circle } = await makeCircle(ana, [bob]);
  const { default: WebSocket } = await import("ws");
  const client = await Client.connect({ url: server.url, auth: { token: ana.token }, WebSocket: WebSocket as never });
  const page = await browser.open(server, `/inspector#${circle}`, ana, { width: 1600 });
  await page.getByRole("tab", { name: "Services" }).click();
  const services = page.getByRole("region", { name: "Services" });
  await services.getByText("kith/echo").first().waitFor();

  let finish = () => {};
  const wait = new Promise<void>((resolve) => (finish = resolve));
  await client.offer({ circle: circle as never, name: "test/count", about: "Counts" }, async function* (args) {
    for (let at = 1; at <= (args as number); at += 1) yield at;
    await wait;
    return "over";
  });
  await services.getByText("Counts").waitFor();
  await services.getByText("1 provider").last().waitFor();

  const call = async (name: string, args: string) => {
    await services.getByLabel("Service", { exact: true }).selectOption(name);
    await services.getByLabel("Arguments, as JSON").fill(args);
    await services.getByRole("button", { name: "Call", exact: true }).click();
  };
  const came = services.getByRole("list", { name: "What came of it" });
  await call("test/count", "3");
  await came.getByText("item").nth(2).waitFor();
  const open = services.getByRole("row").filter({ hasText: "test/count" });
  await open.getByText(/\d (ms|s)$/).first().waitFor();
  finish();
  await came.getByText('"over"').waitFor();
  await services.getByText(/ended after \d/).waitFor();
  await services.getByText("No calls are open.").waitFor();

  await call("kith/echo", '{"a": [1]}');
  await came.getByText("result").waitFor();
  expect(await came.textContent()).toContain('"a"');
  await call("kith/echo", "no JSON");
  await services.getByRole("alert").getByText("The arguments are no JSON").waitFor();

  // Who may not offer services is not told of open calls.
  const other = await browser.open(server, `/inspector#${circle}`, bob, { width: 1600 });
  await other.getByRole("tab", { name: "Services" }).click();
  await other.getByText(/Not told:.*offer_services/).waitFor();
  client.close();
});
