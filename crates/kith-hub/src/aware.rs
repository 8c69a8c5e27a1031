//! Awareness: what connections show of themselves to those who follow a feed with them. It is told at
//! a bounded pace, the newest of each state, and is nowhere but here.
//!
//! Readers are not handed states but called: what is new to them is looked up when they take it, so
//! that nothing piles up for whoever is slow.

mod table;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use kith_core::access;
use kith_core::aware::AwareState;
use kith_core::draft::Draft;
use kith_core::id::FeedId;
use kith_core::refusal::Refusal;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::subscriber::Subscriber;
use crate::{Hub, HubError, Inner};

pub use table::Shown;
pub(crate) use table::{ANEW, NOTHING, News};

use table::{Said, Table};

/// The least time between two tellings of the states of a feed.
const PACE: Duration = Duration::from_millis(40);
/// How many bytes are told of a feed in a millisecond, to all its readers together: where many show
/// much to many, each telling is followed by a longer pause.
const BYTES_PER_MS: usize = 32 * 1024;
/// About how many bytes of states are told at once.
const NEWS_BYTES: usize = 256 * 1024;
/// The least time between two renewals of the clocks of those who have none of their own.
const RENEWAL: Duration = Duration::from_secs(10);
/// The numbers of connections begin here: editors of Yjs choose theirs below.
const FIRST: u64 = 1 << 32;
/// And end here: JavaScript has all of them.
const END: u64 = 1 << 53;
/// Turns to show something while access is taken from somebody.
const TURNS_MAX: usize = 100;

/// What a reader of a feed is told of those who show something there.
#[derive(Clone, Debug)]
pub struct Awareness {
    /// The feed.
    pub feed: FeedId,
    /// Whether nobody shows anything but those in it and those who are told of later.
    pub all: bool,
    /// What each shows, or that it shows nothing any more. Nothing of the reader's own connection.
    pub shown: Vec<Arc<Shown>>,
}

/// When readers are called.
#[derive(Default)]
struct Calls {
    due: BTreeSet<(Instant, FeedId)>,
    feeds: HashMap<FeedId, Call>,
}

struct Call {
    is_due: bool,
    /// They are not called again before.
    not_before: Instant,
}

#[derive(Default)]
struct Inside {
    table: Table,
    calls: Calls,
    /// When the clocks of a feed were renewed.
    renewed: HashMap<FeedId, Instant>,
}

/// Who shows what.
#[derive(Default)]
pub(crate) struct Aware {
    inside: Mutex<Inside>,
    sooner: Arc<Notify>,
}

impl Aware {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a reader has not been told.
    pub(crate) fn news(&self, feed: FeedId, told: u64, connection: u64) -> Option<News> {
        self.inside().table.news(feed, told, connection, NEWS_BYTES)
    }

    /// Has the readers of a feed called as soon as the pace allows.
    fn mark(&self, inside: &mut Inside, feed: FeedId) {
        let now = Instant::now();
        let calls = &mut inside.calls;
        let call = calls.feeds.entry(feed).or_insert(Call { is_due: false, not_before: now });
        if call.is_due {
            return;
        }
        call.is_due = true;
        let place = (call.not_before.max(now), feed);
        calls.due.insert(place);
        if calls.due.first() == Some(&place) {
            self.sooner.notify_one();
        }
    }

    /// Shows nothing of a connection in a feed any more.
    pub(crate) fn clear(&self, connection: u64, feed: FeedId) {
        let mut inside = self.inside();
        if inside.table.clear(connection, feed) {
            self.mark(&mut inside, feed);
        }
    }

    /// Shows nothing of a connection any more.
    pub(crate) fn leave(&self, connection: u64) {
        let feeds = self.inside().table.feeds_of(connection);
        feeds.into_iter().for_each(|feed| self.clear(connection, feed));
    }

    /// Lets go of a feed that nobody follows.
    pub(crate) fn forget(&self, feed: FeedId) {
        let mut inside = self.inside();
        inside.table.forget(feed);
        inside.calls.feeds.remove(&feed);
        inside.renewed.remove(&feed);
    }

    /// Notes that access was taken, and gives the feeds in which each of these connections shows
    /// something.
    pub(crate) fn revoked(&self, all: &[Arc<Subscriber>]) -> Vec<BTreeSet<FeedId>> {
        let mut inside = self.inside();
        inside.table.revocations += 1;
        all.iter().map(|one| inside.table.feeds_of(one.id)).collect()
    }
}

/// The feeds of `shown` in which the user of a connection may show nothing any more, or cannot be
/// seen at once to be allowed to.
pub(crate) fn to_clear(
    draft: &Draft<'_>,
    subscriber: &Subscriber,
    shown: BTreeSet<FeedId>,
) -> Vec<FeedId> {
    let may = |feed: &FeedId| access::to_show(draft, subscriber.user, *feed).is_ok();
    shown.into_iter().filter(|feed| !may(feed)).collect()
}

/// Calls readers when they are to be told something, as long as there is the hub.
pub(crate) async fn call(inner: Weak<Inner>) {
    loop {
        let (next, sooner) = {
            let Some(inner) = inner.upgrade() else { return };
            call_due(&inner);
            let next = inner.aware.inside().calls.due.first().map(|(at, _)| *at);
            (next, Arc::clone(&inner.aware.sooner))
        };
        match next {
            None => sooner.notified().await,
            Some(at) => {
                // Whichever comes first.
                let _ = tokio::time::timeout_at(at, sooner.notified()).await;
            }
        }
    }
}

