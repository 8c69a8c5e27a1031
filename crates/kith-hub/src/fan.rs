//! Fan-out: who follows which feed, and the last events of each, encoded once for all.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use kith_core::draft::Drafted;
use kith_core::event::{Body, Event};
use kith_core::id::{FeedId, Seq, UserId};

use crate::bundle::{BUNDLE_BYTES, Bundle, Stretch, Unit};
use crate::commit::Stats;
use crate::item::{Grant, Item};
use crate::mailbox::ITEM_BYTES;
use crate::newest::Newest;
use crate::presence::Signal;
use crate::presence::shown::Shown;
use crate::service::Card;
use crate::subscriber::Subscriber;
use crate::{Hub, Limits};

/// How many encodings a delivery has room for.
pub const WIRES: usize = 4;

/// One committed event on its way to subscribers.
#[derive(Debug)]
pub struct Delivery {
    /// The event.
    pub event: Arc<Event>,
    /// Its JSON, as it is stored.
    pub json: Arc<str>,
    /// Apart: what is told together with others has no frames of its own.
    wire: OnceLock<Box<[OnceLock<Bytes>; WIRES]>>,
}

impl Delivery {
    pub(crate) fn new(event: Arc<Event>, json: Arc<str>) -> Arc<Self> {
        Arc::new(Self { event, json, wire: OnceLock::new() })
    }

    /// About what it takes in memory.
    fn bytes(&self) -> usize {
        // Its text, parsed and as a frame.
        512 + 3 * self.json.len()
    }

    /// The bytes of the frame in one encoding, made by whoever needs it first. `slot` is below
    /// [`WIRES`].
    pub fn wire(&self, slot: usize, encode: impl FnOnce(&Self) -> Bytes) -> Bytes {
        match self.wire.get_or_init(Box::default).get(slot) {
            Some(cell) => cell.get_or_init(|| encode(self)).clone(),
            None => encode(self),
        }
    }
}

/// What one subscriber gets of a transaction: the places of the events in it, and its rights to their
/// feeds.
#[derive(Default)]
struct Part {
    numbers: Vec<usize>,
    grants: Vec<Arc<Grant>>,
}

/// One who follows a feed.
pub(crate) struct Live {
    pub(crate) subscriber: Arc<Subscriber>,
    pub(crate) grant: Arc<Grant>,
    /// It understands several changes of a topic told as one.
    pub(crate) merges: bool,
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
    /// The newest value, where several changes may be told as one.
    pub(crate) newest: Option<Arc<Newest>>,
}

impl Feed {
    /// Takes events into the newest value, which is gone if it cannot be known any longer.
    fn take_in<'a>(&mut self, mut events: impl Iterator<Item = &'a Arc<Delivery>>) {
        let Some(newest) = &self.newest else { return };
        if !events.all(|delivery| newest.apply(&delivery.event)) {
            self.newest = None;
        }
    }
}

#[derive(Default)]
pub(crate) struct Table {
    pub(crate) feeds: HashMap<FeedId, Feed>,
    pub(crate) subscribers: BTreeMap<UserId, Vec<Arc<Subscriber>>>,
    pub(crate) connections: usize,
    /// Counts the revocations: access that was looked up before one is looked up again.
    pub(crate) revocations: u64,
    /// To whom it was shown that somebody is there.
    pub(crate) shown: Shown,
    /// What the events at hand take, of all feeds.
    bytes: usize,
    at_hand: AtHand,
}

/// How much of the past stays at hand.
#[derive(Clone, Copy, Default)]
struct AtHand {
    /// Events of each feed, whatever they take.
    least: usize,
    /// Events of each feed, where there is room.
    most: usize,
    /// Bytes beyond which each feed keeps the least.
    bytes: usize,
}

/// Everybody who is connected, and what they follow.
pub(crate) struct Fan {
    table: Mutex<Table>,
}

