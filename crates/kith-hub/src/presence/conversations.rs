//! Who is there of those with whom one talks: told in direct streams and groups.

use std::collections::{BTreeMap, BTreeSet};

use kith_core::access;
use kith_core::decide::stream as rules;
use kith_core::draft::Draft;
use kith_core::id::{CircleId, FeedId, StreamId, Timestamp, UserId};
use kith_store::Range;

use super::{Status, shown};
use crate::fan::Table;
use crate::keys::prefix;
use crate::{Hub, HubError};

/// Conversations of a user that count, the newest: those by which others are told how the user is there,
/// and those by which the user learns it of others.
pub const CONVERSATIONS_MAX: usize = 1000;
/// Users of whom one question tells whether they are there, and users to whom it is shown of one.
pub const PRESENT_MAX: usize = 1000;
/// Conversations of two users that count: the newest.
pub const SHARED_MAX: usize = 20;
/// Circles of two users that are looked at.
const CIRCLES_MAX: usize = 100;
/// How often it is looked up whether somebody may know it, while access is taken again and again.
const TURNS_MAX: usize = 10;

/// Those with whom a user shares conversations, and which, the newest first.
#[derive(Default)]
struct Partners {
    all: BTreeMap<UserId, Vec<StreamId>>,
    streams: usize,
}

impl Partners {
    /// Takes in a conversation that is older than the others, and users who are in it. One that brings
    /// nothing new does not count, so that nobody crowds out others by many.
    fn add(&mut self, stream: StreamId, users: impl IntoIterator<Item = UserId>) {
        let mut counts = false;
        for user in users {
            if self.all.len() >= PRESENT_MAX && !self.all.contains_key(&user) {
                continue;
            }
            let shared = self.all.entry(user).or_default();
            if shared.len() < SHARED_MAX {
                shared.push(stream);
                counts = true;
            }
        }
        self.streams += usize::from(counts);
    }

    fn is_full(&self) -> bool {
        self.streams >= CONVERSATIONS_MAX
    }
}

/// One of two users, whose circles were looked up for all the others at once.
pub(super) struct Known {
    pub(super) user: UserId,
    pub(super) circles: BTreeSet<CircleId>,
}

/// Who may know of whom how they are there, by which conversations.
struct Pair<'a> {
    me: UserId,
    other: UserId,
    streams: &'a [StreamId],
    known: &'a Known,
}

impl Hub {
    /// A user, and the circles in which they are.
    pub(super) async fn known(&self, user: UserId) -> Result<Known, HubError> {
        let circles = self.ids(prefix("joined", &user)).await?.into_iter().collect();
        Ok(Known { user, circles })
    }

    /// Tells those how a user is there with whom the user talks. Whoever was shown it, and may no longer
    /// know it, is told that the user is gone.
    pub(super) async fn tell_conversations(&self, known: &Known) -> Result<(), HubError> {
        let user = known.user;
        let mut partners = Partners::default();
        for stream in self.newest_conversations(user).await? {
            let followers = self.inner.fan.users_of(FeedId::Stream(stream));
            partners.add(stream, followers.into_iter().filter(|other| *other != user));
            if partners.is_full() {
                break;
            }
        }
        let mut all = self.inner.fan.table().shown.of(user);
        all.append(&mut partners.all);
        for (to, streams) in all {
            if self.state().closing {
                return Err(HubError::Closed);
            }
            let pair = Pair { me: to, other: user, streams: &streams, known };
            let tell = |table: &mut Table, may: bool| self.tell_one(table, &pair, may);
            self.noticing(&pair, tell).await?;
        }
        Ok(())
    }

    /// Tells one user how the other is there by now: what happened meanwhile may have been told already.
    fn tell_one(&self, table: &mut Table, pair: &Pair<'_>, may: bool) {
        let Pair { me, other, streams, .. } = *pair;
        let before = table.shown.take(other, me);
        if !may {
            if let Some(streams) = before {
                shown::tell(table, me, &streams, (other, Status::Offline));
            }
            return;
        }
        let status = self.inner.presence.of(other).map_or(Status::Offline, |(status, _)| status);
        let is_shown = status == Status::Offline || table.shown.put(other, me, streams);
        if is_shown && !shown::tell(table, me, streams, (other, status)) {
            table.shown.take(other, me);
        }
    }

    /// Does something under the lock of those who follow feeds, with whether one may know how another
    /// is there: no access was taken since that was looked up. Where it is taken all the time, they may
    /// not.
    async fn noticing<T>(
        &self,
        pair: &Pair<'_>,
        act: impl Fn(&mut Table, bool) -> T,
    ) -> Result<T, HubError> {
        for _ in 0..TURNS_MAX {
            let revocations = self.inner.fan.table().revocations;
            let may = self.may_notice(pair).await?;
            let mut table = self.inner.fan.table();
            if table.revocations == revocations {
                return Ok(act(&mut table, may));
            }
        }
        Ok(act(&mut self.inner.fan.table(), false))
    }

    /// Whether one may know how another is there, by their conversations: where the other wrote in one of
    /// them outside of threads, or is in a circle with them. Whoever knows a name can begin a
    /// conversation.
    async fn may_notice(&self, pair: &Pair<'_>) -> Result<bool, HubError> {
        let Pair { me, other, streams, known } = *pair;
        let mut talk = false;
        for stream in streams {
            if self.is_granted(|draft| rules::may_notice(draft, me, other, *stream)).await? {
                if self.wrote(other, *stream).await? {
                    return Ok(true);
                }
                talk = true;
            }
        }
        if !talk || known.circles.is_empty() {
            return Ok(false);
        }
        let with = if known.user == me { other } else { me };
        let theirs = self.ids::<CircleId>(prefix("joined", &with)).await?.into_iter();
        for circle in theirs.filter(|id| known.circles.contains(id)).take(CIRCLES_MAX) {
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

    /// The conversations of a user, the newest first.
    async fn newest_conversations(&self, user: UserId) -> Result<Vec<StreamId>, HubError> {
        self.ids(Range { descending: true, ..prefix("conversation", &user) }).await
    }

    /// Who is there, how, and since when, of those with whom a user shares one of the newest
    /// [`CONVERSATIONS_MAX`] conversations and of whom the user may know it; at most [`PRESENT_MAX`].
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn present_in_conversations(
        &self,
        me: UserId,
    ) -> Result<Vec<(UserId, Status, Timestamp)>, HubError> {
        self.settled().await?;
        let mut ids = self.newest_conversations(me).await?;
        ids.truncate(CONVERSATIONS_MAX);
        let mut partners = Partners::default();
        for stream in self.readable(me, ids).await? {
            let others = stream.users().into_iter().filter(|other| *other != me);
            partners.add(stream.id, others.filter(|other| self.is_there(*other)));
        }
        let known = self.known(me).await?;
        let mut present = Vec::new();
        for (other, streams) in &partners.all {
            let pair = Pair { me, other: *other, streams, known: &known };
            let show = |table: &mut Table, may: bool| {
                let (status, since) = self.inner.presence.of(*other).filter(|_| may)?;
                table.shown.put(*other, me, streams).then_some((*other, status, since))
            };
            present.extend(self.noticing(&pair, show).await?);
        }
        Ok(present)
    }
}
