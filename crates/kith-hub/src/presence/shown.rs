//! To whom it was shown, by their conversations, that somebody is there: once they may no longer know
//! it, they hear last of all that the other is gone, and nobody else hears anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kith_core::id::{FeedId, StreamId, UserId};

use super::conversations::PRESENT_MAX;
use super::{Signal, Status, What};
use crate::Inner;
use crate::fan::Table;
use crate::subscriber::Subscriber;

/// Each who is there, with those to whom that was shown, and in which streams.
#[derive(Default)]
pub(crate) struct Shown {
    all: BTreeMap<UserId, BTreeMap<UserId, Vec<StreamId>>>,
}

impl Shown {
    /// To whom it was shown that a user is there.
    pub(super) fn of(&self, user: UserId) -> BTreeMap<UserId, Vec<StreamId>> {
        self.all.get(&user).cloned().unwrap_or_default()
    }

    /// Notes that it is shown to another; whether there is room for that.
    pub(super) fn put(&mut self, user: UserId, to: UserId, streams: &[StreamId]) -> bool {
        let shown = self.all.entry(user).or_default();
        let has_room = shown.len() < PRESENT_MAX || shown.contains_key(&to);
        if has_room {
            shown.insert(to, streams.to_vec());
        }
        has_room
    }

    /// Forgets that it was shown to another; in which streams it was.
    pub(super) fn take(&mut self, user: UserId, to: UserId) -> Option<Vec<StreamId>> {
        let shown = self.all.get_mut(&user)?;
        let streams = shown.remove(&to);
        if shown.is_empty() {
            self.all.remove(&user);
        }
        streams
    }
}

/// Tells one user how another is there, in these streams; whether the user follows any of them.
pub(super) fn tell(
    table: &Table,
    to: UserId,
    streams: &[StreamId],
    (user, status): (UserId, Status),
) -> bool {
    let mut heard = false;
    for stream in streams {
        let signal = Signal { feed: FeedId::Stream(*stream), user, what: What::Presence(status) };
        heard |= table.signal_to(to, &Arc::new(signal));
    }
    heard
}

/// Two of whom one blocks the other from now on hear last of all that the other is gone, where it was
/// shown to them that they are there. Gives back the connections that may be told so just now.
pub(crate) fn part(inner: &Inner, blocks: &[(UserId, UserId, bool)]) -> Vec<Arc<Subscriber>> {
    let (mut parted, mut subscribers) = (BTreeSet::new(), Vec::new());
    for (one, other, _) in blocks.iter().filter(|(.., is_new)| *is_new) {
        for (user, to) in [(*one, *other), (*other, *one)] {
            let mut table = inner.fan.table();
            let Some(streams) = table.shown.take(user, to) else { continue };
            tell(&table, to, &streams, (user, Status::Offline));
            parted.insert(to);
            subscribers.extend(table.subscribers.get(&to).into_iter().flatten().map(Arc::clone));
        }
    }
    // An answer about who is there may be on its way.
    if !parted.is_empty() {
        inner.readings.revoke(|user| parted.contains(&user));
        subscribers.iter().for_each(|subscriber| subscriber.mailbox.revoke());
    }
    subscribers
}
