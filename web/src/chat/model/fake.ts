// A client without a server, for tests of what stands on one.

import { KithError, type Client, type Connection, type FeedUpdate, type protocol } from "@kith/client";
import { writable } from "svelte/store";
import type { Keep } from "./outbox.js";

/** What is answered, by the name of a question or command; what is not named is answered by nothing. */
export type Answers = Readonly<Record<string, (said: never) => unknown>>;

export interface Fake {
  readonly client: Client;
  /** What was asked and commanded, in order: its name and what it says. */
  readonly said: [name: string, of: unknown][];
  /** Tells everybody who follows a feed. */
  tell(feed: string, update: Partial<FeedUpdate> & { kind: FeedUpdate["kind"] }): void;
  /** The feeds that are followed now. */
  followed(): string[];
  /** After which event each of them was. */
  after(feed: string): protocol.Seq | undefined;
  readonly connection: { set(now: Connection): void };
}

export const ANA: protocol.User = { id: "u_ana", name: "ana", display_name: "Ana", created_at: 0 };

/** Ana's client. */
export function fake(answers: Answers = {}): Fake {
  const said: Fake["said"] = [];
  const follows = new Set<{ feed: string; after: protocol.Seq | undefined; tell: (update: FeedUpdate) => void }>();
  const connection = writable<Connection>({ state: "offline", retry_in_ms: 0, why: "" });
  let ops = 0;
  const answer = async (of: object): Promise<unknown> => {
    const [[name, value] = ["", undefined]] = Object.entries(of);
    said.push([name, value]);
    return (answers[name] as ((said: unknown) => unknown) | undefined)?.(value) ?? {};
  };
  const client = {
    user: ANA,
    welcome: { limits: { text_chars: 4000 } },
    connection,
    query: answer,
    command: answer,
    presence: async (status: protocol.Status) => void said.push(["presence", status]),
    newOp: () => `op-${(ops += 1)}`,
    follow: ({ feed, after }: { feed: string; after?: protocol.Seq }, tell: (update: FeedUpdate) => void) => {
      const one = { feed, after, tell };
      follows.add(one);
      return () => void follows.delete(one);
    },
    avatarAddress: () => undefined,
    iconAddress: () => undefined,
    close: () => {},
  } as unknown as Client;
  return {
    client,
    said,
    tell: (feed, update) => [...follows].filter((one) => one.feed === feed).forEach((one) => one.tell(update as FeedUpdate)),
    followed: () => [...follows].map(({ feed }) => feed),
    after: (feed) => [...follows].find((one) => one.feed === feed)?.after,
    connection,
  };
}

/** What a browser keeps: everything is a property, and how it is asked for is none. */
export function storage(kept: Record<string, string> = {}): Keep & Record<string, string> {
  return Object.assign(Object.create({
    getItem(this: Record<string, string>, key: string) { return this[key] ?? null; },
    setItem(this: Record<string, string>, key: string, value: string) { this[key] = value; },
    removeItem(this: Record<string, string>, key: string) { delete this[key]; },
  }), kept);
}

/** Once everything that was answered was heard. */
export const settled = (): Promise<void> => new Promise((done) => setImmediate(done));

/** A refusal of the server. */
export function refusal(code: string): KithError {
  return new KithError({ code, message: `refused: ${code}` });
}
