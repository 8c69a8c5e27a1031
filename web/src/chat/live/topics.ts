// The topics that messages show: followed while they are in view, and asked for what is not told of them.

import { map, type Json, type JsonObject, type MapTopic, type protocol } from "@kith/client";
import { kindOf, type AnyTopic } from "../../lib/topics.js";
import type { Site } from "../model/site.js";
import type { AroundText } from "./joint.js";

type TopicId = protocol.TopicId;
type Of = Pick<Site, "client">;

/** Events among which that is looked for which happened last. */
const LOOKED_MAX = 20;

/** A topic that is there until it is let go; `found` is told of it, and `failed` why it is not there. */
function held<T extends { close(): void }>(opening: Promise<T>, found: (topic: T) => void, failed: (error: unknown) => void): () => void {
  let topic: T | undefined;
  let over = false;
  opening.then((opened) => {
    if (over) return opened.close();
    topic = opened;
    found(opened);
  }, (error: unknown) => {
    if (!over) failed(error);
  });
  return () => {
    over = true;
    topic?.close();
  };
}

/** Follows a topic of any kind, until what comes back is called. */
export function followTopic({ client }: Of, id: TopicId, found: (topic: AnyTopic) => void, failed: (error: unknown) => void): () => void {
  // What it holds has to be known before it is followed.
  const opening = client.query({ topic: { topic: id } }).then(({ topic }) => client.topic(id, kindOf(topic)) as Promise<AnyTopic>);
  return held(opening, found, failed);
}

/** Follows a map by its name, until what comes back is called. */
export function followMap({ client }: Of, circle: protocol.CircleId, name: string, found: (topic: MapTopic) => void, failed: (error: unknown) => void): () => void {
  return held(client.topicByName(circle, name, map()), found, failed);
}

/** What happened. */
export interface Happened {
  readonly at: number;
  readonly by: protocol.UserId | undefined;
  readonly args: JsonObject;
}

/** What happened last in a topic of events; `undefined` where that is not among the latest, or not to be known. */
export async function lastOf({ client }: Of, id: TopicId): Promise<Happened | undefined> {
  const { events } = await client.query({ history: { topic: id, limit: LOOKED_MAX } }).catch(() => ({ events: [] }));
  for (const { at, by, body } of events) {
    if (body.kind === "changed" && "emit" in body.fact) return { at, by, args: body.fact.emit.args as JsonObject };
  }
  return undefined;
}

/** What a document says, which the server puts together of what editors sent. */
export async function saidIn({ client }: Of, id: TopicId): Promise<string> {
  const { text, json } = await client.query({ topic: { topic: id } });
  return text ?? (json === undefined ? "" : JSON.stringify(json as Json, undefined, 2));
}

/** How a text that others edit as well is asked for and written in. */
export function writingIn({ client }: Of, id: TopicId): Pick<AroundText, "ask" | "say"> {
  return {
    ask: async () => {
      const { seq, text = "" } = await client.query({ topic: { topic: id } });
      return { seq, text };
    },
    say: (splice) => client.command({ change: { changes: [{ topic: id, change: { splice } }] } }),
  };
}
