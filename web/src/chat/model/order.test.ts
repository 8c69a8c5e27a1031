import fc from "fast-check";
import { expect, test } from "vitest";
import { arranged, inOrder, orderOf, placed, put, sectionMoved, sectionRenamed, sectionsOf, step, stepped, type Section } from "./order.js";

type Id = `s_${string}`;

/** `a b|Work: c d` as sections. */
function read(text: string): readonly Section[] {
  return text.split("|").filter((part) => part.trim() !== "").map((part) => {
    const [, name = "", ids = ""] = /^(?:([^:]*):)?(.*)$/.exec(part) ?? [];
    return { name: name.trim(), ids: ids.trim().split(/\s+/).map((id): Id => `s_${id}`) };
  });
}
const write = (sections: readonly Section[]) => sections.map(({ name, ids }) => `${name === "" ? "" : `${name}: `}${ids.map((id) => id.slice(2)).join(" ")}`).join("|");

test("an order is kept as ids, and what is not in it follows", () => {
  expect(orderOf(["a", "b", "a", 3] as never)).toEqual(["a", "b"]);
  for (const no of [null, undefined, "a", {}]) expect(orderOf(no as never)).toEqual([]);
  expect(inOrder([{ id: "a" }, { id: "b" }, { id: "c" }, { id: "d" }], ["c", "x", "b"]).map(({ id }) => id)).toEqual(["c", "b", "a", "d"]);
});

test("something is put before or behind another", () => {
  expect(put(["a", "b", "c"], "a", { id: "c", after: false })).toEqual(["b", "a", "c"]);
  expect(put(["a", "b", "c"], "a", { id: "c", after: true })).toEqual(["b", "c", "a"]);
  expect(put(["a", "b"], "c", { id: "a", after: false })).toEqual(["c", "a", "b"]);
  expect(put(["a", "b"], "a", { id: "x", after: true })).toEqual(["a", "b"]);
  expect(step(["a", "b"], "a", 1)).toEqual({ id: "b", after: true });
  expect(step(["a", "b"], "a", -1)).toBeUndefined();
});

test("streams go beside others and into sections, and empty sections are gone", () => {
  const all = read("a b|Work: c d|Fun: e");
  expect(write(placed(all, "s_a", { id: "s_d", after: false }))).toBe("b|Work: c a d|Fun: e");
  expect(write(placed(all, "s_e", { section: "" }))).toBe("a b e|Work: c d");
  expect(write(placed(all, "s_a", { section: "New" }))).toBe("b|Work: c d|Fun: e|New: a");
  expect(write(placed(all, "s_a", { id: "s_a", after: true }))).toBe(write(all));
  expect(write(placed(read("Work: c"), "s_c", { section: "" }))).toBe("c");
});

test("by one step a stream goes over those that are not seen, and from section to section", () => {
  const go = (text: string, id: string, by: -1 | 1, seen?: string) => {
    const all = read(text);
    const shown = new Set<Id>((seen?.split(" ") ?? all.flatMap(({ ids }) => ids.map((one) => one.slice(2)))).map((one): Id => `s_${one}`));
    const spot = stepped(all, shown, `s_${id}`, by);
    return spot === undefined ? "stays" : write(placed(all, `s_${id}`, spot));
  };
  expect(go("a b|Work: c", "a", 1)).toBe("b a|Work: c");
  expect(go("a b|Work: c", "b", 1)).toBe("a|Work: b c");
  expect(go("a|Work: c d", "c", -1)).toBe("a c|Work: d");
  expect(go("Work: c d", "c", -1)).toBe("c|Work: d");
  expect(go("a b", "b", 1)).toBe("stays");
  expect(go("a x b", "a", 1, "a b")).toBe("x b a");
  expect(go("a|Old: x|Work: c", "a", 1, "a c")).toBe("Old: x|Work: a c");
});

test("sections are moved and renamed, and what is in none stays in front", () => {
  const all = read("a|Work: b|Fun: c");
  expect(write(sectionMoved(all, "Fun", -1))).toBe("a|Fun: c|Work: b");
  expect(write(sectionMoved(all, "Work", -1))).toBe(write(all));
  expect(write(sectionRenamed(all, "Fun", "Play"))).toBe("a|Work: b|Play: c");
  expect(write(sectionRenamed(all, "Fun", "Work"))).toBe("a|Work: b c");
  expect(arranged(all)).toEqual([{ streams: ["s_a"] }, { section: "Work", streams: ["s_b"] }, { section: "Fun", streams: ["s_c"] }]);
});

test("whatever is moved, every stream is there once", () => {
  const ids = ["a", "b", "c", "d", "e"].map((one): Id => `s_${one}`);
  const streams = fc.tuple(...ids.map((id) => fc.record({ id: fc.constant(id), section: fc.constantFrom("", "Work", "Fun") })));
  const move = fc.tuple(fc.constantFrom(...ids), fc.oneof(fc.record({ id: fc.constantFrom(...ids), after: fc.boolean() }), fc.record({ section: fc.constantFrom("", "Work", "New") })));
  fc.assert(fc.property(streams, fc.array(move, { maxLength: 10 }), (given, moves) => {
    const last = moves.reduce((sections, [id, spot]) => placed(sections, id, spot), sectionsOf(given));
    expect(last.flatMap((section) => section.ids).toSorted()).toEqual(ids);
    expect(new Set(last.map(({ name }) => name)).size).toBe(last.length);
    expect(last.every(({ name }, at) => name !== "" || at === 0)).toBe(true);
  }));
});
