//! Who is there now: never stored, told to those who share a circle or a conversation.

pub mod conversations;
pub(crate) mod shown;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kith_core::access;
use kith_core::decide::circle::IDLE_SECONDS;
use kith_core::decide::message;
use kith_core::document::Circle;
use kith_core::id::{CircleId, FeedId, Seq, StreamId, Timestamp, UserId};
use tokio::sync::Semaphore;

use crate::keys::{last_part, prefix};
use crate::subscriber::Subscriber;
use crate::tended::Tended;
use crate::{Hub, HubError};

/// Whether a user is there. The most present of a user's connections counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// No connection.
    Offline,
    /// Says not to be at hand.
    Away,
    /// Did nothing for a while.
    Idle,
    /// At hand.
    Online,
}

/// Something for those who are there now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The user is writing in a stream, or in the thread of one of its messages.
    Typing(StreamId, Option<Seq>),
    /// The user came, went, or is otherwise there.
    Presence(Status),
}

/// A signal on its way to those who follow a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The feed.
    pub feed: FeedId,
    /// Who.
    pub user: UserId,
    /// What.
    pub what: What,
}

#[derive(Default)]
struct Connections {
    statuses: HashMap<u64, Status>,
    since: Timestamp,
    /// When the user last did something.
    acted: Timestamp,
    /// The circles in which the user is shown as idle since.
    idle_in: BTreeSet<CircleId>,
}

impl Connections {
    fn status(&self) -> Status {
        self.statuses.values().copied().max().unwrap_or(Status::Offline)
    }
}

/// Users who are gone of whom it is remembered when they came; where there are more, the half that came
/// first is forgotten.
const GONE_MAX: usize = 10_000;

/// Users who are looked at when it is asked who came: the last.
pub const CAME_MAX: usize = 1000;

/// Users of whom it is told at a time how they are there: where all come back at once, those who ask for
/// something else are not behind them.
const TURNS: usize = 8;

/// Turns to tell.
struct Turns(Semaphore);

impl Default for Turns {
    fn default() -> Self {
        Self(Semaphore::new(TURNS))
    }
}

/// Who is there.
#[derive(Default)]
pub(crate) struct Table {
    users: Mutex<HashMap<UserId, Connections>>,
    /// When those came who are gone.
    gone: Mutex<HashMap<UserId, Timestamp>>,
    /// Those of whom it is told just now how they are there.
    pub(crate) telling: Tended<UserId>,
    turns: Turns,
    last_id: AtomicU64,
}

impl Table {
    pub(crate) fn next_id(&self) -> u64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn users(&self) -> MutexGuard<'_, HashMap<UserId, Connections>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gone(&self) -> MutexGuard<'_, HashMap<UserId, Timestamp>> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers when a user came who is gone.
    fn remember(&self, user: UserId, since: Timestamp) {
        let mut gone = self.gone();
        gone.insert(user, since);
        if gone.len() > GONE_MAX {
            let mut all: Vec<Timestamp> = gone.values().copied().collect();
            let (_, middle, _) = all.select_nth_unstable(GONE_MAX / 2);
            let middle = *middle;
            gone.retain(|_, since| *since > middle);
        }
    }

    /// How a user is there, and since when, where there is a connection.
    fn of(&self, user: UserId) -> Option<(Status, Timestamp)> {
        self.users().get(&user).map(|there| (there.status(), there.since))
    }

    /// Sets the status of one connection (`None`: it is gone); tells the user's new status if that
    /// changed.
    fn set(&self, user: UserId, id: u64, status: Option<Status>, now: Timestamp) -> Option<Status> {
        let mut users = self.users();
        let entry = users.entry(user).or_default();
        let before = entry.status();
        if entry.statuses.is_empty() {
            (entry.since, entry.acted) = (now, now);
        }
        match status {
            Some(status) => entry.statuses.insert(id, status),
            None => entry.statuses.remove(&id),
        };
        let after = entry.status();
        if entry.statuses.is_empty() {
            let since = entry.since;
            users.remove(&user);
            self.remember(user, since);
        }
        (before != after).then_some(after)
    }
}

