import { expect, test } from "vitest";
import { linkedIn } from "./linked.js";

const HERE = "http://kith.example:8080";
const check = (text: string) => linkedIn(text, HERE).map(({ stream, seq }) => `${stream}/${seq}`);

test("links to messages and threads of this site are found wherever they stand", () => {
  expect(check(`see ${HERE}/s/s_tea/7`)).toEqual(["s_tea/7"]);
  expect(check(`- **${HERE}/s/s_tea/7/thread**\n- [that](${HERE}/s/s_ops/3/thread-9)`)).toEqual(["s_tea/7", "s_ops/9"]);
  expect(check(`> ${HERE}/s/s_tea/7`)).toEqual(["s_tea/7"]);
});

test("links to other sites and other places lead to no message", () => {
  for (const text of ["", "/s/s_tea/7", "https://other.example/s/s_tea/7", `${HERE}/s/s_tea`, `${HERE}/c/c_tea`, `${HERE}/s/nothing/7`]) {
    expect(check(text)).toEqual([]);
  }
});

test("what is code or hidden stays so", () => {
  expect(check(`\`${HERE}/s/s_tea/7\``)).toEqual([]);
  expect(check(`||${HERE}/s/s_tea/7||`)).toEqual([]);
});

test("each is found once, and a few at most", () => {
  const all = [1, 1, 2, 3, 4].map((seq) => `${HERE}/s/s_tea/${seq}`).join(" ");
  expect(check(all)).toEqual(["s_tea/1", "s_tea/2", "s_tea/3"]);
});
