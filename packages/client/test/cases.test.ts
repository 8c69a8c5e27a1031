// The cases that say what changes of topics come to; the server's core is held to the same.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { KithError } from "../dist/error.js";
import { parse, stringify, type Json } from "../dist/json.js";
import type { Change, Fact, Kind } from "../dist/protocol.js";
import { resolve } from "../dist/topic/resolve.js";
import { apply, begin } from "../dist/topic/state.js";
import { empty, told, valueOf } from "../dist/topic/value.js";

interface Case {
  name: string;
  kind: Kind;
  seq?: number;
  value?: Json;
  steps: { change?: Change; happen?: Fact; fact?: Fact; refused?: string; value: Json }[];
}

/** Numbers and the order of keys are compared as the server writes them, but for `1.0` and `1`. */
function shown(value: unknown): string {
  return stringify(sorted(parse(stringify(value)))).replace(/(\d)\.0(?=[,\]}]|$)/g, "$1");
}

function sorted(json: Json): Json {
  if (Array.isArray(json)) return json.map(sorted);
  if (typeof json !== "object" || json === null) return json;
  const entries = Object.entries(json).sort(([one], [two]) => (one < two ? -1 : 1));
  return Object.fromEntries(entries.map(([key, value]) => [key, sorted(value)]));
}

function refusedWith(work: () => Fact): Fact | string {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof KithError, String(error));
    return error.code;
  }
}

const folder = new URL("../../../tests/cases/topics/", import.meta.url);
for (const file of readdirSync(folder)) {
  const cases = parse(readFileSync(new URL(file, folder), "utf8")) as unknown as Case[];
  test(`${file}: every change comes to what the cases say`, () => {
    for (const { name, kind, seq: begun = 1, value, steps } of cases) {
      let seq = begun;
      let state = begin(value === undefined ? empty(kind) : valueOf(kind, value, seq), seq);
      for (const [at, step] of steps.entries()) {
        const where = `${file}: ${name}, step ${at}`;
        const { happen, change } = step;
        const fact = happen ?? refusedWith(() => resolve(state, seq + 1, change as Change));
        if (typeof fact === "string") {
          assert.equal(fact, step.refused, where);
          continue;
        }
        if (happen === undefined) assert.equal(shown(fact), shown(step.fact), where);
        seq += 1;
        state = apply(state, seq, fact);
        assert.equal(shown(told(state.value)), shown(step.value), where);
      }
    }
  });
}
