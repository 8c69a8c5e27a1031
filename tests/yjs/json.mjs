// Random documents that are JSON, changed by editors and by programs that speak no Yjs, at once and
// merged in any order: what the server says of them is compared with Yjs itself.
//
// Writes one line of JSON for each question, `{updates, changes}`, and reads one back: `{json, made}`,
// the value that the updates make, and the updates that the changes come to there, or `refused`.
import { createInterface } from "node:readline";
import * as Y from "yjs";
import { dice } from "./dice.mjs";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const base64 = (bytes) => Buffer.from(bytes).toString("base64");

/** The JSON of what is in a document, with entries in the order of their keys. */
function plain(value) {
  if (value === undefined || value === null) return null;
  if (value instanceof Uint8Array) return base64(value);
  if (value instanceof Y.XmlText || value instanceof Y.XmlFragment || value instanceof Y.Doc) return null;
  if (value instanceof Y.Text) return value.toString();
  if (value instanceof Y.Array) return value.toArray().map(plain);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "number") return Number.isFinite(value) ? value + 0 : null;
  if (typeof value !== "object") return value;
  const entries = [...(value instanceof Y.Map ? value.entries() : Object.entries(value))];
  const there = entries.filter(([, inner]) => inner !== undefined).sort(([one], [two]) => (one < two ? -1 : 1));
  return Object.fromEntries(there.map(([key, inner]) => [key, plain(inner)]));
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([one], [two]) => (one < two ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

const told = (doc) => JSON.stringify(plain(doc.getMap("json")));

async function ask(updates, changes) {
  console.log(JSON.stringify({ updates: updates.map(base64), changes }));
  const { value } = await lines.next();
  return JSON.parse(value);
}

const VALUES = [null, true, 0, -1, 63, 64, 2 ** 31, -(2 ** 31), 2 ** 53, 0.1, 1e300, 3.5, "", "é😀"];

function json(roll, depth = 0) {
  const kind = depth > 2 ? 0 : roll(4);
  if (kind === 1) return Array.from({ length: roll(3) }, () => json(roll, depth + 1));
  if (kind === 2) return Object.fromEntries(Array.from({ length: roll(3) }, () => [key(roll), json(roll, depth + 1)]));
  return VALUES[roll(VALUES.length)];
}

const key = (roll) => ["a", "b", "ç", "d"][roll(4)];

function path(roll) {
  return [key(roll), ...Array.from({ length: roll(3) }, () => (roll(2) ? key(roll) : roll(3)))];
}

function change(roll) {
  switch (roll(7)) {
    case 0:
      return { insert: { value: json(roll), to: { path: [...path(roll), roll(3)] } } };
    case 1:
      return { remove: { path: path(roll) } };
    case 2:
      return { rename: { path: path(roll), key: key(roll) } };
    case 3:
      return { set: { value: Object.fromEntries([0, 1, 2].slice(roll(3)).map(() => [key(roll), json(roll)])) } };
    default:
      return { put: { path: path(roll), value: json(roll) } };
  }
}

/** A type somewhere in a document. */
function anywhere(roll, doc) {
  let now = doc.getMap("json");
  for (;;) {
    const inner = [...(now instanceof Y.Map ? now.values() : now.toArray())];
    const types = inner.filter((one) => one instanceof Y.Map || one instanceof Y.Array);
    if (types.length === 0 || roll(3) === 0) return now;
    now = types[roll(types.length)];
  }
}

function edited(roll, doc) {
  const any = () => [
    json(roll), new Y.Map([["in", json(roll)]]), Y.Array.from([json(roll), 1]), new Y.Text("text"), new Y.XmlElement("p"),
    new Uint8Array([1, 2]), NaN, -0, { deep: [undefined, { a: 1, b: undefined }] }, undefined,
  ];
  // An array has no item that is undefined.
  const one = (kinds) => any()[roll(kinds)];
  const inside = anywhere(roll, doc);
  if (inside instanceof Y.Array) {
    if (inside.length > 0 && roll(3) === 0) return inside.delete(roll(inside.length), 1);
    return inside.insert(roll(inside.length + 1), [one(9)]);
  }
  const text = [...inside.values()].find((one) => one instanceof Y.Text && !(one instanceof Y.XmlText));
  if (text !== undefined && roll(2)) {
    text.insert(roll(text.length + 1), "x", { bold: true });
    return text.insertEmbed(0, { image: 1 });
  }
  return roll(4) ? inside.set(key(roll), one(10)) : inside.delete(key(roll));
}

let wrong = 0;
const differ = (seed, what, got, wanted) => {
  wrong += 1;
  console.error(`seed ${seed}, ${what}:\n  ${got}\nis not\n  ${wanted}`);
};

for (let seed = 1; seed <= Number(process.argv[2]); seed++) {
  const roll = dice(seed);
  const updates = [];
  const people = Array.from({ length: 1 + roll(3) }, (_, place) => {
    const doc = new Y.Doc({ gc: roll(3) > 0 });
    doc.clientID = seed * 10 + place + 10;
    doc.on("update", (update, origin) => origin === "others" || updates.push(update));
    return doc;
  });
  // What the programs know: all of what they did themselves, and of others now and then.
  const known = [];
  for (let turn = 10 + roll(40); turn > 0; turn--) {
    const doc = people[roll(people.length)];
    if (roll(5) === 0) {
      updates.forEach((update) => Y.applyUpdate(doc, update, "others"));
    } else if (roll(2)) {
      doc.transact(() => Array.from({ length: 1 + roll(2) }, () => edited(roll, doc)));
    } else {
      if (roll(3)) known.push(...updates.filter((update) => !known.includes(update)));
      const before = new Y.Doc();
      known.forEach((update) => Y.applyUpdate(before, update));
      const changes = Array.from({ length: 1 + roll(2) }, () => change(roll));
      const answer = await ask(known, changes);
      if (JSON.stringify(sorted(answer.json)) !== told(before)) differ(seed, "before", JSON.stringify(answer.json), told(before));
      if (answer.refused !== undefined) continue;
      const made = answer.made.map((one) => new Uint8Array(Buffer.from(one, "base64")));
      made.forEach((update) => Y.applyUpdate(before, update));
      known.push(...made);
      updates.push(...made);
      const after = await ask(known, []);
      if (JSON.stringify(sorted(after.json)) !== told(before)) differ(seed, "after", JSON.stringify(after.json), told(before));
    }
  }
  if (roll(3) === 0) updates.sort(() => roll(3) - 1);
  const all = new Y.Doc();
  updates.forEach((update) => Y.applyUpdate(all, update));
  const { json: end } = await ask(updates, []);
  if (JSON.stringify(sorted(end)) !== told(all)) differ(seed, "in the end", JSON.stringify(end), told(all));
}
console.log(wrong === 0 ? "passed" : `failed: ${wrong}`);
process.exit();
