import { expect, test } from "vitest";

import { titled } from "./badge.js";

test("the title tells mentions, and that something is new", () => {
  expect(titled("tea", { messages: 0, mentions: 0 })).toBe("tea");
  expect(titled("tea", { messages: 4, mentions: 0 })).toBe("• tea");
  expect(titled("tea", { messages: 4, mentions: 2 })).toBe("(2) tea");
  expect(titled("tea", { messages: 400, mentions: 200 })).toBe("(99+) tea");
});
