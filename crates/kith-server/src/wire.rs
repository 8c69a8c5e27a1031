//! Turns what the hub hands out into frames, each event once per encoding for all who get it.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kith_core::event::Event;
use kith_core::id::{FeedId, Seq, UserId};
use kith_hub::{Backlog, Closed, Delivery, Item, Merged, Reset, presence, read};
use kith_proto::codec::Encoding;
use kith_proto::error::Problem;
use kith_proto::frame::{self, Push, Reply, Seen, Signaled, Status, Subscribed};
use kith_proto::query::State;
use kith_proto::service::Told;
use kith_ws::encode::{Opcode, frame as ws_frame};

use crate::{aware, services};

mod run;

/// The bytes of a frame on the socket.
pub(crate) fn framed(encoding: Encoding, payload: &[u8]) -> Bytes {
    ws_frame(opcode(encoding), payload)
}

fn opcode(encoding: Encoding) -> Opcode {
    match encoding {
        Encoding::Json => Opcode::Text,
        Encoding::MsgPack => Opcode::Binary,
    }
}

/// The bytes of a push on the socket.
pub(crate) fn push(encoding: Encoding, push: &Push) -> Bytes {
    encoding.encoded(push, |payload| framed(encoding, payload)).unwrap_or_default()
}

/// The reply to a request.
pub(crate) fn reply(encoding: Encoding, id: u64, result: Result<Reply, Problem>) -> Bytes {
    let message = match result {
        Ok(reply) => Push::Ok { id, reply },
        Err(problem) => Push::Error { id: Some(id), problem },
    };
    push(encoding, &message)
}

/// The bytes of `items` for a reader who blocks `blocked`, in one buffer for one system call; a
/// lone frame goes as it is, shared with all who get it.
pub(crate) fn items(encoding: Encoding, items: &mut Vec<Item>, blocked: &HashSet<UserId>) -> Bytes {
    let mut frames = items.drain(..).filter_map(|item| self::item(encoding, item, blocked));
    let Some(first) = frames.next() else { return Bytes::new() };
    let Some(second) = frames.next() else { return first };
    let more = frames.size_hint().1.unwrap_or_default();
    let mut all = BytesMut::with_capacity(first.len() + second.len() * (more + 1));
    all.extend_from_slice(&first);
    all.extend_from_slice(&second);
    for frame in frames {
        all.extend_from_slice(&frame);
    }
    all.freeze()
}

/// The bytes of an item; `None` when there is nothing to show.
fn item(encoding: Encoding, item: Item, blocked: &HashSet<UserId>) -> Option<Bytes> {
    Some(match item {
        Item::Reply(bytes) => bytes,
        Item::Event(delivery) if hides(blocked, &delivery.event) => {
            let (feed, seq) = (delivery.event.feed, delivery.event.seq);
            push(encoding, &Push::Hidden { feed, seq })
        }
        Item::Events(all) => run::together(encoding, &all),
        Item::Bundle(bundle) if blocked.is_empty() => {
            bundle.wire(encoding.index(), |bundle| run::all(encoding, bundle))
        }
        Item::Bundle(bundle) => run::all_for(encoding, &bundle, blocked),
        Item::Event(delivery) => delivery.wire(encoding.index(), |event| run::one(encoding, event)),
        Item::Aware(awareness) => aware::told(encoding, &awareness, blocked)?,
        Item::Newest(merged) => merged.wire(encoding.index(), |merged| newest(encoding, merged)),
        Item::Signal(signal) if blocked.contains(&signal.user) => return None,
        Item::Signal(signal) => {
            let what = match signal.what {
                presence::What::Typing(stream, thread) => Signaled::Typing { stream, thread },
                presence::What::Presence(status) => Signaled::Presence { status: to_wire(status) },
            };
            push(encoding, &Push::Signal { feed: signal.feed, user: signal.user, what })
        }
        Item::Told(told) => services::told(encoding, *told),
        Item::Offered(card) => {
            push(encoding, &Push::Service(Told::Offered(services::card(card.as_ref().clone()))))
        }
        Item::Lagged(feeds) => push(encoding, &Push::Lagged { feeds }),
        Item::Closed(Closed { feed, removed }) => push(encoding, &Push::Closed { feed, removed }),
    })
}

/// Whether an event is not shown to who blocks its author. The value of a topic is of all who change
/// it, and who is not told of a change would hold another.
fn hides(blocked: &HashSet<UserId>, event: &Event) -> bool {
    !blocked.is_empty()
        && event.by.is_some_and(|by| blocked.contains(&by))
        && !matches!(event.feed, FeedId::Topic(_) | FeedId::Live(_))
}