/// Whether so many milliseconds without an action count as idle in a circle.
fn is_idle(circle: &Circle, ms: u64) -> bool {
    circle.idle_seconds > 0 && ms >= u64::from(circle.idle_seconds) * 1000
}

impl Hub {
    /// Brings a connection in, whose user is at hand.
    ///
    /// # Errors
    /// As [`connect_as`](Self::connect_as).
    pub async fn connect(&self, token_hash: &str) -> Result<Arc<Subscriber>, HubError> {
        self.connect_as(token_hash, Status::Online).await
    }

    /// The hashes of the tokens of all connections.
    pub(crate) fn connected_sessions(&self) -> BTreeSet<String> {
        let table = self.inner.fan.table();
        table.subscribers.values().flatten().map(|one| one.token_hash.clone()).collect()
    }

    /// Sets how the user of a connection is there; `None` when the connection is gone. Whoever may know
    /// it is told beside everything else: nobody waits for that.
    pub fn set_status(&self, subscriber: &Subscriber, status: Option<Status>) {
        let user = subscriber.user;
        let changed = self.inner.presence.set(user, subscriber.id, status, self.now());
        if changed.is_none() || !self.inner.presence.telling.begin(user) {
            return;
        }
        let hub = self.clone();
        tokio::spawn(async move {
            let presence = &hub.inner.presence;
            while presence.telling.again(user) {
                let _turn = presence.turns.0.acquire().await;
                if !hub.state().closing {
                    // Presence is worth no error: who cannot be told now is told by the next change.
                    let _ = hub.tell_status(user).await;
                }
            }
        });
    }

    /// Tells how a user is there by now in their circles and conversations.
    async fn tell_status(&self, user: UserId) -> Result<(), HubError> {
        let known = self.known(user).await?;
        let status = self.inner.presence.of(user).map_or(Status::Offline, |(status, _)| status);
        self.tell_presence(user, known.circles.iter().copied(), status);
        self.tell_conversations(&known).await
    }

    /// Notes that a user did something: whoever was shown as idle in circles is so no longer.
    pub fn acted(&self, user: UserId) {
        let (circles, status) = {
            let mut users = self.inner.presence.users();
            let Some(there) = users.get_mut(&user) else { return };
            there.acted = self.now();
            (std::mem::take(&mut there.idle_in), there.status())
        };
        self.tell_presence(user, circles, status);
    }

    fn tell_presence(
        &self,
        user: UserId,
        circles: impl IntoIterator<Item = CircleId>,
        status: Status,
    ) {
        for circle in circles {
            let feed = FeedId::Circle(circle);
            let signal = Signal { feed, user, what: What::Presence(status) };
            self.inner.fan.signal(&Arc::new(signal));
        }
    }

    /// Shows those as idle who did nothing for as long as their circles say. To be called every few
    /// seconds.
    pub async fn tell_idle(&self) {
        let now = self.now();
        let least_ms = u64::from(*IDLE_SECONDS.start()) * 1000;
        let quiet: Vec<(UserId, Timestamp)> = {
            let users = self.inner.presence.users();
            let all = users.iter().filter(|(_, there)| there.status() == Status::Online);
            let all = all.map(|(user, there)| (*user, there.acted));
            all.filter(|(_, acted)| now.since_ms(*acted) >= least_ms).collect()
        };
        for (user, acted) in quiet {
            // Presence is worth no error: who cannot be told now is told the next time.
            let Ok(idle) = self.idle_circles(user, now.since_ms(acted)).await else { return };
            let (more, fewer) = {
                let mut users = self.inner.presence.users();
                let there = users.get_mut(&user).filter(|there| there.acted == acted);
                let Some(there) = there else { continue };
                let before = std::mem::replace(&mut there.idle_in, idle.clone());
                let more: Vec<CircleId> = idle.difference(&before).copied().collect();
                let fewer: Vec<CircleId> = before.difference(&idle).copied().collect();
                (more, fewer)
            };
            self.tell_presence(user, more, Status::Idle);
            self.tell_presence(user, fewer, Status::Online);
        }
    }

