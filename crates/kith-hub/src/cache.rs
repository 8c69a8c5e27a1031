//! Documents at hand, and the queue of what was decided and not yet committed.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use ahash::RandomState;
use kith_core::command::Outcome;
use kith_core::document::{Doc, Key};
use kith_core::draft::{Changes, NotLoaded, Source};
use kith_core::id::{FeedId, TopicId};
use kith_core::topic::Fact;
use kith_core::topic::text::Text;
use tokio::sync::Notify;

use crate::answer::Giver;

/// An operation that was decided and waits for its commit.
pub(crate) struct Pending {
    /// The connection that asked, or 0.
    pub(crate) from: u64,
    pub(crate) changes: Changes,
    pub(crate) outcome: Outcome,
    pub(crate) answer: Giver,
}

/// What the hub's lock protects.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) cache: Cache,
    /// Boxed: they go from list to list on their way.
    pub(crate) queue: VecDeque<Box<Pending>>,
    /// A group is on its way to the disk.
    pub(crate) committing: bool,
    pub(crate) closing: bool,
    pub(crate) drained: Arc<Notify>,
}

impl State {
    /// Makes the changes visible to later decisions and queues them for their commit.
    pub(crate) fn enqueue(&mut self, pending: Pending) {
        self.cache.put(&pending.changes);
        self.queue.push_back(Box::new(pending));
    }
}

#[derive(Default)]
struct Entry {
    doc: Option<Doc>,
    /// How many queued operations changed it; it stays until they are committed.
    pending: u32,
    used: Cell<bool>,
}

/// Entries that are considered at a time when there are too many: an operation adds fewer.
const STEPS: usize = 64;

/// Documents as they were last decided.
#[derive(Default)]
pub(crate) struct Cache {
    entries: HashMap<Key, Entry, RandomState>,
    /// The keys of the entries that may be let go, in the order in which that is considered. Some
    /// have gone before.
    hand: VecDeque<Key>,
    /// How many reads from the store are on their way for each key: what they bring may be older
    /// than what is let go meanwhile, so it is not let go.
    loading: HashMap<Key, u32>,
    /// Counts the times that everything was forgotten: what was read from the store before must not
    /// come in after.
    generation: u64,
}

impl Source for Cache {
    fn find(&self, key: &Key) -> Result<Option<Doc>, NotLoaded> {
        let entry = self.entries.get(key).ok_or(NotLoaded)?;
        entry.used.set(true);
        Ok(entry.doc.clone())
    }
}

/// Documents as they were last decided, and whether one was looked at that is not committed yet.
pub(crate) struct Watched<'a> {
    cache: &'a Cache,
    /// Whether one was.
    pub(crate) pending: Cell<bool>,
}

impl Source for Watched<'_> {
    fn find(&self, key: &Key) -> Result<Option<Doc>, NotLoaded> {
        if self.cache.is_pending(key) {
            self.pending.set(true);
        }
        self.cache.find(key)
    }
}

