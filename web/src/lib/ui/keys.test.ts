import { expect, test } from "vitest";
import { keysText, namesOf } from "./keys.js";

test("keys are called as they are on the keyboard", () => {
  expect(["Ctrl+K", "Alt+Shift+Arrows", "ArrowUp", "Delete", "+", "Ctrl+Shift+.", "R"].map((keys) => keysText(keys, false)))
    .toEqual(["Ctrl+K", "Alt+Shift+↑ ↓", "↑", "Del", "+", "Ctrl+Shift+.", "R"]);
  expect(["Ctrl+K", "Alt+Arrows", "Shift+Enter", "+"].map((keys) => keysText(keys, true))).toEqual(["⌘K", "⌥↑ ↓", "⇧Enter", "+"]);
  expect(namesOf("Ctrl+Shift+F", false)).toEqual(["Ctrl", "Shift", "F"]);
});
