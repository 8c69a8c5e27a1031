// The topics that an application is made of, with their kinds.

import type { Client } from "./client.js";
import { KithError } from "./error.js";
import type { CircleId } from "./protocol.js";
import type { AnyKind, HandleOf } from "./topic/handle.js";

/** The topics of an application by their names in a circle. */
export type Schema = { readonly [name: string]: AnyKind };
/** A handle for each topic of a schema. */
export type Handles<S extends Schema> = { readonly [K in keyof S]: HandleOf<S[K]> };

/** How the topics of a schema are opened. */
export interface OpenOptions {
  /** Makes those that are not there, which takes the permission `manage_feeds`. */
  create?: boolean;
  /** What the names of the topics begin with in the circle: `board/`, say, for one of several boards. */
  prefix?: string;
}

/** Names the topics of an application: `schema({ counter: int(), todo: list<Item>() })`. */
export function schema<const S extends Schema>(topics: S): S {
  return topics;
}

/** Opens all topics of a schema, or none. */
export async function open<S extends Schema>(
  client: Client,
  circle: CircleId,
  schema: S,
  { create = false, prefix = "" }: OpenOptions,
): Promise<Handles<S>> {
  const opened = await Promise.allSettled(
    Object.entries(schema).map(async ([name, kind]) => [name, await one(client, circle, prefix + name, kind, create)] as const),
  );
  const failed = opened.find((result) => result.status === "rejected");
  const handles = opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  if (failed === undefined) return Object.fromEntries(handles) as Handles<S>;
  for (const [, handle] of handles) (handle as { close(): void }).close();
  throw failed.reason;
}

async function one(client: Client, circle: CircleId, name: string, kind: AnyKind, create: boolean): Promise<unknown> {
  try {
    return await client.topicByName(circle, name, kind);
  } catch (error) {
    if (!create || !is(error, "topic.not_found")) throw error;
  }
  const { holds, value, rules } = kind;
  try {
    await client.command({
      create_topic: {
        circle, name, holds,
        ...(value === undefined ? {} : { value }),
        ...(rules === undefined ? {} : { rules }),
      },
    });
  } catch (error) {
    // Somebody else was quicker.
    if (!is(error, "name.taken")) throw error;
  }
  return client.topicByName(circle, name, kind);
}

function is(error: unknown, code: string): boolean {
  return error instanceof KithError && error.code === code;
}
