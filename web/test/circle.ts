// A circle with a topic of every kind, made before pages are opened.

import type { Person } from "./server.js";

/** A circle and its topics by their names. */
export interface Made {
  circle: string;
  topics: Record<string, string>;
}

/** What is made, with its first values. */
const TOPICS: [name: string, holds: string, value?: unknown, rules?: object][] = [
  ["board/done", "set", ["milk"]],
  ["board/meta", "json", { title: "Groceries", rows: [1, 2, 3] }],
  ["board/people", "map", { ana: { role: "owner" }, bob: { role: "guest" } }],
  ["board/todo", "list", ["water", "tea", "biscuits"]],
  ["board/todo/notes", "text"],
  ["doorbell", "event"],
  ["flags/lights", "bool", true],
  ["kettle/cups", "int", 4, { schema: { type: "integer", maximum: 10 } }],
  ["kettle/temperature", "float", 61.5],
  ["motto", "string", "Kettle is on."],
  ["pointer", "json", null, { ephemeral: true }],
];

/** Makes a circle of `owner` in which the others are members. */
export async function makeCircle(owner: Person, members: readonly Person[] = []): Promise<Made> {
  const { circle } = await owner.ask<{ circle: string }>("POST", "/circles", { name: "Tea", public: true });
  for (const member of members) await member.ask("POST", `/circles/${circle}/join`, {});
  const topics: Record<string, string> = {};
  for (const [name, holds, value, rules] of TOPICS) {
    const asked = { name, holds, ...(value === undefined ? {} : { value }), ...(rules === undefined ? {} : { rules }) };
    const { topic } = await owner.ask<{ topic: string }>("POST", `/circles/${circle}/topics`, asked);
    topics[name] = topic;
  }
  return { circle, topics };
}

/** Changes one topic. */
export async function change(person: Person, topic: string | undefined, change: object): Promise<void> {
  await person.ask("POST", "/topics/changes", { changes: [{ topic, change }] });
}
