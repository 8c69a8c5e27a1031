import type { protocol } from "@kith/client";
import { expect, test } from "vitest";
import { settled } from "./fake.js";
import { Singles, type Single } from "./singles.js";

const message = (seq: number, text = `number ${seq}`): protocol.Message => ({ seq, author: "u_ana", at: 0, text });

/** Singles whose server has what `there` says; a missing one is refused, and `passing` while it cannot be reached. */
function world(there: Map<number, protocol.Message>) {
  const asked: number[] = [];
  const wanted: string[] = [];
  const state = { now_ms: 0, passing: false, held: new Map<number, protocol.Message>() };
  const singles = new Singles({
    held: (_, seq) => state.held.get(seq),
    ask: (_, seq) => {
      asked.push(seq);
      const found = there.get(seq);
      return found === undefined || state.passing ? Promise.reject(new Error("no")) : Promise.resolve(found);
    },
    wanted: (users) => wanted.push(...users),
    isPassing: () => state.passing,
  }, () => state.now_ms);
  return { singles, asked, wanted, state };
}

/** What is told of a message from now on, the newest last. */
function watch(singles: Singles, seq: number): { told: (string | null | undefined)[]; stop: () => void } {
  const told: (string | null | undefined)[] = [];
  const stop = singles.one("s_tea", seq).subscribe((one: Single) => told.push(one?.text ?? (one as null | undefined)));
  return { told, stop };
}

test("what is not held is asked for once, however many show it, and its author has a name", async () => {
  const { singles, asked, wanted } = world(new Map([[1, message(1)]]));
  const [one, two] = [watch(singles, 1), watch(singles, 1)];
  await settled();
  expect([one.told, two.told]).toEqual([[undefined, "number 1"], [undefined, "number 1"]]);
  expect([asked, wanted]).toEqual([[1], ["u_ana"]]);
});

test("what is held is not asked for, nor when something happens to it", async () => {
  const { singles, asked, state } = world(new Map());
  state.held.set(1, message(1, "held"));
  const { told } = watch(singles, 1);
  state.held.set(1, message(1, "changed"));
  singles.changed("s_tea", 1);
  expect(told).toEqual(["held", "changed"]);
  await settled();
  expect(asked).toEqual([]);
});

test("what may not be read is nothing, and what could not be asked for is asked for with the next connection", async () => {
  const { singles, asked, state } = world(new Map([[1, message(1)]]));
  const two = watch(singles, 2);
  await settled();
  state.passing = true;
  const one = watch(singles, 1);
  await settled();
  expect([one.told, two.told]).toEqual([[undefined], [undefined, null]]);
  state.passing = false;
  singles.again();
  await settled();
  expect([one.told.at(-1), two.told.at(-1)]).toEqual(["number 1", null]);
  expect(asked).toEqual([2, 1, 1]);
});

/** What is told until there is an answer. */
async function told(singles: Singles, seq: number): Promise<(string | null | undefined)[]> {
  const one = watch(singles, seq);
  await settled();
  one.stop();
  return one.told;
}

test("what happens to it while it is shown is shown", async () => {
  const there = new Map([[1, message(1)]]);
  const { singles, asked } = world(there);
  const one = watch(singles, 1);
  await settled();
  there.set(1, message(1, "otherwise"));
  singles.changed("s_tea", 1);
  singles.changed("s_tea", 7);
  await settled();
  there.delete(1);
  singles.changed("s_tea", 1);
  await settled();
  expect(one.told).toEqual([undefined, "number 1", "otherwise", null]);
  expect(asked).toEqual([1, 1, 1]);
});

test("what is shown again later is as it is by then", async () => {
  const there = new Map([[1, message(1)]]);
  const { singles, asked, state } = world(there);
  await told(singles, 1);
  state.now_ms = 59_999;
  await told(singles, 1);
  state.now_ms = 60_000;
  there.set(1, message(1, "otherwise"));
  expect(await told(singles, 1)).toEqual(["number 1", "otherwise"]);
  expect(asked).toEqual([1, 1]);
});

test("of a stream that may not be read any longer nothing is shown, also where an answer is on its way", async () => {
  const { singles } = world(new Map([[1, message(1)], [2, message(2)]]));
  const one = watch(singles, 1);
  await settled();
  const two = watch(singles, 2);
  singles.lost("s_tea");
  await settled();
  expect([one.told.at(-1), two.told.at(-1)]).toEqual([null, null]);
});

test("of many that are not shown any more those of long ago are forgotten", async () => {
  const { singles, asked } = world(new Map(Array.from({ length: 202 }, (_, at) => [at, message(at)])));
  for (let seq = 0; seq < 202; seq += 1) await told(singles, seq);
  asked.length = 0;
  await told(singles, 201);
  await told(singles, 0);
  expect(asked).toEqual([0]);
});
