//! What is put into mailboxes, and the rights under which it waits there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use kith_core::id::FeedId;

use crate::aware::{Awareness, NOTHING};
use crate::bundle::Bundle;
use crate::fan::Delivery;
use crate::newest::Merged;
use crate::presence::Signal;
use crate::service::{Card, Told};

/// The right of one subscriber to one feed; events wait under it and are dropped when it is revoked.
#[derive(Debug)]
pub(crate) struct Grant {
    /// The feed.
    pub(crate) feed: FeedId,
    revoked: AtomicBool,
    /// Up to which change of what others show in it the subscriber was told.
    pub(crate) aware: AtomicU64,
    /// There is more to tell of it.
    pub(crate) called: AtomicBool,
    /// Events that wait under it and may be told as one, and whether the newest value waits in their
    /// place: whose address this is. Changed under the mailbox's lock.
    pub(crate) merging: AtomicUsize,
    pub(crate) marked: AtomicUsize,
    /// The last event that was told with a newest value.
    pub(crate) told: AtomicU64,
}

/// Events of a topic that may wait before the newest value is told in their place.
pub(crate) const MERGING_MAX: usize = 8;

impl Grant {
    pub(crate) fn new(feed: FeedId) -> Arc<Self> {
        Arc::new(Self {
            feed,
            revoked: AtomicBool::new(false),
            aware: AtomicU64::new(NOTHING),
            called: AtomicBool::new(false),
            merging: AtomicUsize::new(0),
            marked: AtomicUsize::new(0),
            told: AtomicU64::new(0),
        })
    }

    pub(crate) fn revoke(&self) {
        self.revoked.store(true, Ordering::Release);
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Acquire)
    }
}

/// Something for a subscriber.
#[derive(Clone, Debug)]
pub enum Item {
    /// An event of a feed that it follows.
    Event(Arc<Delivery>),
    /// Events of feeds that it follows, of one transaction: they are to be shown at once.
    Events(Vec<Arc<Delivery>>),
    /// Events of feeds that it follows, which were committed together; only for those who
    /// [ask](crate::Subscriber::take_bundles) for it, others get what is in it one by one.
    Bundle(Arc<Bundle>),
    /// The value of a topic in place of events of it; only for those who said that they understand
    /// it when they began to follow.
    Newest(Arc<Merged>),
    /// Something about somebody who is there now.
    Signal(Arc<Signal>),
    /// What others show in a feed that it follows.
    Aware(Awareness),
    /// An encoded answer to its request.
    Reply(Bytes),
    /// Something about a call, for the one who made it or the one who serves it.
    Told(Box<Told>),
    /// A service of a circle that it follows is offered otherwise than before.
    Offered(Arc<Card>),
    /// It follows these feeds no longer, for it was too slow.
    Lagged(Vec<FeedId>),
    /// It may no longer read a feed.
    Closed(Closed),
}

/// A feed that a subscriber may no longer read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Which.
    pub feed: FeedId,
    /// What it tells about was removed, for everybody.
    pub removed: bool,
}

impl Item {
    /// Stands where something else will be told.
    pub(crate) fn nothing() -> Self {
        Self::Lagged(Vec::new())
    }

    /// Whether it is of what happened in feeds, which a reader who misses it has to read elsewhere.
    pub(crate) fn is_event(&self) -> bool {
        matches!(self, Self::Event(_) | Self::Events(_) | Self::Bundle(_))
    }

    /// What is left of events of several feeds where some may not be seen any more.
    pub(crate) fn without(&self, revoked: impl Fn(FeedId) -> bool) -> Option<Self> {
        match self {
            Self::Bundle(bundle) => bundle.only(|feed, _| !revoked(feed)),
            _ => None,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Reply(bytes) => bytes.len(),
            Self::Event(delivery) => delivery.json.len(),
            Self::Events(all) => all.iter().map(|delivery| delivery.json.len()).sum(),
            Self::Bundle(bundle) => bundle.events().map(|delivery| delivery.json.len()).sum(),
            Self::Newest(_) => 0,
            Self::Signal(_) | Self::Told(_) | Self::Offered(_) => 0,
            Self::Lagged(_) | Self::Closed(_) | Self::Aware(_) => 0,
        }
    }
}

/// Items that were taken, with [`next`](crate::Subscriber::next). While it lives, a revocation
/// waits for it: drop it when all is written.
pub struct Batch {
    pub(crate) subscriber: Arc<crate::Subscriber>,
    /// The items, in order.
    pub items: Vec<Item>,
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.subscriber.mailbox.done();
    }
}
