//! What is durable and not yet in the tables, for readers: they look here first, then there.
//!
//! An entry leaves when the tables have it, so what is not found here before the tables are looked
//! at is found there. To see several keys as they were at one moment, a reader compares the number
//! of the last commit that the tables have with [`Seen::top`].

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kith_core::id::{FeedId, Seq};
use kith_store::{DocKey, Head, Range, StoredEvent};

use crate::pending::Group;

#[derive(Debug)]
struct Entry {
    /// The commit that wrote it last.
    no: u64,
    body: Option<Arc<str>>,
}

#[derive(Debug, Default)]
struct Tail {
    events: VecDeque<StoredEvent>,
    head: Head,
}

#[derive(Debug, Default)]
struct Inside {
    /// By collection, then by key.
    documents: HashMap<&'static str, BTreeMap<String, Entry>>,
    feeds: HashMap<FeedId, Tail>,
    /// The last forgotten events, and the commits that say so.
    trims: HashMap<FeedId, (u64, Seq)>,
    top: u64,
}

/// Shared by the writer and the readers. Its lock is held for moments only.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    inside: RwLock<Inside>,
}

/// Something that was seen here, and the commit after which.
pub(crate) struct Seen<T> {
    pub(crate) top: u64,
    pub(crate) what: T,
}

/// Documents of a range: their bodies, or `None` for those that were removed.
pub(crate) type Part = Vec<(String, Option<Arc<str>>)>;

impl Overlay {
    pub(crate) fn new(top: u64) -> Arc<Self> {
        Arc::new(Self { inside: RwLock::new(Inside { top, ..Inside::default() }) })
    }

    fn read(&self) -> RwLockReadGuard<'_, Inside> {
        self.inside.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inside> {
        self.inside.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a commit that is durable.
    pub(crate) fn add(&self, group: &Group) {
        let mut inside = self.write();
        inside.top = group.no;
        for batch in &group.batches {
            for append in &batch.appends {
                let tail = inside.feeds.entry(append.feed).or_default();
                for event in &append.events {
                    tail.head = Head { seq: event.seq, hash: event.hash };
                    tail.events.push_back(event.clone());
                }
            }
            for trim in &batch.trims {
                let entry = inside.trims.entry(trim.feed).or_default();
                *entry = (group.no, entry.1.max(trim.through));
            }
            for write in &batch.writes {
                let entry = Entry { no: group.no, body: write.body.clone() };
                let collection = inside.documents.entry(write.key.collection).or_default();
                match collection.get_mut(&write.key.key) {
                    Some(before) => *before = entry,
                    None => drop(collection.insert(write.key.key.clone(), entry)),
                }
            }
        }
    }

    /// Lets go of commits that the tables have.
    pub(crate) fn remove(&self, groups: &[Arc<Group>]) {
        let mut inside = self.write();
        for group in groups {
            for batch in &group.batches {
                for append in &batch.appends {
                    inside
                        .forget(append.feed, append.events.last().map_or(append.after, |e| e.seq));
                }
                for trim in &batch.trims {
                    if inside.trims.get(&trim.feed).is_some_and(|(no, _)| *no <= group.no) {
                        inside.trims.remove(&trim.feed);
                    }
                }
                for write in &batch.writes {
                    let Some(collection) = inside.documents.get_mut(write.key.collection) else {
                        continue;
                    };
                    if collection.get(&write.key.key).is_some_and(|entry| entry.no <= group.no) {
                        collection.remove(&write.key.key);
                    }
                }
            }
        }
    }

    /// The last forgotten event of a feed, where the tables may not know it yet.
    pub(crate) fn trimmed(&self, feed: FeedId) -> Seq {
        self.read().trims.get(&feed).map_or(Seq(0), |(_, through)| *through)
    }

    pub(crate) fn head(&self, feed: FeedId) -> Option<Head> {
        self.read().feeds.get(&feed).map(|tail| tail.head)
    }

    /// The events above `after`, at most `limit`, and whether `after` is followed by the first of
    /// them: then the tables have nothing to add.
    pub(crate) fn events(
        &self,
        feed: FeedId,
        after: Seq,
        limit: usize,
    ) -> (Vec<StoredEvent>, bool) {
        let inside = self.read();
        let Some(tail) = inside.feeds.get(&feed) else { return (Vec::new(), false) };
        let first = tail.events.front().map_or(Seq(u64::MAX), |event| event.seq);
        let skip = after.0.saturating_add(1).saturating_sub(first.0);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let events = tail.events.iter().skip(skip).take(limit).cloned().collect();
        (events, first.0 <= after.0.saturating_add(1))
    }

    /// Documents by key; `None` for those that are not here.
    pub(crate) fn get(&self, keys: &[DocKey]) -> Seen<Vec<Option<Option<Arc<str>>>>> {
        let inside = self.read();
        let find = |key: &DocKey| {
            let entry = inside.documents.get(key.collection)?.get(&key.key)?;
            Some(entry.body.clone())
        };
        Seen { top: inside.top, what: keys.iter().map(find).collect() }
    }

    /// The documents of a range, in its order.
    pub(crate) fn scan(&self, range: &Range) -> Seen<Part> {
        let inside = self.read();
        let mut what = Part::new();
        if let (Some(collection), Some((lower, upper))) =
            (inside.documents.get(range.collection), range.bounds())
        {
            let found = collection.range((lower, upper));
            let found = found.map(|(key, entry)| (key.clone(), entry.body.clone()));
            match range.descending {
                true => what.extend(found.rev()),
                false => what.extend(found),
            }
        }
        Seen { top: inside.top, what }
    }

    /// The names of feeds that have events here, in text order, above `after`.
    pub(crate) fn feeds(&self, after: &str) -> Vec<String> {
        let inside = self.read();
        let names = inside.feeds.keys().map(FeedId::to_string);
        let mut names: Vec<String> = names.filter(|name| name.as_str() > after).collect();
        names.sort_unstable();
        names
    }
}

impl Inside {
    fn forget(&mut self, feed: FeedId, last: Seq) {
        let Some(tail) = self.feeds.get_mut(&feed) else { return };
        while tail.events.front().is_some_and(|event| event.seq <= last) {
            tail.events.pop_front();
        }
        if tail.events.is_empty() {
            self.feeds.remove(&feed);
        }
    }
}
