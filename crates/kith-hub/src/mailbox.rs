//! What waits for one subscriber: bounded in bytes, and purged of what it may no longer see.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use bytes::Bytes;
use kith_core::id::FeedId;
use tokio::sync::Notify;

use crate::aware::{ANEW, Aware, Awareness, NOTHING};
use crate::item::{Grant, Item, MERGING_MAX};
use crate::newest::Newest;
use crate::service::Told;

struct Waiting {
    item: Item,
    grant: Option<Arc<Grant>>,
    /// Of events of several feeds: the rights to the others.
    others: Vec<Arc<Grant>>,
    /// How many events it is that may be told as one with those around them.
    merging: usize,
    /// The newest value when it is taken is told, in place of the item.
    newest: Option<Arc<Newest>>,
    /// What is sent instead when access is taken while it waits: any, or that of the grant.
    instead: Option<Item>,
    bytes: usize,
}

/// What an item costs beside its text.
pub(crate) const ITEM_BYTES: usize = 64;

#[derive(Default)]
struct Inside {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    lagged: BTreeSet<FeedId>,
    /// The feeds in which others show something else than the reader was told, each once.
    called: VecDeque<Arc<Grant>>,
    /// A batch was taken and is not written yet.
    writing: bool,
    /// Counts the times that access was taken from the reader.
    version: u64,
    /// Counts the batches that were taken.
    taken: u64,
    ended: bool,
}

/// Told when something waits in a mailbox, by whoever put it there: it must not block, nor look
/// into the mailbox before it returns.
pub trait Bell: Send + Sync + 'static {
    /// Something waits, or the end has come.
    fn ring(self: Arc<Self>);
}

/// A bounded queue with one reader.
pub(crate) struct Mailbox {
    inside: Mutex<Inside>,
    max: usize,
    aware: Arc<Aware>,
    /// Whose it is: nobody is told what they show themselves.
    connection: u64,
    /// Rung instead of `arrived` once there is one.
    bell: OnceLock<Weak<dyn Bell>>,
    arrived: Notify,
    written: Notify,
}

impl Mailbox {
    pub(crate) fn new(max: usize, aware: Arc<Aware>, connection: u64) -> Self {
        let (inside, bell) = (Mutex::default(), OnceLock::new());
        let (arrived, written) = (Notify::new(), Notify::new());
        Self { inside, max, aware, connection, bell, arrived, written }
    }

    /// Has `bell` rung for everything from now on; the first one stays.
    pub(crate) fn attach(&self, bell: Weak<dyn Bell>) {
        let _ = self.bell.set(bell);
        self.announce();
    }

