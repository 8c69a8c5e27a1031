// What programs do with a server through an SDK: the cases of `tests/cases/server`, to which the SDK in
// Rust is held as well. What their steps mean is said there, in `crates/kith-client/tests/shared.rs`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import type { Json, JsonObject } from "@kith/client";
import { is, Person, type Given, type Place, type Step } from "./person.js";
import { Server, Way } from "./serve.js";

interface Case {
  name: string;
  people: string[];
  steps: Step[];
}

const FILES = ["transactions", "undo", "services", "streams", "texts"];
/** After so long a case hangs. */
const LONG_MS = 60_000;

/** The people of a case, in a circle of the first of them. */
async function begin(context: TestContext, names: readonly string[]): Promise<Map<string, Person>> {
  const server = await Server.start(context);
  const people = new Map<string, Person>();
  let place: Place | undefined;
  for (const name of names) {
    const way = await Way.to(context, server);
    const client = await server.client(name, way.url);
    if (place === undefined) {
      const { circle, stream } = await client.command({ create_circle: { name: "Tea", public: true } });
      place = { circle, stream } as Place;
    } else {
      await client.command({ join: { circle: place.circle } });
    }
    people.set(name, await Person.begin(name, client, way, place, people));
  }
  return people;
}

/** A step with what the names in it stand for. */
function meant(json: Json, people: ReadonlyMap<string, Person>, saved: ReadonlyMap<string, Json>): Json {
  if (Array.isArray(json)) return json.map((item) => meant(item, people, saved));
  if (typeof json === "object" && json !== null) {
    const entries = Object.entries(json as JsonObject);
    return Object.fromEntries(entries.map(([key, value]) => [key, meant(value, people, saved)]));
  }
  if (typeof json !== "string") return json;
  if (json.startsWith("$")) return saved.get(json.slice(1)) as Json;
  return json.startsWith("@") ? (people.get(json.slice(1)) as Person).user : json;
}

async function play(context: TestContext, { people: names, steps }: Case): Promise<void> {
  const people = await begin(context, names);
  const saved = new Map<string, Json>();
  for (const [at, told] of steps.entries()) {
    const step = meant(told as unknown as Json, people, saved) as unknown as Step;
    const given: Given | undefined = await (people.get(step.as) as Person).does(step);
    if (given === undefined) continue;
    assert.ok(is(given, step), `step ${at}: ${JSON.stringify(told)} gave ${JSON.stringify(given)}`);
    if (step.saves !== undefined) saved.set(step.saves, given.value as Json);
  }
}

for (const file of FILES) {
  const cases = JSON.parse(readFileSync(new URL(`../../../tests/cases/server/${file}.json`, import.meta.url), "utf8")) as Case[];
  for (const one of cases) {
    test(`${file}: ${one.name}`, { timeout: LONG_MS }, (context) => play(context, one));
  }
}
