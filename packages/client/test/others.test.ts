// The cases that say what others show in a feed, by what is told of it: the same for every language.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mock, test } from "node:test";
import { Awareness } from "../dist/aware.js";
import type { Driver } from "../dist/driver.js";
import type { Problem, Shown } from "../dist/protocol.js";
import type { FeedUpdate } from "../dist/session/update.js";

interface Told {
  caught_up?: object;
  aware?: { all?: boolean; states: Shown[] };
  refused?: object;
  closed?: object;
  lost?: object;
}

interface Case {
  name: string;
  steps: { told: Told; others: object }[];
}

const FEED = "s_01h455vb4pex5vsknk084sn02q";
const PROBLEM: Problem = { code: "stream.not_found", message: "there is no such stream" };
const text = readFileSync(new URL("../../../tests/cases/aware/others.json", import.meta.url), "utf8");

function update(told: Told): FeedUpdate | undefined {
  if (told.caught_up !== undefined) return { kind: "caught_up", feed: FEED, seq: 1 };
  if (told.aware !== undefined) return { kind: "aware", feed: FEED, ...told.aware };
  if (told.refused !== undefined) return { kind: "refused", feed: FEED, problem: PROBLEM };
  return told.closed === undefined ? undefined : { kind: "closed", feed: FEED, removed: false };
}

for (const { name, steps } of JSON.parse(text) as Case[]) {
  test(name, () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const driver = {} as Driver;
    const awareness = new Awareness(driver);
    const aware = awareness.of(FEED);
    for (const { told, others } of steps) {
      const told_now = update(told);
      if (told_now === undefined) awareness.offline();
      else driver.onFeed?.(told_now);
      // What others show is gathered for a moment.
      mock.timers.tick(100);
      const shown = [...aware.others.get()].map(([client, { session, user, state }]) => [client, { session, user, state }]);
      assert.deepEqual(Object.fromEntries(shown), others);
    }
    mock.timers.reset();
  });
}
