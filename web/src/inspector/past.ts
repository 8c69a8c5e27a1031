// What happened to a topic before, as the server keeps it.

import type { protocol } from "@kith/client";
import type { CircleModel } from "./circle.js";
import { concerns } from "./words.js";

/** Events in a page of the past. */
export const PAGE = 50;
/** Pages that are looked through for who changed something. */
const PAGES_MAX = 20;
const LARGE = 200;

/** The last event that changed an element or entry; `undefined` where it is not among the last thousands. */
export async function lastChange(model: Pick<CircleModel, "pastOf">, topic: protocol.TopicId, part: string): Promise<protocol.Event | undefined> {
  let before: number | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { events, more } = await model.pastOf(topic, before, LARGE);
    const found = events.find(({ body }) => body.kind === "changed" && concerns(body.fact, part));
    if (found !== undefined || !more) return found;
    before = events.at(-1)?.seq;
  }
  return undefined;
}
