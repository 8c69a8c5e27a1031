// Topics of any kind, as the SDK follows them.

import { Topic, bool, event, float, int, json, list, map, set, string, type TopicKind, type protocol } from "@kith/client";

type Followed = Parameters<TopicKind<unknown>["make"]>[0];
type Sink<R> = (asked: protocol.Asked) => R;

/** A Yjs document as its updates. What it says is asked of the server, which can merge them. */
export class UpdatesTopic<R = Promise<void>> extends Topic<{ readonly updates: readonly string[] }, R> {
  constructor(private readonly of: Followed, sink: Sink<R>) {
    super(of, sink);
  }

  override bind<B>(sink: Sink<B>): UpdatesTopic<B> {
    return new UpdatesTopic(this.of, sink);
  }
}

const make: TopicKind<UpdatesTopic>["make"] = (followed, sink) => new UpdatesTopic(followed, sink);
const text: TopicKind<UpdatesTopic> = { holds: "text", make };
/** JSON with a Yjs document. */
const DOCUMENT: TopicKind<UpdatesTopic> = { holds: "json", yjs: true, make };

/** How a topic of each kind is opened that has no document beside its kind. */
export const KINDS = {
  bool: bool(), int: int(), float: float(), string: string(), text, set: set(), list: list(), map: map(), json: json(),
  event: event(),
} satisfies { [K in protocol.Kind]: TopicKind<unknown> };

/** A topic of any kind. */
export type AnyTopic = Topic<unknown, Promise<void>>;

/** How a topic is opened. */
export function kindOf({ holds, rules }: protocol.Topic): TopicKind<unknown> {
  return rules?.yjs === true ? DOCUMENT : KINDS[holds];
}

/** The kind of what a topic holds, as it is told: of a Yjs document that of a text. */
export function formOf({ holds, rules }: protocol.Topic): protocol.Kind {
  return rules?.yjs === true ? "text" : holds;
}
