//! Fan-out: who follows which feed, and the last events of each, encoded once for all.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use kith_core::draft::Drafted;
use kith_core::event::Event;
use kith_core::id::{FeedId, Seq, UserId};

use crate::commit::Stats;
use crate::mailbox::{Grant, Item};
use crate::presence::Signal;
use crate::subscriber::Subscriber;

/// How many encodings a delivery has room for.
pub const WIRES: usize = 4;

/// One committed event on its way to subscribers.
#[derive(Debug)]
pub struct Delivery {
    /// The event.
    pub event: Arc<Event>,
    /// Its JSON, as it is stored.
    pub json: Arc<str>,
    wire: [OnceLock<Bytes>; WIRES],
}

impl Delivery {
    pub(crate) fn new(event: Arc<Event>, json: Arc<str>) -> Arc<Self> {
        Arc::new(Self { event, json, wire: Default::default() })
    }

    /// The bytes of the frame in one encoding, made by whoever needs it first. `slot` is below
    /// [`WIRES`].
    pub fn wire(&self, slot: usize, encode: impl FnOnce(&Self) -> Bytes) -> Bytes {
        match self.wire.get(slot) {
            Some(cell) => cell.get_or_init(|| encode(self)).clone(),
            None => encode(self),
        }
    }
}

/// One who follows a feed.
pub(crate) struct Live {
    pub(crate) subscriber: Arc<Subscriber>,
    pub(crate) grant: Arc<Grant>,
    /// The last event it read from the store. An event is in the store a moment before it is
    /// delivered, so what is delivered next may have been read already.
    pub(crate) read: Seq,
}

/// One feed that somebody follows or is about to.
#[derive(Default)]
pub(crate) struct Feed {
    /// The last committed event, once it is known.
    pub(crate) head: Option<Seq>,
    pub(crate) ring: VecDeque<Arc<Delivery>>,
    pub(crate) live: Vec<Live>,
    /// How many are catching up.
    pub(crate) joining: usize,
}

#[derive(Default)]
pub(crate) struct Table {
    pub(crate) feeds: HashMap<FeedId, Feed>,
    pub(crate) subscribers: BTreeMap<UserId, Vec<Arc<Subscriber>>>,
    pub(crate) connections: usize,
    /// Counts the revocations: access that was looked up before one is looked up again.
    pub(crate) revocations: u64,
}

/// Everybody who is connected, and what they follow.
pub(crate) struct Fan {
    table: Mutex<Table>,
    /// Events of a feed that stay at hand.
    ring_max: usize,
}

impl Fan {
    pub(crate) fn new(ring_max: usize) -> Self {
        Self { table: Mutex::default(), ring_max }
    }

    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a committed event into the mailboxes of those who follow its feed; says how many.
    pub(crate) fn deliver(&self, drafted: &Drafted, stats: &Stats) -> u64 {
        let mut table = self.table();
        let Some(feed) = table.feeds.get_mut(&drafted.event.feed) else { return 0 };
        let delivery = Delivery::new(Arc::clone(&drafted.event), Arc::clone(&drafted.json));
        feed.head = Some(drafted.event.seq);
        if feed.ring.len() >= self.ring_max {
            feed.ring.pop_front();
        }
        feed.ring.push_back(Arc::clone(&delivery));
        let bytes = delivery.json.len();
        let mut delivered = 0;
        feed.live.retain(|live| {
            if live.grant.is_revoked() {
                return false;
            }
            if delivery.event.seq <= live.read {
                return true;
            }
            let item = Item::Event(Arc::clone(&delivery));
            let kept = live.subscriber.mailbox.offer(item, &live.grant, bytes);
            if kept {
                delivered += 1;
            } else {
                stats.lagged.fetch_add(1, Ordering::Relaxed);
            }
            kept
        });
        delivered
    }

    /// Sends everyone who follows one of `feeds` back to the store, for what is committed there is
    /// not known here any more.
    pub(crate) fn lose(&self, feeds: impl Iterator<Item = FeedId>, stats: &Stats) {
        let mut table = self.table();
        // Whoever is catching up has read the store before, and has to read it again.
        table.revocations += 1;
        for id in feeds {
            let Some(feed) = table.feeds.get_mut(&id) else { continue };
            feed.head = None;
            feed.ring.clear();
            for Live { subscriber, grant, .. } in feed.live.drain(..) {
                if !grant.is_revoked() {
                    stats.lagged.fetch_add(1, Ordering::Relaxed);
                    grant.revoke();
                    subscriber.mailbox.lag(id);
                }
            }
            table.tidy(id);
        }
    }

    /// Tells those who follow a feed something that is not stored.
    pub(crate) fn signal(&self, signal: &Arc<Signal>) {
        let table = self.table();
        let Some(feed) = table.feeds.get(&signal.feed) else { return };
        for Live { subscriber, grant, .. } in &feed.live {
            if !grant.is_revoked() {
                subscriber.mailbox.offer(Item::Signal(Arc::clone(signal)), grant, 0);
            }
        }
    }

    /// Whether anybody follows a feed.
    pub(crate) fn is_followed(&self, feed: FeedId) -> bool {
        self.table().feeds.contains_key(&feed)
    }
}

impl Table {
    /// Lets go of a feed that nobody follows.
    pub(crate) fn tidy(&mut self, id: FeedId) {
        if let Some(feed) = self.feeds.get_mut(&id) {
            feed.live.retain(|live| !live.grant.is_revoked());
            if feed.live.is_empty() && feed.joining == 0 {
                self.feeds.remove(&id);
            }
        }
    }
}
