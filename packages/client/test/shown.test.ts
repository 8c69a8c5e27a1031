// The cases that say what is shown and sent while changes are on their way.
//
// A case is topics, and steps: what the program does (`do`), what others do that is told at once
// (`others`), what the server does with the next that was sent (`decide`, `refuse`), and what becomes
// of the connection (`lose`, `resume`). With `guard`, that is what a guard makes of what was sent; with
// `merged`, what happens is told as the values that come of it. Each step says what is then `sent`, and `shown` of every topic;
// or with which code the program's change is `refused` at once. With `KITH_WRITE` in the environment,
// what comes out is written into the files.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { parse, stringify, type Json, type JsonObject } from "../dist/json.js";
import type { Asked, Condition, Kind, TopicId } from "../dist/protocol.js";
import { Server, type Client } from "./model.js";

interface Step {
  do?: { topic: string; change: Asked["change"] }[];
  when?: Condition[];
  others?: Step["do"];
  decide?: "events first" | "answer first" | "unheard";
  guard?: Step["do"];
  merged?: true;
  refuse?: string;
  lose?: true;
  resume?: "events" | "state";
}

interface Case {
  name: string;
  topics: { [name: string]: { kind: Kind; value?: Json } };
  steps: (Step & { sent?: Json; shown?: Json; refused?: Json })[];
}

function play({ topics, steps }: Case): JsonObject[] {
  const server = new Server();
  for (const [name, { kind, value }] of Object.entries(topics)) server.add(name as TopicId, kind, value);
  const [me, other] = [server.connect(), server.connect()];
  const heard = () => {
    while (me.line.length > 0) me.hear();
  };
  return steps.map((step) => {
    const before = me.sendings;
    const refused = step.do === undefined ? undefined
      : me.change(step.do as Asked[], step.when === undefined ? {} : { when: step.when });
    if (step.others !== undefined) {
      // What others do they do on what the server has.
      while (other.line.length > 0) other.hear();
      const id = other.change(step.others as Asked[]);
      assert.equal(typeof id, "number", `what others do is possible: ${id}`);
      other.push();
    }
    if (step.decide !== undefined) me.push(step.guard as Asked[] | undefined);
    if (step.merged === true) me.merge();
    if (step.decide === "answer first") me.line.reverse();
    if (step.refuse !== undefined) me.refuse(step.refuse);
    if (step.lose === true) me.lose();
    if (step.resume !== undefined) me.resume(() => step.resume === "state");
    if (step.decide !== "unheard") heard();
    const { sent: _, shown: __, refused: ___, ...rest } = step as Case["steps"][number];
    return {
      ...(rest as unknown as JsonObject),
      ...(typeof refused === "string" ? { refused } : { sent: sent(me, before), shown: shown(me, topics) }),
    };
  });
}

function sent(me: Client, from: number): Json {
  return me.sent.slice(from).map(({ changes }) => changes as unknown as Json);
}

function shown(me: Client, topics: object): Json {
  return Object.fromEntries(Object.keys(topics).map((name) => [name, me.shown(name as TopicId)]));
}

/** The file as it is kept: a case, and each of its steps, on a line of its own. */
function written(cases: Case[]): string {
  const all = cases.map((one) => {
    const steps = play(one).map((step) => `\n    ${stringify(step)}`);
    return `  {"name": ${stringify(one.name)}, "topics": ${stringify(one.topics)}, "steps": [${steps.join(",")}]}`;
  });
  return `[\n${all.join(",\n")}\n]\n`;
}

const folder = new URL("../../../tests/cases/shown/", import.meta.url);
for (const name of readdirSync(folder)) {
  const file = new URL(name, folder);
  const cases = parse(readFileSync(file, "utf8")) as unknown as Case[];
  test(`${name}: what is shown and sent is what the cases say`, () => {
    if (process.env["KITH_WRITE"] !== undefined) writeFileSync(file, written(cases));
    else for (const one of cases) assert.deepEqual(play(one), one.steps, one.name);
  });
}
