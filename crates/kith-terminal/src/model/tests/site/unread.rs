//! What is unread in a stream and in its threads, of which nobody has read anything.

use std::collections::BTreeMap;

use kith_core::id::Seq;
use kith_proto::query::{StreamUnread, StreamWindow, ThreadUnread};

use super::{Feed, Site, ana};

pub(super) fn unread(feed: &Feed) -> StreamUnread {
    let StreamWindow { read, unread, mentions, .. } = Site::stream_window(feed);
    let mut threads: BTreeMap<Seq, ThreadUnread> = BTreeMap::new();
    for message in &feed.messages {
        let Some(thread) = message.thread else { continue };
        let new = ThreadUnread { thread, read: Seq(0), unread: 0, mentions: 0 };
        let of = threads.entry(thread).or_insert(new);
        of.unread += 1;
        of.mentions += u64::from(message.mentions.users.contains(&ana()));
    }
    StreamUnread { read, unread, mentions, threads: threads.into_values().collect() }
}
