import type { EventTopic, MapTopic } from "@kith/client";
import { expect, test } from "vitest";
import type { AnyTopic } from "../../lib/topics.js";
import { fake, refusal, settled, type Answers } from "../model/fake.js";
import { followMap, followTopic, lastOf, saidIn, writingIn } from "./topics.js";

type Opened = { closed: boolean };

/** A client whose topics open when they are let; those that were opened. */
function world(answers: Answers = {}) {
  const { client, said } = fake(answers);
  const opened: Opened[] = [];
  let open = () => {};
  const opening = new Promise<void>((go) => (open = go));
  const topic = async () => {
    await opening;
    const one = { closed: false, close: () => void (one.closed = true) };
    opened.push(one);
    return one;
  };
  Object.assign(client, { topic, topicByName: topic });
  return { site: { client }, said, opened, open };
}

test("a topic is followed from when it is open, until it is let go", async () => {
  const { site, opened, open } = world({ topic: () => ({ topic: { holds: "bool" } }) });
  const found: AnyTopic[] = [];
  const stop = followTopic(site, "t_1", (topic) => found.push(topic), () => {});
  open();
  await settled();
  expect([found.length, opened[0]?.closed]).toEqual([1, false]);
  stop();
  expect(opened[0]?.closed).toBe(true);
});

test("one that opens when nobody looks any more is closed, and nobody is told", async () => {
  const { site, opened, open } = world();
  const found: MapTopic[] = [];
  followMap(site, "c_tea", "question", (topic) => found.push(topic), () => {})();
  open();
  await settled();
  expect([found.length, opened[0]?.closed]).toEqual([0, true]);
});

test("why a topic is not there is told to who still looks", async () => {
  const { site } = world({ topic: () => { throw refusal("topic.not_found"); } });
  const failed: string[] = [];
  followTopic(site, "t_1", () => {}, (error) => failed.push((error as Error).message));
  followTopic(site, "t_2", () => {}, (error) => failed.push((error as Error).message))();
  await settled();
  expect(failed).toEqual(["refused: topic.not_found"]);
});

test("what happened last is the newest that happened, and nothing where that is not to be known", async () => {
  const happened = (at: number) => ({ at, by: "u_ana", body: { kind: "changed", fact: { emit: { args: { n: at } } } } });
  const last = (events: () => object[]) => lastOf(world({ history: () => ({ events: events() }) }).site, "t_1" as EventTopic["id"]);
  expect(await last(() => [{ at: 9, body: { kind: "topic_changed" } }, happened(8), happened(7)])).toEqual({ at: 8, by: "u_ana", args: { n: 8 } });
  expect(await last(() => [])).toBeUndefined();
  expect(await last(() => { throw refusal("permission.denied"); })).toBeUndefined();
});

test("a document is a text, or JSON as one reads it", async () => {
  const said = (told: object) => saidIn(world({ topic: () => told }).site, "t_1");
  expect([await said({ text: "tea" }), await said({ json: { tea: 1 } }), await said({})]).toEqual(["tea", '{\n  "tea": 1\n}', ""]);
});

test("what is written goes to the topic, as of what was told", async () => {
  const { site, said } = world({ topic: () => ({ seq: 4 }) });
  const { ask, say } = writingIn(site, "t_1");
  expect(await ask()).toEqual({ seq: 4, text: "" });
  await say({ at: 0, remove: 0, insert: "tea", after: 4 } as never);
  expect(said.at(-1)).toEqual(["change", { changes: [{ topic: "t_1", change: { splice: { at: 0, remove: 0, insert: "tea", after: 4 } } }] }]);
});