    /// The circles of a user in which so many milliseconds without an action count as idle.
    async fn idle_circles(&self, user: UserId, ms: u64) -> Result<BTreeSet<CircleId>, HubError> {
        let rows = self.inner.store.scan(prefix("joined", &user), 1000).await?;
        let mut idle = BTreeSet::new();
        for circle in rows.iter().filter_map(|row| last_part(&row.key)?.parse().ok()) {
            let found = self.look_committed(|draft| draft.circle(circle)).await?;
            if found.is_some_and(|found| is_idle(&found, ms)) {
                idle.insert(circle);
            }
        }
        Ok(idle)
    }

    /// Tells those who follow a stream that the user is writing in it, or in one of its threads.
    ///
    /// # Errors
    /// As for writing there.
    pub async fn typing(
        &self,
        user: UserId,
        stream: StreamId,
        thread: Option<Seq>,
    ) -> Result<(), HubError> {
        self.look_committed(|draft| message::may_write(draft, user, stream, thread)).await?;
        let feed = FeedId::Stream(stream);
        if self.inner.fan.is_followed(feed) {
            let signal = Signal { feed, user, what: What::Typing(stream, thread) };
            self.inner.fan.signal(&Arc::new(signal));
        }
        Ok(())
    }

    /// Who of a circle is there, how, and since when.
    ///
    /// # Errors
    /// `circle.not_found` to whoever is not in it.
    pub async fn present(
        &self,
        user: UserId,
        circle: CircleId,
    ) -> Result<Vec<(UserId, Status, Timestamp)>, HubError> {
        let standing = self.look_committed(|draft| access::in_circle(draft, user, circle)).await?;
        let now = self.now();
        let status = |there: &Connections| match there.status() {
            Status::Online if is_idle(&standing.circle, now.since_ms(there.acted)) => Status::Idle,
            status => status,
        };
        let all: Vec<(UserId, Status, Timestamp)> = {
            let users = self.inner.presence.users();
            users.iter().map(|(user, there)| (*user, status(there), there.since)).collect()
        };
        let mut present = Vec::new();
        for one in all {
            if self.look_committed(|draft| draft.member(circle, one.0)).await?.is_some() {
                present.push(one);
            }
        }
        present.sort_unstable_by_key(|(user, ..)| *user);
        Ok(present)
    }

    /// Whether a user is there at all. It says nothing about who may know it: whoever passes it on has
    /// to know that.
    #[must_use]
    pub fn is_there(&self, user: UserId) -> bool {
        self.inner.presence.users().contains_key(&user)
    }

    /// Who of a circle came after a time, first who came first: whoever is there still, and whoever left
    /// meanwhile. Of those who left before the server started nothing is known, and of very many only
    /// the last [`CAME_MAX`] are looked at.
    ///
    /// # Errors
    /// `circle.not_found` to whoever is not in it.
    pub async fn came(
        &self,
        user: UserId,
        circle: CircleId,
        after: Timestamp,
    ) -> Result<Vec<UserId>, HubError> {
        self.may_read(user, FeedId::Circle(circle)).await?;
        let mut all: HashMap<UserId, Timestamp> = self.inner.presence.gone().clone();
        {
            let users = self.inner.presence.users();
            all.extend(users.iter().map(|(user, there)| (*user, there.since)));
        }
        let mut came: Vec<(Timestamp, UserId)> =
            all.into_iter().filter(|(_, at)| *at > after).map(|(user, at)| (at, user)).collect();
        came.sort_unstable();
        let spare = came.len().saturating_sub(CAME_MAX);
        let users = came.drain(spare..).map(|(_, user)| user).collect();
        self.members_among(circle, users).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_last_is_remembered_longest() {
        let table = Table::default();
        let user = |number: u64| UserId::new(Timestamp(number), 7);
        for number in 0..=GONE_MAX as u64 {
            let now = Timestamp(number);
            assert_eq!(table.set(user(number), 1, Some(Status::Online), now), Some(Status::Online));
            assert_eq!(table.set(user(number), 1, None, now), Some(Status::Offline));
        }
        let gone = table.gone();
        assert_eq!(gone.len(), GONE_MAX / 2);
        assert!(gone.contains_key(&user(GONE_MAX as u64)) && !gone.contains_key(&user(0)));
    }
}
