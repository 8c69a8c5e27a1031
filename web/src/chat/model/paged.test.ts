import { get } from "svelte/store";
import { expect, test } from "vitest";
import { Paged, type Part } from "./paged.js";

/** A list of the numbers below `count`, three at a time. */
const numbers = (count: number, asked: (number | undefined)[] = []) =>
  new Paged<number>((last) => {
    asked.push(last);
    const from = (last ?? -1) + 1;
    const items = Array.from({ length: Math.min(3, count - from) }, (_, at) => from + at);
    return Promise.resolve<Part<number>>({ items, more: from + 3 < count });
  });

test("each part is asked for behind the last, until there is no more", async () => {
  const asked: (number | undefined)[] = [];
  const list = numbers(5, asked);
  expect([get(list.all), get(list.more)]).toEqual([undefined, false]);
  await list.next();
  expect([get(list.all), get(list.more)]).toEqual([[0, 1, 2], true]);
  await list.next();
  expect([get(list.all), get(list.more)]).toEqual([[0, 1, 2, 3, 4], false]);
  expect(asked).toEqual([undefined, 2]);
});

test("while an answer is on its way nothing more is asked", async () => {
  const asked: (number | undefined)[] = [];
  const list = numbers(9, asked);
  const [one, two] = [list.next(), list.next()];
  expect(get(list.busy)).toBe(true);
  await Promise.all([one, two]);
  expect([asked.length, get(list.busy)]).toEqual([1, false]);
});

test("what is refused changes nothing and can be asked for again", async () => {
  let fails = true;
  const list = new Paged<number>(() => (fails ? Promise.reject(new Error("no")) : Promise.resolve({ items: [1], more: false })));
  await expect(list.next()).rejects.toThrow("no");
  expect([get(list.all), get(list.busy)]).toEqual([undefined, false]);
  fails = false;
  await list.next();
  expect(get(list.all)).toEqual([1]);
});

test("what is gone is taken out, and a part with nothing in it is the last", async () => {
  const met: number[] = [];
  const list = new Paged<number>((last) => Promise.resolve({ items: last === undefined ? [1, 2] : [], more: true }), (items) => met.push(...items));
  await list.next();
  list.drop((one) => one === 1);
  expect([get(list.all), get(list.more), met]).toEqual([[2], true, [1, 2]]);
  await list.next();
  expect(get(list.more)).toBe(false);
});
