import { expect, test } from "vitest";
import { completed, isUnfinished, quoted, remembered, REMEMBERED_MAX, typedAt } from "./typed.js";

/** What is typed at `¦`, in short. */
function check(marked: string, wanted: string | undefined): void {
  const caret = marked.indexOf("¦");
  const found = typedAt(marked.replace("¦", ""), caret);
  expect(found === undefined ? undefined : `${found.from} ${found.sign}${found.filter ?? ""}:${found.value}`, marked).toBe(wanted);
}

test("what is typed at the caret is a filter, a part of its value, or a word", () => {
  check("¦", "0 :");
  check("fr¦", "0 :fr");
  check("tea from:an¦", "4 from:an");
  check("tea -from:an¦", "4 -from:an");
  check("tea FROM:¦", "4 from:");
  check("in:\"Big Cir¦", "0 in:Big Cir");
  check("in:\"Big Circle/ops\" ha¦ x", "20 :ha");
  check("-¦", "0 -:");
});

test("in phrases, and in what is no filter, nothing is completed", () => {
  check("\"green te¦", undefined);
  check("\"green tea\"¦", undefined);
  check("https:¦", undefined);
  check("error:disk¦", undefined);
});

test("what is chosen takes the place of what was typed, and the caret is behind it", () => {
  const put = (marked: string, what: string) => {
    const caret = marked.indexOf("¦");
    const text = marked.replace("¦", "");
    const done = completed(text, typedAt(text, caret) ?? { from: caret, to: caret }, what);
    return `${done.text.slice(0, done.caret)}¦${done.text.slice(done.caret)}`;
  };
  expect(put("tea fr¦", "from:")).toBe("tea from:¦");
  expect(put("tea from:an¦", "from:ana")).toBe("tea from:ana ¦");
  expect(put("from:an¦ tea", "from:ana")).toBe("from:ana ¦tea");
  expect(quoted("Big Circle/ops")).toBe('"Big Circle/ops"');
  expect(quoted("tea")).toBe("tea");
});

test("a filter without its value is not asked for", () => {
  expect(isUnfinished("tea from:", 9)).toBe(true);
  expect(isUnfinished("tea from:a", 10)).toBe(false);
  expect(isUnfinished("tea", 3)).toBe(false);
});

test("the last searches are remembered, each once", () => {
  let all: readonly string[] = [];
  for (const text of ["a", "b", " a ", "", "c"]) all = remembered(all, text);
  expect(all).toEqual(["c", "a", "b"]);
  for (let n = 0; n < 20; n += 1) all = remembered(all, `s${n}`);
  expect(all).toHaveLength(REMEMBERED_MAX);
});