impl Cache {
    /// The same documents, for one look.
    pub(crate) fn watched(&self) -> Watched<'_> {
        Watched { cache: self, pending: Cell::new(false) }
    }

    /// Notes that a document is being read from the store; to be given to [`end_load`](Self::end_load).
    pub(crate) fn begin_load(&mut self, key: &Key) -> u64 {
        *self.loading.entry(key.clone()).or_default() += 1;
        self.generation
    }

    /// Notes that reading it has ended, with a failure where there is nothing to take in.
    pub(crate) fn end_load(&mut self, key: Key, read: Option<(Option<Doc>, u64)>, max: usize) {
        if let Some(count) = self.loading.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.loading.remove(&key);
            }
        }
        if let Some((doc, generation)) = read
            && self.generation == generation
            && !self.entries.contains_key(&key)
        {
            self.shrink(max);
            self.hand.push_back(key.clone());
            self.entries.insert(key, Entry { doc, pending: 0, used: true.into() });
        }
    }

    /// Lets go of some that were not used since they were last considered, if there are too many.
    fn shrink(&mut self, max: usize) {
        // Each once at most, and no more of them than to outrun those that come: nobody waits for it.
        for _ in 0..STEPS.min(self.hand.len()) {
            if self.hand.len() <= max {
                return;
            }
            let Some(key) = self.hand.pop_front() else { return };
            let Some(entry) = self.entries.get(&key) else { continue };
            let busy = entry.pending > 0 || entry.used.replace(false);
            if busy || self.loading.contains_key(&key) || self.is_nowhere_else(&key) {
                self.hand.push_back(key);
            } else {
                self.entries.remove(&key);
            }
        }
    }

    fn put(&mut self, changes: &Changes) {
        for (key, doc) in changes.documents.iter() {
            // Most are there: their keys are not cloned.
            let entry = match self.entries.get_mut(key) {
                Some(entry) => entry,
                None => {
                    if !is_brief(key) {
                        self.hand.push_back(key.clone());
                    }
                    self.entries.entry(key.clone()).or_default()
                }
            };
            entry.doc.clone_from(doc);
            entry.pending += 1;
            // What an operation did is asked for once more, if ever: there are as many as operations.
            entry.used.set(!matches!(key, Key::Said(..)));
        }
        for (topic, seq, fact) in changes.facts() {
            // It is there: what happened was decided on it.
            if let Some(entry) = self.entries.get_mut(&Key::State(topic)) {
                if let Some(Doc::State(state)) = &mut entry.doc {
                    Arc::make_mut(state).apply(seq, fact);
                }
                entry.pending += 1;
                entry.used.set(true);
            }
        }
    }

    /// Another number whenever everything was forgotten: what was found before may never have been
    /// committed.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether a document was changed by what is not committed yet.
    fn is_pending(&self, key: &Key) -> bool {
        self.entries.get(key).is_some_and(|entry| entry.pending > 0)
    }

    /// Notes that changes are committed. What is hardly ever read after is not kept at hand.
    pub(crate) fn committed(&mut self, changes: &Changes, max: usize) {
        changes.documents.keys().for_each(|key| self.settled(key));
        changes.facts().for_each(|(topic, ..)| self.settled(&Key::State(topic)));
        self.shrink(max);
    }

    /// Notes that one of the changes of a document is committed.
    fn settled(&mut self, key: &Key) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        entry.pending = entry.pending.saturating_sub(1);
        if entry.pending == 0 && is_brief(key) && !self.loading.contains_key(key) {
            self.entries.remove(key);
        }
    }

    /// Whether no store has it: it stays until it is [released](Self::release).
    fn is_nowhere_else(&self, key: &Key) -> bool {
        match key {
            Key::Head(FeedId::Live(_)) => true,
            Key::State(topic) => self.entries.contains_key(&Key::Head(FeedId::Live(*topic))),
            _ => false,
        }
    }

    /// The ephemeral topics whose values are here.
    pub(crate) fn live(&self) -> Vec<TopicId> {
        let keys = self.entries.keys();
        keys.filter_map(|key| match key {
            Key::Head(FeedId::Live(topic)) => Some(*topic),
            _ => None,
        })
        .collect()
    }

    /// Lets go of the value of an ephemeral topic, unless something is on its way to the subscribers.
    pub(crate) fn release(&mut self, topic: TopicId) {
        let keys = [Key::State(topic), Key::Head(FeedId::Live(topic))];
        // The value of another is more than the store tells: it knows the edits that led to it.
        if !self.is_nowhere_else(&Key::State(topic)) {
            return;
        }
        let busy = |key| self.entries.get(key).is_some_and(|entry: &Entry| entry.pending > 0);
        if !keys.iter().any(busy) {
            keys.iter().for_each(|key| drop(self.entries.remove(key)));
        }
    }

    /// The texts among what changed that are worth merging.
    pub(crate) fn bulky(&self, changes: &Changes) -> Vec<TopicId> {
        let texts = changes.all_facts().filter(|(.., fact)| matches!(fact, Fact::Update { .. }));
        let is_bulky = |topic: &TopicId| match self.entries.get(&Key::State(*topic)) {
            Some(Entry { doc: Some(Doc::State(state)), .. }) => {
                state.text().is_some_and(Text::is_bulky)
            }
            _ => false,
        };
        texts.map(|(topic, ..)| topic).filter(is_bulky).collect()
    }

    /// Forgets everything: the store has not what was decided.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.hand.clear();
        self.generation += 1;
    }
}

/// Whether rules write documents of this kind and seldom read them: only to answer an operation a
/// second time, to change a message, or never.
fn is_brief(key: &Key) -> bool {
    matches!(
        key,
        Key::Done(..)
            | Key::Message(..)
            | Key::Timeline(..)
            | Key::Authored(..)
            | Key::MentionUser(..)
            | Key::MentionRole(..)
            | Key::MentionAll(..)
            | Key::Follow(..)
            | Key::CircleStream(..)
            | Key::PublicCircle(..)
            | Key::GoneStream(..)
            | Key::Kept(..)
            | Key::Step(..)
    )
}