impl Fan {
    pub(crate) fn new(limits: &Limits) -> Self {
        let Limits { at_hand_max, at_hand_bytes, replay_max, .. } = *limits;
        let at_hand = AtHand { least: at_hand_max, most: replay_max, bytes: at_hand_bytes };
        Self { table: Mutex::new(Table { at_hand, ..Table::default() }) }
    }

    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the events of committed operations into the mailboxes of those who follow their feeds;
    /// says how many. What one operation did to several topics, or to one more than once, is put
    /// there together.
    pub(crate) fn deliver<'a>(
        &self,
        operations: impl Iterator<Item = &'a [Drafted]>,
        stats: &Stats,
    ) -> u64 {
        let mut table = self.table();
        let mut delivered = 0;
        let mut stretch = Stretch::default();
        for events in operations {
            let is_change = |drafted: &Drafted| matches!(drafted.event.body, Body::Changed { .. });
            let is_whole = events.len() > 1 && events.iter().all(is_change);
            if !is_whole {
                for drafted in events {
                    let Some(event) = table.keep_at_hand(drafted) else { continue };
                    delivered += table.begin(&mut stretch, event.event.feed, stats);
                    stretch.add(event);
                }
                continue;
            }
            let followed = events.iter().filter_map(|drafted| table.keep_at_hand(drafted));
            let followed: Vec<Arc<Delivery>> = followed.collect();
            let Some(feed) = followed.first().map(|first| first.event.feed) else { continue };
            if followed.iter().all(|event| event.event.feed == feed) {
                delivered += table.begin(&mut stretch, feed, stats);
                stretch.add_whole(followed);
            } else {
                delivered += table.tell(std::mem::take(&mut stretch), stats);
                delivered += table.tell_whole(&followed, stats);
            }
        }
        delivered + table.tell(stretch, stats)
    }

    /// Sends everyone who follows one of `feeds` back to the store, for what is committed there is
    /// not known here any more.
    pub(crate) fn lose(&self, feeds: impl Iterator<Item = FeedId>, stats: &Stats) {
        let mut table = self.table();
        // Whoever is catching up has read the store before, and has to read it again.
        table.revocations += 1;
        for id in feeds {
            let Table { feeds, bytes, .. } = &mut *table;
            let Some(feed) = feeds.get_mut(&id) else { continue };
            (feed.head, feed.newest) = (None, None);
            *bytes -= feed.ring.drain(..).map(|old| old.bytes()).sum::<usize>();
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

    /// As [`lose`](Self::lose), for all feeds that no store has.
    pub(crate) fn lose_live(&self, stats: &Stats) {
        let all: Vec<FeedId> = self.table().feeds.keys().copied().collect();
        self.lose(all.into_iter().filter(|id| !id.is_stored()), stats);
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

    /// Calls those who follow a feed, for others show something new in it; says how many they are.
    pub(crate) fn call(&self, feed: FeedId) -> usize {
        let table = self.table();
        let Some(feed) = table.feeds.get(&feed) else { return 0 };
        let live = feed.live.iter().filter(|live| !live.grant.is_revoked());
        live.map(|live| live.subscriber.mailbox.call(&live.grant)).count()
    }

    /// Tells those who follow a circle how a service of it is offered now.
    pub(crate) fn announce(&self, card: &Arc<Card>) {
        let table = self.table();
        let Some(feed) = table.feeds.get(&FeedId::Circle(card.circle)) else { return };
        for Live { subscriber, grant, .. } in &feed.live {
            if !grant.is_revoked() {
                subscriber.mailbox.offer(Item::Offered(Arc::clone(card)), grant, 0);
            }
        }
    }

    /// The last committed event of a feed, if it is known here, and the events after `after`, if all
    /// of them are at hand.
    pub(crate) fn at_hand(
        &self,
        feed: FeedId,
        after: Option<Seq>,
    ) -> Option<(Seq, Option<Vec<Arc<Delivery>>>)> {
        let table = self.table();
        let feed = table.feeds.get(&feed)?;
        let head = feed.head?;
        let first = feed.ring.front().map_or(head.next(), |first| first.event.seq);
        let skip = after.and_then(|after| after.next().0.checked_sub(first.0));
        let skip = skip.and_then(|skip| usize::try_from(skip).ok());
        let events = skip.map(|skip| feed.ring.iter().skip(skip).map(Arc::clone).collect());
        Some((head, events))
    }

    /// Keeps events that were read from the store at hand, if they are followed by those that are and
    /// there is room.
    pub(crate) fn keep(&self, id: FeedId, events: &[Arc<Delivery>]) {
        let mut table = self.table();
        let Table { feeds, at_hand, bytes, .. } = &mut *table;
        let Some(feed) = feeds.get_mut(&id) else { return };
        let Some(head) = feed.head else { return };
        for event in events.iter().rev() {
            let first = feed.ring.front().map_or(head.next(), |first| first.event.seq);
            let fits = *bytes + event.bytes() <= at_hand.bytes && feed.ring.len() < at_hand.most;
            if event.event.seq.next() == first && fits {
                *bytes += event.bytes();
                feed.ring.push_front(Arc::clone(event));
            }
        }
    }

    /// How many connections follow a feed, and its last event where that is at hand.
    pub(crate) fn followed(&self, feed: FeedId) -> (usize, Option<Seq>) {
        let table = self.table();
        let Some(feed) = table.feeds.get(&feed) else { return (0, None) };
        let live = feed.live.iter().filter(|live| !live.grant.is_revoked());
        (live.count(), feed.head)
    }

    /// Whether somebody follows a feed who understands several changes as one, and its newest value is
    /// not at hand; then how often access was taken so far.
    pub(crate) fn wants_newest(&self, feed: FeedId) -> Option<u64> {
        let table = self.table();
        let feed = table.feeds.get(&feed)?;
        let wants = feed.newest.is_none() && feed.live.iter().any(|live| live.merges);
        wants.then_some(table.revocations)
    }

    /// Keeps the newest value of a feed at hand, if the events after it are.
    pub(crate) fn keep_newest(&self, id: FeedId, newest: Arc<Newest>, revocations: u64) -> bool {
        let mut table = self.table();
        if table.revocations != revocations {
            return false;
        }
        let Some(feed) = table.feeds.get_mut(&id) else { return true };
        let Some(head) = feed.head else { return false };
        let seq = newest.seq();
        let first = feed.ring.front().map_or(head.next(), |first| first.event.seq);
        if seq > head || seq.next() < first {
            return false;
        }
        if feed.ring.iter().all(|delivery| newest.apply(&delivery.event)) {
            feed.newest = Some(newest);
        }
        feed.newest.is_some()
    }

    /// Whose connections follow a feed.
    pub(crate) fn users_of(&self, feed: FeedId) -> BTreeSet<UserId> {
        let table = self.table();
        let live = table.feeds.get(&feed).into_iter().flat_map(|feed| &feed.live);
        live.map(|live| live.subscriber.user).collect()
    }

    /// Whether anybody follows a feed.
    pub(crate) fn is_followed(&self, feed: FeedId) -> bool {
        self.table().feeds.contains_key(&feed)
    }
}

impl Table {
    /// As [`Fan::signal`], to one user alone; says whether the user follows the feed.
    pub(crate) fn signal_to(&self, user: UserId, signal: &Arc<Signal>) -> bool {
        let live = self.feeds.get(&signal.feed).into_iter().flat_map(|feed| &feed.live);
        let mine = live.filter(|live| live.subscriber.user == user && !live.grant.is_revoked());
        let mut follows = false;
        for Live { subscriber, grant, .. } in mine {
            subscriber.mailbox.offer(Item::Signal(Arc::clone(signal)), grant, 0);
            follows = true;
        }
        follows
    }

    /// Notes an event as the last of its feed and keeps it at hand, if anybody follows the feed.
    fn keep_at_hand(&mut self, drafted: &Drafted) -> Option<Arc<Delivery>> {
        let Self { feeds, at_hand, bytes, .. } = self;
        let feed = feeds.get_mut(&drafted.event.feed)?;
        let delivery = Delivery::new(Arc::clone(&drafted.event), Arc::clone(&drafted.json));
        feed.head = Some(drafted.event.seq);
        feed.ring.push_back(Arc::clone(&delivery));
        *bytes += delivery.bytes();
        while feed.ring.len() > at_hand.least
            && (*bytes > at_hand.bytes || feed.ring.len() > at_hand.most)
        {
            *bytes -= feed.ring.pop_front().map_or(0, |old| old.bytes());
        }
        Some(delivery)
    }

    /// Has a stretch go on in a feed: what it holds of another, or enough of this one, is told; says
    /// how many.
    fn begin(&mut self, stretch: &mut Stretch, feed: FeedId, stats: &Stats) -> u64 {
        if stretch.feed == Some(feed) && stretch.bytes < BUNDLE_BYTES {
            return 0;
        }
        let next = Stretch { feed: Some(feed), ..Stretch::default() };
        self.tell(std::mem::replace(stretch, next), stats)
    }

    /// Puts events of one feed into the mailboxes of those who follow it; says how many.
    fn tell(&mut self, stretch: Stretch, stats: &Stats) -> u64 {
        let Stretch { feed, units, bytes, count } = stretch;
        let Some(feed) = feed.and_then(|feed| self.feeds.get_mut(&feed)) else { return 0 };
        let Some(first) = units.first().and_then(|unit| unit.events().first()) else { return 0 };
        let first = first.event.seq;
        // Before it is told: whoever takes the value from here on has these in it.
        feed.take_in(units.iter().flat_map(Unit::events));
        let newest = feed.newest.clone();
        let (whole, all) = match units.as_slice() {
            [Unit::One(event)] => (Item::Event(Arc::clone(event)), None),
            _ => {
                let bundle = Bundle::new(units);
                (Item::Bundle(Arc::clone(&bundle)), Some(bundle))
            }
        };
        let mut delivered = 0;
        feed.live.retain(|live| {
            if live.grant.is_revoked() {
                return false;
            }
            let item = match (live.read < first, &all) {
                (true, _) => Some(whole.clone()),
                // It has read some of them before.
                (false, Some(bundle)) => bundle.only(|_, seq| seq > live.read),
                (false, None) => None,
            };
            let Some(item) = item else { return true };
            if let Some(newest) = newest.as_ref().filter(|_| live.merges) {
                let mailbox = &live.subscriber.mailbox;
                mailbox.offer_merging(item, &live.grant, (bytes, count), newest);
                delivered += count;
                return true;
            }
            let kept = live.subscriber.mailbox.offer(item, &live.grant, bytes - ITEM_BYTES);
            if kept {
                delivered += count;
            } else {
                stats.lagged.fetch_add(1, Ordering::Relaxed);
            }
            kept
        });
        delivered
    }

    /// Puts the events of a transaction into the mailboxes of those who follow any of its topics, so
    /// that each takes those of all it follows at once. Those who follow the same share them.
    fn tell_whole(&mut self, events: &[Arc<Delivery>], stats: &Stats) -> u64 {
        let mut readers: Vec<(Arc<Subscriber>, Part)> = Vec::new();
        let mut places: HashMap<u64, usize> = HashMap::new();
        for (number, event) in events.iter().enumerate() {
            let Some(feed) = self.feeds.get(&event.event.feed) else { continue };
            for Live { subscriber, grant, read, .. } in &feed.live {
                if grant.is_revoked() || event.event.seq <= *read {
                    continue;
                }
                let place = *places.entry(subscriber.id).or_insert_with(|| {
                    readers.push((Arc::clone(subscriber), Part::default()));
                    readers.len() - 1
                });
                if let Some((_, part)) = readers.get_mut(place) {
                    part.numbers.push(number);
                    if !part.grants.iter().any(|known| Arc::ptr_eq(known, grant)) {
                        part.grants.push(Arc::clone(grant));
                    }
                }
            }
        }
        let mut made: HashMap<Vec<usize>, (Item, usize)> = HashMap::new();
        let mut delivered = 0;
        for (subscriber, Part { numbers, grants }) in readers {
            let count = numbers.len() as u64;
            let (item, bytes) = made.entry(numbers).or_insert_with_key(|numbers| {
                let part = numbers.iter().filter_map(|number| events.get(*number).cloned());
                let part: Vec<Arc<Delivery>> = part.collect();
                let bytes = part.iter().map(|event| event.json.len() + ITEM_BYTES).sum();
                match part.as_slice() {
                    [event] => (Item::Event(Arc::clone(event)), bytes),
                    _ => (Item::Bundle(Bundle::new(vec![Unit::Whole(part)])), bytes),
                }
            });
            if subscriber.mailbox.offer_under(item.clone(), grants, *bytes) {
                delivered += count;
            } else {
                stats.lagged.fetch_add(1, Ordering::Relaxed);
            }
        }
        for event in events {
            if let Some(feed) = self.feeds.get_mut(&event.event.feed) {
                feed.live.retain(|live| !live.grant.is_revoked());
                // After it is told: what waits as the newest value is told as it was before.
                feed.take_in(std::iter::once(event));
            }
        }
        delivered
    }

    /// Lets go of a feed that nobody follows.
    pub(crate) fn tidy(&mut self, id: FeedId) {
        if let Some(feed) = self.feeds.get_mut(&id) {
            feed.live.retain(|live| !live.grant.is_revoked());
            if feed.live.is_empty() && feed.joining == 0 {
                self.bytes -= feed.ring.iter().map(|old| old.bytes()).sum::<usize>();
                self.feeds.remove(&id);
            }
        }
    }
}

impl Hub {
    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.inner.fan.table().connections
    }

    /// How many feeds somebody follows or is about to.
    #[must_use]
    pub fn followed(&self) -> usize {
        self.inner.fan.table().feeds.len()
    }

    /// How many connections a user has.
    #[must_use]
    pub fn connections_of(&self, user: UserId) -> usize {
        self.inner.fan.table().subscribers.get(&user).map_or(0, Vec::len)
    }

    /// How many bytes wait in all mailboxes.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        let table = self.inner.fan.table();
        table.subscribers.values().flatten().map(|subscriber| subscriber.mailbox.bytes()).sum()
    }
}