/// The frame of the newest value of a topic.
fn newest(encoding: Encoding, merged: &Merged) -> Bytes {
    let Merged { feed, seq, epoch, topic, value, .. } = merged;
    let state = State::Topic { topic: topic.as_ref().clone(), value: value.clone() };
    let (feed, seq, epoch) = (*feed, *seq, epoch.as_ref().to_owned());
    let told = Subscribed::Snapshot { feed, epoch, seq, reset: None, state };
    push(encoding, &Push::Subscribed(told))
}

/// The frame that tells a reader of its place in a feed.
pub(crate) fn told(
    encoding: Encoding,
    feed: FeedId,
    epoch: &str,
    backlog: &Backlog,
    blocked: &HashSet<UserId>,
) -> Bytes {
    match backlog {
        Backlog::Events { events, seq, more } if encoding == Encoding::Json => {
            spliced(feed, epoch, events, *seq, *more, blocked)
        }
        _ => push(encoding, &Push::Subscribed(subscribed(feed, epoch, backlog, blocked))),
    }
}

/// The same frame in JSON: the stored texts go out as they are.
fn spliced(
    feed: FeedId,
    epoch: &str,
    events: &[Arc<Delivery>],
    seq: Seq,
    more: bool,
    blocked: &HashSet<UserId>,
) -> Bytes {
    const EMPTY: &str = "\"events\":[]";
    let told = Subscribed::Events { feed, epoch: epoch.to_owned(), seq, events: Vec::new(), more };
    let empty = Encoding::Json.encode(&Push::Subscribed(told));
    let place = empty.windows(EMPTY.len()).rposition(|bytes| bytes == EMPTY.as_bytes());
    let (head, tail) = empty.split_at(place.map_or(empty.len(), |place| place + EMPTY.len() - 1));
    let bytes: usize = events.iter().map(|delivery| delivery.json.len() + 1).sum();
    let mut text = Vec::with_capacity(empty.len() + bytes);
    text.extend_from_slice(head);
    for (place, delivery) in events.iter().enumerate() {
        if place > 0 {
            text.push(b',');
        }
        if hides(blocked, &delivery.event) {
            let hidden = Seen::Hidden { hidden: delivery.event.seq };
            text.extend_from_slice(&Encoding::Json.encode(&hidden));
        } else {
            text.extend_from_slice(delivery.json.as_bytes());
        }
    }
    text.extend_from_slice(tail);
    framed(Encoding::Json, &text)
}

/// What a reader is told of its place in a feed.
fn subscribed(
    feed: FeedId,
    epoch: &str,
    backlog: &Backlog,
    blocked: &HashSet<UserId>,
) -> Subscribed {
    let epoch = epoch.to_owned();
    match backlog {
        Backlog::Events { events, seq, more } => {
            let seen = events.iter().map(|delivery| {
                let event = &delivery.event;
                if hides(blocked, event) {
                    Seen::Hidden { hidden: event.seq }
                } else {
                    Seen::Event(event.as_ref().clone())
                }
            });
            Subscribed::Events { feed, epoch, seq: *seq, events: seen.collect(), more: *more }
        }
        Backlog::Snapshot { seq, reset, state } => {
            let reset = reset.map(|reset| match reset {
                Reset::Epoch => frame::Reset::Epoch,
                Reset::Ahead => frame::Reset::Ahead,
                Reset::TooFar => frame::Reset::TooFar,
            });
            Subscribed::Snapshot { feed, epoch, seq: *seq, reset, state: state_of(state) }
        }
    }
}

fn state_of(state: &read::Snapshot) -> State {
    match state {
        read::Snapshot::Stream { stream, messages } => State::Stream {
            stream: stream.as_ref().clone(),
            messages: messages.iter().map(|message| message.as_ref().clone()).collect(),
        },
        read::Snapshot::Circle { circle, member } => {
            State::Circle { circle: circle.as_ref().clone(), member: member.as_ref().clone() }
        }
        read::Snapshot::Topic { topic, state } => {
            State::Topic { topic: topic.as_ref().clone(), value: state.value.to_json() }
        }
        read::Snapshot::Head => State::Head {},
    }
}

/// A refusal to follow a feed.
pub(crate) fn not_subscribed(feed: FeedId, problem: Problem) -> Subscribed {
    Subscribed::Refused { feed, problem }
}

/// How a user is there who says so of themselves: whoever says it has a connection.
pub(crate) fn said_status(status: Status) -> presence::Status {
    match status {
        Status::Online => presence::Status::Online,
        Status::Idle => presence::Status::Idle,
        Status::Away | Status::Offline => presence::Status::Away,
    }
}

/// How the hub's word for being there is said on the wire.
pub(crate) fn to_wire(status: presence::Status) -> Status {
    match status {
        presence::Status::Online => Status::Online,
        presence::Status::Idle => Status::Idle,
        presence::Status::Away => Status::Away,
        presence::Status::Offline => Status::Offline,
    }
}

/// The place that a client claims in a feed.
pub(crate) fn place(epoch: Option<String>, after: Option<Seq>) -> kith_hub::Place {
    kith_hub::Place { epoch, after }
}
