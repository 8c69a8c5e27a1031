//! Who is there of those with whom one talks: told in direct streams and groups.

use std::collections::BTreeMap;
use std::sync::Arc;

use kith_core::access;
use kith_core::decide::stream as rules;
use kith_core::draft::Draft;
use kith_core::id::{CircleId, FeedId, StreamId, Timestamp, UserId};

use super::{Signal, Status, What};
use crate::item::{Grant, Item};
use crate::keys::prefix;
use crate::subscriber::Subscriber;
use crate::{Hub, HubError, Inner};

/// Conversations of a user in which others are told how the user is there.
const CONVERSATIONS_MAX: usize = 1000;
/// Users of whom one question tells whether they are there.
pub const PRESENT_MAX: usize = 1000;

impl Hub {
    /// Tells those how a user is there with whom the user talks, and who are there themselves.
    pub(super) async fn tell_conversations(&self, user: UserId) -> Result<(), HubError> {
        let ids = self.ids::<StreamId>(prefix("conversation", &user)).await?;
        for id in ids.into_iter().take(CONVERSATIONS_MAX) {
            let feed = FeedId::Stream(id);
            if !self.inner.fan.is_followed(feed) {
                continue;
            }
            let stream = self.look_committed(|draft| draft.stream(id)).await?;
            let users = stream.map(|stream| stream.users()).unwrap_or_default();
            let mut to = Vec::new();
            for other in users.into_iter().filter(|other| *other != user && self.is_there(*other)) {
                if self.may_notice(other, user, id).await? {
                    to.push(other);
                }
            }
            // As it is by now: what happened meanwhile may have been told already.
            let status = self.inner.presence.of(user).map_or(Status::Offline, |(status, _)| status);
            let signal = Signal { feed, user, what: What::Presence(status) };
            self.inner.fan.signal_to(&Arc::new(signal), &to);
        }
        Ok(())
    }

    /// Whether one may know how another is there, by a conversation: where the other wrote in it outside
    /// of threads, or is in a circle with them. Whoever knows a name can begin a conversation.
    async fn may_notice(
        &self,
        me: UserId,
        other: UserId,
        stream: StreamId,
    ) -> Result<bool, HubError> {
        let look = |draft: &Draft<'_>| rules::may_notice(draft, me, other, stream);
        if !self.is_granted(look).await? {
            return Ok(false);
        }
        if self.wrote(other, stream).await? {
            return Ok(true);
        }
        for circle in self.common::<CircleId>("joined", me, other).await? {
            let both = |draft: &Draft<'_>| {
                access::in_circle(draft, me, circle)?;
                access::in_circle(draft, other, circle).map(drop)
            };
            if self.is_granted(both).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Who is there, how, and since when, of those with whom a user shares a conversation and of whom
    /// the user may know it; at most [`PRESENT_MAX`].
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn present_in_conversations(
        &self,
        me: UserId,
    ) -> Result<Vec<(UserId, Status, Timestamp)>, HubError> {
        let mut present = BTreeMap::new();
        for stream in self.conversations(me).await? {
            for other in stream.users().into_iter().filter(|other| *other != me) {
                if present.len() >= PRESENT_MAX {
                    break;
                }
                let Some(how) = self.inner.presence.of(other) else { continue };
                if !present.contains_key(&other) && self.may_notice(me, other, stream.id).await? {
                    present.insert(other, how);
                }
            }
        }
        Ok(present.into_iter().map(|(user, (status, since))| (user, status, since)).collect())
    }
}

/// Those who are blocked from now on hear last of all that whoever blocks them is gone.
pub(crate) fn part(inner: &Inner, blocks: &[(UserId, UserId, bool)]) {
    for (blocker, blocked, _) in blocks.iter().filter(|(.., is_new)| *is_new) {
        let subscribers: Vec<Arc<Subscriber>> = {
            let table = inner.fan.table();
            table.subscribers.get(blocked).into_iter().flatten().map(Arc::clone).collect()
        };
        for subscriber in subscribers {
            for (stream, grant) in shared(inner, &subscriber, *blocker) {
                let what = What::Presence(Status::Offline);
                let signal = Signal { feed: FeedId::Stream(stream), user: *blocker, what };
                subscriber.mailbox.offer(Item::Signal(Arc::new(signal)), &grant, 0);
            }
        }
    }
}

/// The conversations with a user that a connection follows. One that is not at hand is left out: of that
/// it hears no more.
fn shared(inner: &Inner, follower: &Subscriber, with: UserId) -> Vec<(StreamId, Arc<Grant>)> {
    let state = inner.state();
    let draft = Draft::new(&state.cache, inner.env.now(), None, None, 0);
    let grants = follower.grants();
    let streams = grants.iter().filter_map(|(feed, grant)| match feed {
        FeedId::Stream(stream) => Some((*stream, grant)),
        _ => None,
    });
    let is_with = |stream| {
        let found = draft.stream(stream).ok().flatten();
        found.is_some_and(|stream| stream.users().contains(&with))
    };
    let shared = streams.filter(|(stream, _)| is_with(*stream));
    shared.map(|(stream, grant)| (stream, Arc::clone(grant))).collect()
}
