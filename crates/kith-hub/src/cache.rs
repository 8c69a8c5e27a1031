//! Documents at hand, and the queue of what was decided and not yet committed.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use kith_core::command::Outcome;
use kith_core::document::{Doc, Key};
use kith_core::draft::{Changes, NotLoaded, Source};
use tokio::sync::{Notify, oneshot};

use crate::error::HubError;

/// An operation that was decided and waits for its commit.
pub(crate) struct Pending {
    pub(crate) changes: Changes,
    pub(crate) outcome: Outcome,
    pub(crate) answer: oneshot::Sender<Result<Outcome, HubError>>,
}

/// What the hub's lock protects.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) cache: Cache,
    pub(crate) queue: VecDeque<Pending>,
    /// A group is on its way to the disk.
    pub(crate) committing: bool,
    pub(crate) closing: bool,
    pub(crate) drained: Arc<Notify>,
}

impl State {
    /// Makes the changes visible to later decisions and queues them for their commit.
    pub(crate) fn enqueue(
        &mut self,
        changes: Changes,
        outcome: Outcome,
        answer: oneshot::Sender<Result<Outcome, HubError>>,
    ) {
        self.cache.put(&changes);
        self.queue.push_back(Pending { changes, outcome, answer });
    }
}

#[derive(Default)]
struct Entry {
    doc: Option<Doc>,
    /// How many queued operations changed it; it stays until they are committed.
    pending: u32,
    used: std::cell::Cell<bool>,
}

/// Documents as they were last decided.
#[derive(Default)]
pub(crate) struct Cache {
    entries: HashMap<Key, Entry>,
    /// Counts the times that entries were let go: what was read from the store before may be older
    /// than what was let go since, and must not come in.
    generation: u64,
}

impl Source for Cache {
    fn find(&self, key: &Key) -> Result<Option<Doc>, NotLoaded> {
        let entry = self.entries.get(key).ok_or(NotLoaded)?;
        entry.used.set(true);
        Ok(entry.doc.clone())
    }
}

impl Cache {
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Takes in what was read from the store, unless it may be out of date.
    pub(crate) fn fill(&mut self, key: Key, doc: Option<Doc>, generation: u64, max: usize) {
        if self.generation == generation && !self.entries.contains_key(&key) {
            if self.entries.len() >= max {
                self.shrink();
            }
            self.entries.insert(key, Entry { doc, pending: 0, used: true.into() });
        }
    }

    /// Lets go of what was not used since the last time and waits for no commit.
    fn shrink(&mut self) {
        self.generation += 1;
        self.entries.retain(|_, entry| entry.pending > 0 || entry.used.replace(false));
    }

    fn put(&mut self, changes: &Changes) {
        for (key, doc) in &changes.documents {
            let entry = self.entries.entry(key.clone()).or_default();
            entry.doc.clone_from(doc);
            entry.pending += 1;
            entry.used.set(true);
        }
    }

    /// Notes that changes are committed. What is only ever written is not kept at hand.
    pub(crate) fn committed(&mut self, changes: &Changes, max: usize) {
        for key in changes.documents.keys() {
            if let Some(entry) = self.entries.get_mut(key) {
                entry.pending = entry.pending.saturating_sub(1);
                // No rule reads these, so none can have read the store for them meanwhile.
                if entry.pending == 0 && is_index(key) {
                    self.entries.remove(key);
                }
            }
        }
        if self.entries.len() > max {
            self.shrink();
        }
    }

    /// Forgets everything: the store has not what was decided.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.generation += 1;
    }
}

/// Whether rules write documents of this kind and never read them.
fn is_index(key: &Key) -> bool {
    matches!(
        key,
        Key::Timeline(..)
            | Key::Authored(..)
            | Key::MentionUser(..)
            | Key::MentionRole(..)
            | Key::MentionAll(..)
            | Key::Follow(..)
            | Key::CircleStream(..)
            | Key::PublicCircle(..)
    )
}
