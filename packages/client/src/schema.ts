// The topics and services that an application is made of, with their types.

import type { Client } from "./client.js";
import { KithError } from "./error.js";
import type { CircleId } from "./protocol.js";
import type { ServiceKind } from "./service.js";
import type { AnyKind, HandleOf } from "./topic/handle.js";

/** The topics and services of an application by their names in a circle. */
export type Schema = { readonly [name: string]: AnyKind | ServiceKind<unknown> };
/** A handle for each topic and service of a schema. */
export type Handles<S extends Schema> = {
  readonly [K in keyof S]: S[K] extends ServiceKind<infer H> ? H : HandleOf<S[K]>;
};

/** How a schema is opened. */
export interface OpenOptions {
  /** Makes those that are not there, which takes the permission `manage_feeds`. */
  create?: boolean;
  /** What the names begin with in the circle: `board/`, say, for one of several boards. */
  prefix?: string;
}

/** Names what an application is made of: `schema({ todo: list<Item>(), sum: service<number[], number>() })`. */
export function schema<const S extends Schema>(parts: S): S {
  return parts;
}

/** Opens all of a schema, or nothing. A service is there whether anybody offers it or not. */
export async function open<S extends Schema>(
  client: Client,
  circle: CircleId,
  schema: S,
  { create = false, prefix = "" }: OpenOptions,
): Promise<Handles<S>> {
  const opened = await Promise.allSettled(
    Object.entries(schema).map(async ([name, kind]) => {
      const full = prefix + name;
      return [name, "serve" in kind ? kind.serve(client, circle, full) : await one(client, circle, full, kind, create)] as const;
    }),
  );
  const failed = opened.find((result) => result.status === "rejected");
  const handles = opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  if (failed === undefined) return Object.fromEntries(handles) as Handles<S>;
  for (const [, handle] of handles) (handle as { close?(): void }).close?.();
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
