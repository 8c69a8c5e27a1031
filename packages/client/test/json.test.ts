// JSON with all the digits of its integers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { copy, int, parse, same, stringify, type Json } from "../dist/json.js";

test("long integers keep their digits, and everything else is as it ever was", () => {
  const texts: [string, Json][] = [
    ["9007199254740991", 2 ** 53 - 1],
    ["9007199254740993", 9007199254740993n],
    ["-9223372036854775808", -(2n ** 63n)],
    ["18446744073709551615", 2n ** 64n - 1n],
    ["184467440737095516160", 184467440737095516160],
    ["0.30000000000000004", 0.30000000000000004],
    ["1e400", Infinity],
    ['{"a":[1234567890123456789,"1234567890123456789"]}', { a: [1234567890123456789n, "1234567890123456789"] }],
    [' [ 1111111111111111111 , { "" : null } , true , false ] ', [1111111111111111111n, { "": null }, true, false]],
    ['["\\u00e9\\ud83d\\ude00\\"\\\\\\n", 1111111111111111111]', ["é😀\"\\\n", 1111111111111111111n]],
    ["[1111111111111111111.5,1111111111111111111e2]", [1111111111111111111.5, 1111111111111111111e2]],
  ];
  for (const [text, json] of texts) assert.deepEqual(parse(text), json, text);
  const entries = parse('{"__proto__":1111111111111111111}') as { [key: string]: Json };
  assert.deepEqual(Object.entries(entries), [["__proto__", 1111111111111111111n]]);
});

test("what is no JSON is refused, long or short", () => {
  const broken = ["", "[", "[1,]", "{\"a\"}", "{a:1}", "01", "1.", "+1", "nul", "\"a", "\"\u0001\"", "1 2", "[1]]", "{\"a\":1,}"];
  for (const text of broken) {
    for (const wrong of [text, `[1111111111111111111,${text}]`]) {
      assert.throws(() => parse(wrong), SyntaxError, wrong);
    }
  }
  const deep = `${"[".repeat(200)}1111111111111111111${"]".repeat(200)}`;
  assert.throws(() => parse(deep), SyntaxError);
});

test("what is written is read as the same", () => {
  for (const json of [null, true, 0, -0, 1.5, 1e21, 2 ** 60, 2n ** 60n, "é😀", [1, [2n ** 63n]], { a: { b: [] } }]) {
    const again = parse(stringify(json));
    assert.ok(same(again, json), stringify(json));
    assert.equal(typeof again, typeof json);
  }
  assert.equal(stringify({ a: undefined, b: 1 }), '{"b":1}');
  for (const no of [NaN, Infinity, undefined, () => 1, Symbol(), [undefined], "\ud83d", { "\ude00": 1 }]) {
    assert.throws(() => stringify(no), TypeError);
  }
});

test("a copy is nobody's", () => {
  const original = { a: [1] };
  const copied = copy(original);
  original.a.push(2);
  assert.deepEqual(copied, { a: [1] });
});

test("whole numbers of 64 bits", () => {
  assert.deepEqual([int(4.5), int(2 ** 53), int(2 ** 53 + 2), int(2n ** 63n), int(-(2n ** 63n)), int(7n)],
    [undefined, 9007199254740992n, undefined, undefined, -(2n ** 63n), 7]);
});
