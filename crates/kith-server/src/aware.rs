//! Awareness on the wire: what others show in a feed, each state written once per encoding for all
//! who get it.

use std::collections::HashSet;

use bytes::Bytes;
use kith_core::id::UserId;
use kith_hub::{Awareness, Shown};
use kith_proto::codec::Encoding;
use kith_proto::frame::{self, Push};

use crate::wire;

/// The frame that tells a reader what others show in a feed; `None` where it is all of people whom
/// the reader blocks, whom they see nowhere.
pub(crate) fn told(
    encoding: Encoding,
    awareness: &Awareness,
    blocked: &HashSet<UserId>,
) -> Option<Bytes> {
    let Awareness { feed, all, .. } = *awareness;
    let mut shown = awareness.shown.iter().filter(|one| !blocked.contains(&one.user)).peekable();
    if shown.peek().is_none() && !all {
        return None;
    }
    match encoding {
        Encoding::Json => {
            let told = Push::Aware { feed, all, states: Vec::new() };
            let mut text = encoding.encode(&told);
            // The list is the last of it, and each state is spliced in as it was written.
            text.truncate(text.len().saturating_sub(b"]}}".len()));
            for (place, one) in shown.enumerate() {
                if place > 0 {
                    text.push(b',');
                }
                let written = one.wire(encoding.index(), |one| encoding.encode(&of(one)).into());
                text.extend_from_slice(&written);
            }
            text.extend_from_slice(b"]}}");
            Some(wire::framed(encoding, &text))
        }
        Encoding::MsgPack => {
            let states = shown.map(|one| of(one)).collect();
            Some(wire::push(encoding, &Push::Aware { feed, all, states }))
        }
    }
}

fn of(shown: &Shown) -> frame::Shown {
    let Shown { client, session, user, .. } = *shown;
    frame::Shown { client, session, user, state: shown.state.clone() }
}
