// Kith in TypeScript: streams to talk in, and topics, values that programs keep in sync.

export { Aware } from "./aware.js";
export type { Other } from "./aware.js";
export { Client } from "./client.js";
export type { AnswerTo, Changes, Connection, Options, TransactionOptions } from "./client.js";
export { KithError } from "./error.js";
export { parse, same, stringify } from "./json.js";
export type { Json, JsonObject, Numeric } from "./json.js";
export { Messages } from "./messages.js";
export type { Draft, Entry } from "./messages.js";
export type * as protocol from "./protocol.js";
export { schema } from "./schema.js";
export type { Handles, OpenOptions, Schema } from "./schema.js";
export { service, TypedService } from "./service.js";
export type { OfferOptions, ServiceKind, TypedCallOptions } from "./service.js";
export type { Granted, Judge, Proposal, Proposed, Verdict } from "./guard.js";
export { ServiceFailure } from "./services.js";
export type { CallOptions, Offered, Provide, Request } from "./services.js";
export type { FeedUpdate } from "./session/update.js";
export type { SocketLike, SocketType } from "./socket.js";
export type { Store } from "./store.js";
export { Stream } from "./stream.js";
export type { StreamOptions } from "./stream.js";
export { bool, event, float, int, json, list, map, newElement, set, string, Topic } from "./topic/handle.js";
export { BoolTopic, EventTopic, FloatTopic, IntTopic, JsonTopic, ListTopic, MapTopic, SetTopic, StringTopic } from "./topic/handle.js";
export type { ElementSpot, HandleOf, ListAnchor, TopicKind, Where } from "./topic/handle.js";
export type { Element } from "./topic/value.js";
