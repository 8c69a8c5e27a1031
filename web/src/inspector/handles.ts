// Topics of any kind, as the SDK follows them.

import { Topic, bool, event, float, int, json, list, map, set, string, type TopicKind, type protocol } from "@kith/client";

type Followed = Parameters<TopicKind<unknown>["make"]>[0];
type Sink<R> = (asked: protocol.Asked) => R;

/** A text as its updates of Yjs. What it says is asked of the server, which can merge them. */
export class TextTopic<R = Promise<void>> extends Topic<{ readonly updates: readonly string[] }, R> {
  constructor(private readonly of: Followed, sink: Sink<R>) {
    super(of, sink);
  }

  override bind<B>(sink: Sink<B>): TextTopic<B> {
    return new TextTopic(this.of, sink);
  }
}

const text: TopicKind<TextTopic> = { holds: "text", make: (followed, sink) => new TextTopic(followed, sink) };

/** How a topic of each kind is opened. */
export const KINDS = {
  bool: bool(), int: int(), float: float(), string: string(), text, set: set(), list: list(), map: map(), json: json(),
  event: event(),
} satisfies { [K in protocol.Kind]: TopicKind<unknown> };

/** A topic of any kind. */
export type AnyTopic = Topic<unknown, Promise<void>>;
