// Random documents of Yjs, merged by the server's way of merging and compared with Yjs itself.
//
// Writes one line of JSON for each document, `{updates, have}`, and reads one back,
// `{merged, twice, missing, text}`: all updates in one, merged again in two halves, what somebody
// misses who has only the first `have` of them, and the shared text.
import { createInterface } from "node:readline";
import * as Y from "yjs";
import { dice } from "./dice.mjs";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const base64 = (bytes) => Buffer.from(bytes).toString("base64");

/** A value whose entries are in the order of their keys. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === undefined) return "undefined";
  if (value?.constructor !== Object) return value;
  const entries = Object.entries(value).sort(([one], [two]) => (one < two ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

/** Everything that is in a document. */
function all(doc) {
  return JSON.stringify([
    doc.getText("text").toDelta().map(sorted),
    sorted(doc.getMap("map").toJSON()),
    sorted(doc.getArray("list").toJSON()),
    doc.getXmlFragment("xml").toString(),
    [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([one], [two]) => one - two),
  ]);
}

function made(updates) {
  const doc = new Y.Doc();
  updates.forEach((update) => Y.applyUpdate(doc, update));
  return doc;
}

function step(roll, doc, undo) {
  const text = doc.getText("text");
  const map = doc.getMap("map");
  const list = doc.getArray("list");
  const xml = doc.getXmlFragment("xml");
  const at = (thing) => roll(thing.length + 1);
  switch (roll(14)) {
    case 0:
    case 1:
    case 2:
      return text.insert(at(text), ["a", "bé", "c😀d", "longer text"][roll(4)]);
    case 3:
    case 4: {
      // Whole characters: half of one would be another in each program.
      const [from, count] = [at(text), roll(4)];
      const inside = (place) => /[\udc00-\udfff]/.test(text.toString()[place] ?? "");
      const end = Math.min(from + count, text.length);
      return inside(from) || inside(end) ? undefined : text.delete(from, end - from);
    }
    case 5: {
      const from = at(text);
      return text.format(from, Math.min(roll(5), text.length - from), [{ bold: true }, { bold: null }, { link: "x" }][roll(3)]);
    }
    case 6:
      return text.insertEmbed(at(text), { image: { wide: roll(9), of: [null, 1.5, "é"] } });
    case 7:
      return map.set(`k${roll(4)}`, [1, "two", null, undefined, true, 2 ** 40, 0.1, { deep: [[{}]] }, new Uint8Array([1, 2])][roll(9)]);
    case 8:
      return map.set(`k${roll(4)}`, [new Y.Map([["in", 1]]), Y.Array.from([1, 2]), new Y.Text("nested"), new Y.XmlElement("p")][roll(4)]);
    case 9:
      return map.delete(`k${roll(4)}`);
    case 10: {
      const inner = map.get(`k${roll(4)}`);
      if (inner instanceof Y.Map) inner.set("more", roll(9));
      if (inner instanceof Y.Array) inner.push([{ roll: roll(9) }]);
      if (inner instanceof Y.Text) inner.insert(0, "x");
      return undefined;
    }
    case 11:
      return list.length > 2 && roll(2) ? list.delete(roll(list.length), 1) : list.insert(at(list), [roll(9), { a: [roll(3)] }]);
    case 12: {
      const element = new Y.XmlElement(["p", "li"][roll(2)]);
      xml.insert(at(xml), [element]);
      element.setAttribute("class", `c${roll(3)}`);
      return element.insert(0, [new Y.XmlText("in it")]);
    }
    default:
      return roll(2) ? undo.undo() : undo.redo();
  }
}

let wrong = 0;
for (let seed = 1; seed <= Number(process.argv[2]); seed++) {
  const roll = dice(seed);
  const updates = [];
  const people = Array.from({ length: 1 + roll(4) }, (_, place) => {
    const doc = new Y.Doc({ gc: roll(3) > 0 });
    doc.clientID = seed * 10 + place;
    const roots = [doc.getText("text"), doc.getMap("map"), doc.getArray("list"), doc.getXmlFragment("xml")];
    const undo = new Y.UndoManager(roots, { captureTimeout: 0 });
    doc.on("update", (update, origin) => origin === "others" || updates.push(update));
    return { doc, undo };
  });
  for (let turn = 20 + roll(100); turn > 0; turn--) {
    const { doc, undo } = people[roll(people.length)];
    if (roll(6) === 0) updates.slice().forEach((update) => Y.applyUpdate(doc, update, "others"));
    else if (roll(8) === 0) doc.transact(() => [1, 2, 3].forEach(() => step(roll, doc, undo)));
    else step(roll, doc, undo);
  }
  const wanted = all(made(updates));
  // Updates may come in any order.
  if (roll(3) === 0) updates.sort(() => roll(3) - 1);
  const have = roll(updates.length + 1);
  console.log(JSON.stringify({ updates: updates.map(base64), have }));
  const { value } = await lines.next();
  const told = JSON.parse(value);
  const bytes = (text) => Buffer.from(text, "base64");
  const late = made(updates.slice(0, have));
  Y.applyUpdate(late, bytes(told.missing));
  const check = {
    merged: all(made([bytes(told.merged)])),
    twice: all(made([bytes(told.twice)])),
    late: all(late),
  };
  for (const [what, got] of Object.entries(check)) {
    if (got !== wanted) {
      wrong += 1;
      console.error(`seed ${seed}, ${what}:\n  ${got}\nis not\n  ${wanted}`);
    }
  }
  const text = made(updates).getText("text").toString();
  if (told.text !== text) {
    wrong += 1;
    console.error(`seed ${seed}: the text ${JSON.stringify(told.text)} is not ${JSON.stringify(text)}`);
  }
}
console.log(wrong === 0 ? "passed" : `failed: ${wrong}`);
process.exit();
