import { expect, test } from "vitest";
import { highlight, known } from "./highlight.js";

test("code has colours in the languages there are", async () => {
  const pieces = await highlight("let a = \"b\"; // c", "rs");
  expect(pieces.map((piece) => piece.text).join("")).toBe("let a = \"b\"; // c");
  expect(pieces.filter((piece) => piece.kind !== undefined)).toEqual([
    { text: "let", kind: "keyword" }, { text: "a", kind: "type" }, { text: "\"b\"", kind: "string" }, { text: "// c", kind: "comment" },
  ]);
});

test("other code is as it is", async () => {
  for (const language of ["", "klingon", "constructor", "__proto__"]) {
    expect(known(language), language).toBeUndefined();
    expect(await highlight("<b>", language)).toEqual([{ text: "<b>", kind: undefined }]);
  }
  const long = "let a = 1;\n".repeat(3000);
  expect(await highlight(long, "rust")).toHaveLength(1);
});