fn call_due(inner: &Inner) {
    let now = Instant::now();
    loop {
        let (feed, bytes) = {
            let mut inside = inner.aware.inside();
            let Inside { calls, table, .. } = &mut *inside;
            let Some(&(at, feed)) = calls.due.first().filter(|(at, _)| *at <= now) else { return };
            calls.due.remove(&(at, feed));
            let Some(call) = calls.feeds.get_mut(&feed) else { continue };
            call.is_due = false;
            (feed, table.call(feed).unwrap_or_default())
        };
        let readers = inner.fan.call(feed);
        let pause = Duration::from_millis((bytes * readers / BYTES_PER_MS) as u64);
        if let Some(call) = inner.aware.inside().calls.feeds.get_mut(&feed) {
            call.not_before = now + PACE.max(pause);
        }
    }
}

impl Hub {
    /// Shows a state of a connection to the others who follow a feed; `None` shows nothing any more.
    /// It takes the place of the one before, and ends with the connection or when it follows the feed
    /// no longer.
    ///
    /// # Errors
    /// `feed.not_followed`, `member.timed_out`, `limit.too_many`, or a failure.
    pub async fn aware(
        &self,
        subscriber: &Subscriber,
        feed: FeedId,
        state: Option<AwareState>,
    ) -> Result<(), HubError> {
        let number = || FIRST + (self.random() as u64) % (END - FIRST);
        let client = *subscriber.client.get_or_init(number);
        self.show(subscriber, feed, (client, None), state).await
    }

    /// As [`aware`](Self::aware), of a client that has a number and a clock of its own. The number is
    /// of the session that used it first for as long as it shows something; what others say of it, and
    /// what is older than what is known, is left aside.
    ///
    /// # Errors
    /// As [`aware`](Self::aware).
    pub async fn aware_as(
        &self,
        subscriber: &Subscriber,
        feed: FeedId,
        (client, clock): (u64, u64),
        state: Option<AwareState>,
    ) -> Result<(), HubError> {
        self.show(subscriber, feed, (client, Some(clock)), state).await
    }

    async fn show(
        &self,
        subscriber: &Subscriber,
        feed: FeedId,
        (client, clock): (u64, Option<u64>),
        state: Option<AwareState>,
    ) -> Result<(), HubError> {
        let aware = &self.inner.aware;
        for _ in 0..TURNS_MAX {
            let revocations = aware.inside().table.revocations;
            let feed = subscriber.followed(feed).ok_or(Refusal::NotFollowed)?;
            let Some(state) = state.clone() else {
                let mut inside = aware.inside();
                if inside.table.hide(feed, client, subscriber.session, clock) {
                    aware.mark(&mut inside, feed);
                }
                return Ok(());
            };
            let name = self.look(|draft| {
                access::to_show(draft, subscriber.user, feed)?;
                Ok(draft.user(subscriber.user)?.map(|user| user.display_name.clone()))
            });
            let name = name.await?.ok_or(Refusal::NoSuchUser)?;
            // Under this lock, so that whoever ends following it ends what is shown.
            let grants = subscriber.grants();
            if grants.get(&feed).is_none_or(|grant| grant.is_revoked()) {
                return Err(Refusal::NotFollowed.into());
            }
            let mut inside = aware.inside();
            if inside.table.revocations != revocations {
                continue;
            }
            let Subscriber { id: connection, session, user, .. } = *subscriber;
            let said = Said { client, clock, connection, session, user, name, state };
            if inside.table.show(feed, said)? {
                aware.mark(&mut inside, feed);
            }
            return Ok(());
        }
        Err(HubError::Busy)
    }

    /// Tells a connection anew what all show in a feed, with clocks that it has not seen: readers that
    /// take whoever is silent for gone are told so now and then.
    pub fn aware_again(&self, subscriber: &Subscriber, feed: FeedId) {
        {
            let mut inside = self.inner.aware.inside();
            let now = Instant::now();
            let Inside { table, renewed, .. } = &mut *inside;
            if renewed.get(&feed).is_none_or(|before| now.duration_since(*before) >= RENEWAL)
                && table.renew(feed)
            {
                renewed.insert(feed, now);
            }
        }
        let grant = subscriber.grants().get(&feed).map(Arc::clone);
        if let Some(grant) = grant {
            subscriber.mailbox.call_anew(&grant);
        }
    }
}

impl Subscriber {
    /// The feed under which something is followed.
    fn followed(&self, feed: FeedId) -> Option<FeedId> {
        let live = if let FeedId::Topic(topic) = feed { Some(FeedId::Live(topic)) } else { None };
        let grants = self.grants();
        let found = [Some(feed), live].into_iter().flatten().find(|feed| grants.contains_key(feed));
        found.filter(|feed| grants.get(feed).is_some_and(|grant| !grant.is_revoked()))
    }

    /// Tells it anew what all show in the feeds that it follows: it sees others than before.
    pub(crate) fn see_anew(&self) {
        for grant in self.grants().values() {
            self.mailbox.call_anew(grant);
        }
    }
}