    fn announce(&self) {
        match self.bell.get() {
            None => self.arrived.notify_one(),
            // Without its bell the connection is gone.
            Some(bell) => bell.upgrade().into_iter().for_each(Bell::ring),
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts something that may be dropped when the reader is slow. Returns whether it was kept; if
    /// not, nothing of any feed is waiting any more and the reader will be told which feeds it lost.
    pub(crate) fn offer(&self, item: Item, grant: &Arc<Grant>, bytes: usize) -> bool {
        self.offer_all(item, Arc::clone(grant), Vec::new(), bytes + ITEM_BYTES)
    }

    /// Like [`offer`](Self::offer), for events of several feeds: all are kept or none.
    pub(crate) fn offer_under(
        &self,
        item: Item,
        mut grants: Vec<Arc<Grant>>,
        bytes: usize,
    ) -> bool {
        match grants.pop() {
            Some(grant) => self.offer_all(item, grant, grants, bytes),
            None => true,
        }
    }

    fn offer_all(
        &self,
        item: Item,
        grant: Arc<Grant>,
        others: Vec<Arc<Grant>>,
        bytes: usize,
    ) -> bool {
        let mut inside = self.inside();
        if inside.ended {
            return true;
        }
        let kept = inside.bytes + bytes <= self.max;
        if kept {
            inside.bytes += bytes;
            if item.is_event() {
                others.iter().chain([&grant]).for_each(|grant| inside.close(grant));
            }
            inside.waiting.push_back(Waiting { others, ..Waiting::new(item, Some(grant), bytes) });
        } else if item.is_event() {
            // Where signals alone do not fit nothing is lost that would be missed.
            for grant in others.iter().chain([&grant]) {
                grant.revoke();
                inside.lagged.insert(grant.feed);
            }
            inside.lag();
        }
        drop(inside);
        self.announce();
        kept
    }

    /// Notes that others show something new in a feed. What it is is looked up when it is taken, so
    /// that it takes no room however much it is.
    pub(crate) fn call(&self, grant: &Arc<Grant>) {
        {
            let mut inside = self.inside();
            if inside.ended || grant.called.swap(true, Ordering::Relaxed) {
                return;
            }
            inside.called.push_back(Arc::clone(grant));
        }
        self.announce();
    }

    /// As [`call`](Self::call); all is told anew of which something was told.
    pub(crate) fn call_anew(&self, grant: &Arc<Grant>) {
        let anew = |told| (told != NOTHING).then_some(ANEW);
        let _ = grant.aware.fetch_update(Ordering::Relaxed, Ordering::Relaxed, anew);
        self.call(grant);
    }

    /// Puts so many events of a topic, the last of which are in `newest`, of which several may be told
    /// as one: where too many wait, or there is no room, the newest value waits in their place.
    pub(crate) fn offer_merging(
        &self,
        item: Item,
        grant: &Arc<Grant>,
        (bytes, count): (usize, u64),
        newest: &Arc<Newest>,
    ) {
        let mut inside = self.inside();
        let known = Arc::as_ptr(newest).addr();
        let is_told = grant.told.load(Ordering::Relaxed) >= newest.seq().0;
        if inside.ended || is_told || grant.marked.load(Ordering::Relaxed) == known {
            return;
        }
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let all = grant.merging.load(Ordering::Relaxed).saturating_add(count);
        if all <= MERGING_MAX && inside.bytes + bytes <= self.max {
            inside.bytes += bytes;
            let waiting = Waiting::new(item, Some(Arc::clone(grant)), bytes);
            inside.waiting.push_back(Waiting { merging: count, ..waiting });
            grant.merging.store(all, Ordering::Relaxed);
        } else {
            inside.merge(grant);
            inside.bytes += ITEM_BYTES;
            let marker = Waiting::new(Item::nothing(), Some(Arc::clone(grant)), ITEM_BYTES);
            inside.waiting.push_back(Waiting { newest: Some(Arc::clone(newest)), ..marker });
            grant.marked.store(known, Ordering::Relaxed);
        }
        drop(inside);
        self.announce();
    }

    /// Puts what must not be dropped: answers, which the reader's own requests bound.
    pub(crate) fn put(&self, item: Item) {
        self.put_under(item, None);
    }

    /// Puts the answer to a subscription, which is dropped when the feed may no longer be read.
    pub(crate) fn put_under(&self, item: Item, grant: Option<&Arc<Grant>>) {
        let bytes = item.bytes() + ITEM_BYTES;
        self.inside().push(item, grant.map(Arc::clone), None, bytes);
        self.announce();
    }

    /// The number that changes whenever access is taken from the reader.
    pub(crate) fn version(&self) -> u64 {
        self.inside().version
    }

    /// Puts an answer that was looked up at `version`; when access was or is taken before it is
    /// sent, `instead` is sent.
    pub(crate) fn put_guarded(&self, answer: Bytes, instead: Bytes, version: u64) {
        let mut inside = self.inside();
        let bytes = answer.len() + ITEM_BYTES;
        if inside.version == version {
            inside.push(Item::Reply(answer), None, Some(Item::Reply(instead)), bytes);
        } else {
            inside.push(Item::Reply(instead), None, None, bytes);
        }
        drop(inside);
        self.announce();
    }

    /// Notes that access was taken: answers that wait may hold what may no longer be seen.
    pub(crate) fn revoke(&self) {
        let mut inside = self.inside();
        inside.version += 1;
        for waiting in &mut inside.waiting {
            if waiting.grant.is_none()
                && let Some(instead) = waiting.instead.take()
            {
                waiting.item = instead;
            }
        }
    }

    /// Puts something about a call, of about so many bytes, unless more than `max` would wait then.
    /// When `grant` is revoked before it is sent, `instead` is sent, if there is one. Returns whether
    /// it was kept.
    pub(crate) fn put_told(
        &self,
        told: Told,
        bytes: usize,
        grant: Option<&Arc<Grant>>,
        instead: Option<Told>,
        max: usize,
    ) -> bool {
        let item = |told| Item::Told(Box::new(told));
        let bytes = bytes + ITEM_BYTES;
        let mut inside = self.inside();
        if inside.bytes + bytes > max {
            return false;
        }
        inside.push(item(told), grant.map(Arc::clone), instead.map(item), bytes);
        drop(inside);
        self.announce();
        true
    }

    /// Tells the reader that it lost a feed and has to subscribe again.
    pub(crate) fn lag(&self, feed: FeedId) {
        self.inside().lagged.insert(feed);
        self.announce();
    }

    /// How many bytes wait.
    pub(crate) fn bytes(&self) -> usize {
        self.inside().bytes
    }

    /// How many batches were taken.
    pub(crate) fn taken(&self) -> u64 {
        self.inside().taken
    }

    /// Ends the mailbox: what waits is dropped and nothing more comes in.
    pub(crate) fn end(&self) {
        let mut inside = self.inside();
        inside.ended = true;
        inside.waiting = VecDeque::new();
        inside.called = VecDeque::new();
        inside.bytes = 0;
        drop(inside);
        self.announce();
        self.written.notify_waiters();
    }

    /// Waits for items and takes up to about `bytes` of them, bundles as they are or one by one. `None`
    /// after the end.
    pub(crate) async fn take(&self, bytes: usize, bundles: bool) -> Option<Vec<Item>> {
        loop {
            let arrived = self.arrived.notified();
            {
                let mut inside = self.inside();
                if inside.ended {
                    return None;
                }
                let mut items = Vec::new();
                self.take_from(&mut inside, bytes, bundles, &mut items);
                if !items.is_empty() {
                    return Some(items);
                }
            }
            arrived.await;
        }
    }

    /// Takes up to about `bytes` of what waits now into `items`, bundles as they are or one by one.
    pub(crate) fn take_now(&self, bytes: usize, bundles: bool, items: &mut Vec<Item>) {
        self.take_from(&mut self.inside(), bytes, bundles, items);
    }

    fn take_from(&self, inside: &mut Inside, max: usize, bundles: bool, items: &mut Vec<Item>) {
        let bytes = inside.take(max, bundles, items);
        // Behind everything else, so that a reader learns who is there after it was told that it
        // follows a feed.
        if inside.waiting.is_empty() {
            self.take_called(inside, max.saturating_sub(bytes), items);
        }
        if !items.is_empty() {
            inside.writing = true;
            inside.taken += 1;
        }
    }

    fn take_called(&self, inside: &mut Inside, mut left: usize, items: &mut Vec<Item>) {
        while left > 0
            && let Some(grant) = inside.called.pop_front()
        {
            grant.called.store(false, Ordering::Relaxed);
            let told = grant.aware.load(Ordering::Relaxed);
            let news = self.aware.news(grant.feed, told, self.connection);
            let Some(news) = news.filter(|_| !grant.is_revoked()) else { continue };
            grant.aware.store(news.told, Ordering::Relaxed);
            if !news.shown.is_empty() || (news.all && told != NOTHING) {
                left = left.saturating_sub(news.bytes + ITEM_BYTES);
                let (feed, all, shown) = (grant.feed, news.all, news.shown);
                items.push(Item::Aware(Awareness { feed, all, shown }));
            }
            if news.more {
                grant.called.store(true, Ordering::Relaxed);
                inside.called.push_back(grant);
            }
        }
    }

    /// Notes that something is being written that was not taken from here.
    pub(crate) fn hold(&self) {
        let mut inside = self.inside();
        inside.writing = true;
        inside.taken += 1;
    }

    /// Notes that what was taken is written; whether more waits.
    pub(crate) fn done(&self) -> bool {
        let mut inside = self.inside();
        inside.writing = false;
        let more =
            !inside.waiting.is_empty() || !inside.lagged.is_empty() || !inside.called.is_empty();
        drop(inside);
        self.written.notify_waiters();
        more
    }

    /// Waits until nothing that was taken before now is still being written.
    pub(crate) async fn fence(&self) {
        let now = self.inside().taken;
        loop {
            let written = self.written.notified();
            {
                let inside = self.inside();
                if inside.ended || !inside.writing || inside.taken > now {
                    return;
                }
            }
            written.await;
        }
    }
}

impl Inside {
    fn push(&mut self, item: Item, grant: Option<Arc<Grant>>, instead: Option<Item>, bytes: usize) {
        if !self.ended {
            self.bytes += bytes;
            self.waiting.push_back(Waiting { instead, ..Waiting::new(item, grant, bytes) });
        }
    }

    /// Drops the events of a topic for which the newest value is told.
    fn merge(&mut self, grant: &Arc<Grant>) {
        let Self { waiting, bytes, .. } = self;
        if grant.merging.swap(0, Ordering::Relaxed) > 0 {
            waiting.retain(|one| {
                let goes = one.merging > 0 && one.is_under(grant);
                *bytes -= if goes { one.bytes } else { 0 };
                !goes
            });
        }
    }

    /// Has what waits of a topic told as it is now, for what comes must not be told as one with it.
    fn close(&mut self, grant: &Arc<Grant>) {
        let is_marked = grant.marked.swap(0, Ordering::Relaxed) != 0;
        if grant.merging.swap(0, Ordering::Relaxed) == 0 && !is_marked {
            return;
        }
        for one in self.waiting.iter_mut().filter(|one| one.is_under(grant)) {
            one.merging = 0;
            if let Some(newest) = one.newest.take() {
                one.item = Item::Newest(newest.now());
            }
        }
    }

    /// Drops every waiting event; their feeds are lost to the reader until it subscribes again.
    fn lag(&mut self) {
        let Self { waiting, bytes, lagged, .. } = self;
        waiting.retain(|one| {
            if !one.item.is_event() {
                return true;
            }
            *bytes -= one.bytes;
            // A feed that was closed to the reader is no loss to tell of.
            for grant in one.grant.iter().chain(&one.others).filter(|grant| !grant.is_revoked()) {
                grant.revoke();
                lagged.insert(grant.feed);
            }
            false
        });
    }

    /// Takes up to about `max` bytes of what waits; says how many.
    fn take(&mut self, max: usize, bundles: bool, items: &mut Vec<Item>) -> usize {
        // Told first: what follows may have in it what the lost feeds no longer tell of.
        if !self.lagged.is_empty() {
            items.push(Item::Lagged(std::mem::take(&mut self.lagged).into_iter().collect()));
        }
        let mut bytes = 0;
        while bytes < max
            && let Some(mut waiting) = self.waiting.pop_front()
        {
            self.bytes -= waiting.bytes;
            // The check at the door: what may no longer be seen is dropped here, however long ago
            // it was put in.
            let Some(item) = waiting.at_the_door() else { continue };
            bytes += waiting.bytes;
            match item {
                Item::Bundle(bundle) if !bundles => items.extend(bundle.items()),
                item => items.push(item),
            }
        }
        bytes
    }
}

impl Waiting {
    fn new(item: Item, grant: Option<Arc<Grant>>, bytes: usize) -> Self {
        let (others, merging, newest, instead) = (Vec::new(), 0, None, None);
        Self { item, grant, others, merging, newest, instead, bytes }
    }

    fn is_under(&self, grant: &Arc<Grant>) -> bool {
        self.grant.as_ref().is_some_and(|mine| Arc::ptr_eq(mine, grant))
    }

    /// Notes that it is told now: what comes after it waits anew.
    fn leave(&mut self) {
        let Some(grant) = &self.grant else { return };
        if self.merging > 0 {
            grant.merging.fetch_sub(self.merging, Ordering::Relaxed);
        }
        if let Some(newest) = self.newest.take() {
            let merged = newest.now();
            grant.marked.store(0, Ordering::Relaxed);
            grant.told.store(merged.seq.0, Ordering::Relaxed);
            self.item = Item::Newest(merged);
        }
    }

    /// What may be seen of it now.
    fn at_the_door(&mut self) -> Option<Item> {
        self.leave();
        let is_revoked = |grant: &Arc<Grant>| grant.is_revoked();
        let grants = self.grant.iter().chain(&self.others);
        if !grants.clone().any(is_revoked) {
            return Some(std::mem::replace(&mut self.item, Item::nothing()));
        }
        if self.others.is_empty() {
            return self.instead.take();
        }
        let revoked: Vec<FeedId> =
            grants.filter(|grant| is_revoked(grant)).map(|grant| grant.feed).collect();
        self.item.without(|feed| revoked.contains(&feed))
    }
}
