//! Frames of events: one, those of a transaction, and runs, in which what was done to a feed at one
//! time is told with what the events share said once.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kith_core::event::Event;
use kith_core::id::UserId;
use kith_hub::{Bundle, Delivery, Item, Unit};
use kith_proto::codec::Encoding;
use kith_proto::frame::Push;
use kith_proto::run::Run;
use kith_ws::encode::{HEAD_BYTES_MAX, Opcode, append};

/// What a frame in JSON has beside the texts of its events, at most, and a comma for each.
const AROUND_BYTES: usize = HEAD_BYTES_MAX + 16;

/// Room for the frames of these events.
fn room<'a>(all: impl Iterator<Item = &'a Delivery>) -> BytesMut {
    BytesMut::with_capacity(all.map(|delivery| delivery.json.len() + AROUND_BYTES).sum())
}

/// The frames of what was committed together.
pub(super) fn all(encoding: Encoding, bundle: &Bundle) -> Bytes {
    let mut out = room(bundle.events().map(Arc::as_ref));
    let mut units = bundle.units();
    while let Some((first, rest)) = units.split_first() {
        let alone = units.iter().map_while(|unit| match unit {
            Unit::One(delivery) => Some(delivery.event.as_ref()),
            Unit::Whole(_) => None,
        });
        units = match Run::of(alone) {
            0 => {
                append_whole(encoding, first.events(), &mut out);
                rest
            }
            1 => {
                first.events().iter().for_each(|one| append_one(encoding, one, &mut out));
                rest
            }
            count => {
                let (alike, others) = units.split_at(count);
                let alike: Vec<&Delivery> =
                    alike.iter().flat_map(Unit::events).map(Arc::as_ref).collect();
                append_run(encoding, &alike, &mut out);
                others
            }
        };
    }
    out.freeze()
}

/// The same for a reader who blocks somebody.
pub(super) fn all_for(encoding: Encoding, bundle: &Bundle, blocked: &HashSet<UserId>) -> Bytes {
    let mut out = room(bundle.events().map(Arc::as_ref));
    for unit in bundle.units() {
        match unit {
            Unit::One(delivery) => {
                let frame = super::item(encoding, Item::Event(Arc::clone(delivery)), blocked);
                out.extend_from_slice(&frame.unwrap_or_default());
            }
            Unit::Whole(all) => append_whole(encoding, all, &mut out),
        }
    }
    out.freeze()
}

/// The frame of an event.
pub(super) fn one(encoding: Encoding, delivery: &Delivery) -> Bytes {
    let mut out = room(std::iter::once(delivery));
    append_one(encoding, delivery, &mut out);
    out.freeze()
}

/// The frame of what one transaction did to the topics that a reader follows.
pub(super) fn together(encoding: Encoding, all: &[Arc<Delivery>]) -> Bytes {
    let mut out = room(all.iter().map(Arc::as_ref));
    append_whole(encoding, all, &mut out);
    out.freeze()
}

fn append_one(encoding: Encoding, delivery: &Delivery, out: &mut BytesMut) {
    match encoding {
        // The stored text goes out as it is.
        Encoding::Json => {
            append(Opcode::Text, &[b"{\"event\":", delivery.json.as_bytes(), b"}"], out);
        }
        Encoding::MsgPack => {
            let event = delivery.event.as_ref().clone();
            append(Opcode::Binary, &[&encoding.encode(&Push::Event(event))], out);
        }
    }
}

fn append_whole(encoding: Encoding, all: &[Arc<Delivery>], out: &mut BytesMut) {
    match encoding {
        // The stored texts go out as they are.
        Encoding::Json => {
            let mut parts: Vec<&[u8]> = Vec::with_capacity(all.len() * 2 + 1);
            for (place, delivery) in all.iter().enumerate() {
                parts.push(if place == 0 { b"{\"events\":[" } else { b"," });
                parts.push(delivery.json.as_bytes());
            }
            parts.push(b"]}");
            append(Opcode::Text, &parts, out);
        }
        Encoding::MsgPack => {
            let events = all.iter().map(|delivery| delivery.event.as_ref().clone()).collect();
            append(Opcode::Binary, &[&encoding.encode(&Push::Events(events))], out);
        }
    }
}

/// The frame of events that have their feed and their time in common.
fn append_run(encoding: Encoding, alike: &[&Delivery], out: &mut BytesMut) {
    match encoding {
        // The stored texts go out as they are, but for what is said once.
        Encoding::Json => {
            let mut parts: Vec<&[u8]> = Vec::with_capacity(alike.len() * 4 + 4);
            let mut last = None;
            for (place, delivery) in alike.iter().enumerate() {
                let [shared, by, op, what] = split(delivery);
                let author = delivery.event.by;
                if place == 0 {
                    parts.extend([b"{\"run\":", shared, by, b"\"events\":[{"]);
                } else if author == last {
                    parts.push(b",{");
                } else {
                    parts.extend([b",{", by]);
                }
                last = author;
                parts.extend([op, what]);
            }
            parts.push(b"]}}");
            append(Opcode::Text, &parts, out);
        }
        Encoding::MsgPack => {
            let events: Vec<&Event> = alike.iter().map(|one| one.event.as_ref()).collect();
            let run = Run::new(&events).map(Push::Run);
            run.iter().for_each(|run| append(Opcode::Binary, &[&encoding.encode(run)], out));
        }
    }
}

/// The stored text of an event in four: what it shares with the others of its run, its author and its
/// operation if it has them, each with the comma behind it, and what happened with the brace that closes
/// the event. Before what happened there are numbers, ids and an operation's name alone, none of which
/// can be taken for a mark.
fn split(delivery: &Delivery) -> [&[u8]; 4] {
    const FACT: &str = "\"body\":{\"kind\":\"changed\",";
    let (before, body) = at_entry(&delivery.json, ",\"body\":");
    let what = match body.strip_prefix(FACT) {
        // Nothing follows the fact but the braces of the body and of the event.
        Some(fact) => fact.strip_suffix('}').unwrap_or(fact),
        None => body,
    };
    let (before, op) = at_entry(before, ",\"op\":");
    let (shared, by) = at_entry(before, ",\"by\":");
    [shared, by, op, what].map(str::as_bytes)
}

/// A text up to an entry with the comma before it, and from there on.
fn at_entry<'a>(text: &'a str, mark: &str) -> (&'a str, &'a str) {
    text.split_at(text.find(mark).map_or(text.len(), |place| place + 1))
}
