import { KithError } from "@kith/client";
import { expect, test } from "vitest";
import { Task } from "./task.svelte.js";

test("something is done once at a time", async () => {
  const task = new Task();
  let end: () => void = () => {};
  let count = 0;
  const work = () => new Promise<void>((done) => ((count += 1), (end = done)));
  const first = task.run(work);
  expect(task.busy).toBe(true);
  expect(await task.run(work)).toBe(false);
  end();
  expect([await first, task.busy, count]).toEqual([true, false, 1]);
});

test("why it failed is said until it is tried again, beside what it is about", async () => {
  const task = new Task();
  const refusal = new KithError({ code: "password.length", message: "too short" });
  expect(await task.run(() => Promise.reject(refusal))).toBe(false);
  expect(task.failed).not.toBe("");
  expect([task.about("password.length"), task.about("name.", "password."), task.about("name.")]).toEqual([task.failed, task.failed, ""]);
  expect([task.besides("name."), task.besides("name.", "password.")]).toEqual([task.failed, ""]);
  expect(await task.run(() => Promise.resolve())).toBe(true);
  expect([task.failed, task.about("password.")]).toEqual(["", ""]);
});

test("a form does not leave the page", async () => {
  const task = new Task();
  let stayed = false;
  let ran = false;
  const submit = task.form(() => Promise.resolve(void (ran = true)));
  submit({ preventDefault: () => void (stayed = true) } as SubmitEvent);
  await expect.poll(() => task.busy).toBe(false);
  expect([stayed, ran]).toEqual([true, true]);
});
