//! Users who may call each other's personal services, for as long as they meet.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use kith_core::decide::service as rules;
use kith_core::document::seq_key;
use kith_core::draft::{Draft, Stop};
use kith_core::id::{CircleId, FeedId, Seq, StreamId, UserId};
use kith_core::refusal::Refusal;
use kith_core::service::Meeting;

use crate::item::Grant;
use crate::keys::prefix;
use crate::{Hub, HubError};

/// Circles, and conversations, of two users that are looked at to find where they meet: the first.
const MEETINGS_MAX: usize = 100;
/// Pairs that are kept before it is looked at which of them are still needed.
const KEPT_MIN: usize = 64;

/// Two users, and where they meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    /// In the order of their ids.
    pub(super) users: [UserId; 2],
    pub(super) at: Meeting,
}

impl Pair {
    pub(super) fn new(one: UserId, other: UserId, at: Meeting) -> Self {
        Self { users: [one.min(other), one.max(other)], at }
    }
}

/// The right to call and to be called, of each pair that makes use of it: calls that are open and what
/// waits for the two hold it as well.
#[derive(Default)]
pub(super) struct Pairs {
    grants: BTreeMap<Pair, Arc<Grant>>,
    room: usize,
}

impl Pairs {
    pub(super) fn grant(&mut self, pair: Pair) -> Arc<Grant> {
        if self.grants.len() >= self.room {
            self.grants.retain(|_, grant| Arc::strong_count(grant) > 1);
            self.room = (2 * self.grants.len()).max(KEPT_MIN);
        }
        let feed = FeedId::User(pair.users[0]);
        Arc::clone(self.grants.entry(pair).or_insert_with(|| Grant::new(feed)))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Pair> {
        self.grants.keys().copied()
    }

    /// The two meet there no longer.
    pub(super) fn part(&mut self, pair: Pair) -> Option<Arc<Grant>> {
        let grant = self.grants.remove(&pair)?;
        grant.revoke();
        Some(grant)
    }
}

impl Hub {
    /// Where two users meet: in a circle in which both may call services, or in a conversation in which
    /// both have written outside of threads, as whoever knows a name can begin one.
    ///
    /// # Errors
    /// `service.not_found` where they meet nowhere, or one blocks the other, as if nothing was offered.
    pub(super) async fn meeting(&self, me: UserId, other: UserId) -> Result<Meeting, HubError> {
        if me == other {
            return Ok(Meeting::Oneself);
        }
        self.settled().await?;
        for circle in self.common::<CircleId>("joined", me, other).await? {
            if self.do_meet(me, other, Meeting::Circle(circle)).await? {
                return Ok(Meeting::Circle(circle));
            }
        }
        for stream in self.common::<StreamId>("conversation", me, other).await? {
            let at = Meeting::Conversation(stream);
            let both = self.wrote(me, stream).await? && self.wrote(other, stream).await?;
            if both && self.do_meet(me, other, at).await? {
                return Ok(at);
            }
        }
        Err(Refusal::NoSuchService.into())
    }

    async fn do_meet(&self, me: UserId, other: UserId, at: Meeting) -> Result<bool, HubError> {
        let look = |draft: &Draft<'_>| rules::may_meet(draft, [me, other], at);
        self.is_granted(look).await
    }

    /// Whether a rule refuses nothing.
    pub(crate) async fn is_granted(
        &self,
        rule: impl FnMut(&Draft<'_>) -> Result<(), Stop>,
    ) -> Result<bool, HubError> {
        match self.look_committed(rule).await {
            Ok(()) => Ok(true),
            Err(HubError::Refused(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What two users have in common, the first of it.
    pub(crate) async fn common<T: std::str::FromStr + std::hash::Hash + Eq>(
        &self,
        collection: &'static str,
        me: UserId,
        other: UserId,
    ) -> Result<Vec<T>, HubError> {
        let theirs: HashSet<T> = self.ids(prefix(collection, &other)).await?.into_iter().collect();
        let mine = self.ids(prefix(collection, &me)).await?.into_iter();
        Ok(mine.filter(|id| theirs.contains(id)).take(MEETINGS_MAX).collect())
    }

    /// Whether there is a message of a user in a stream, outside of threads.
    pub(crate) async fn wrote(&self, user: UserId, stream: StreamId) -> Result<bool, HubError> {
        let of = prefix("authored", &format!("{stream}/{}/{user}", seq_key(Seq(0))));
        Ok(!self.inner.store.scan(of, 1).await?.is_empty())
    }
}
