//! What makes a batch valid: the checks that every store does before it writes anything.

use std::collections::BTreeSet;

use kith_core::chain::ChainHash;
use kith_core::id::{FeedId, Seq};

use crate::{
    Append, Batch, DOCUMENT_BYTES_MAX, EVENT_BYTES_MAX, Head, KEY_BYTES_MAX, StoreError,
    StoredEvent, Trim,
};

/// Numbers above this are refused: databases count with signed 64-bit integers, and some stores
/// pack the number of a feed beside it.
pub const SEQ_MAX: Seq = Seq(u32::MAX as u64);

impl Batch {
    /// Checks all that can be checked without the database.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if a feed appears twice, an append is empty, has a gap in its
    /// numbers or passes [`SEQ_MAX`], or an event, a document or a key is too large.
    pub fn check(&self) -> Result<(), StoreError> {
        let mut feeds: BTreeSet<FeedId> = BTreeSet::new();
        for append in &self.appends {
            if !feeds.insert(append.feed) {
                return Err(StoreError::Invalid("the same feed twice in one batch"));
            }
            append.check()?;
        }
        for write in &self.writes {
            if write.key.key.len() > KEY_BYTES_MAX {
                return Err(StoreError::Invalid("the key of a document is too long"));
            }
            if write.body.as_ref().is_some_and(|body| body.len() > DOCUMENT_BYTES_MAX) {
                return Err(StoreError::Invalid("a document is too large"));
            }
        }
        Ok(())
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.writes.is_empty() && self.trims.is_empty()
    }

    /// The last event that it adds to a feed.
    #[must_use]
    pub fn end_of(&self, feed: FeedId) -> Option<Seq> {
        let append = self.appends.iter().find(|append| append.feed == feed)?;
        append.events.last().map(|event| event.seq)
    }

    /// How many bytes of text the batch holds, to bound a transaction.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let events = self.appends.iter().flat_map(|append| &append.events);
        let events: usize = events.map(|event| event.body.len()).sum();
        let writes = self.writes.iter();
        let writes: usize =
            writes.map(|w| w.key.key.len() + w.body.as_ref().map_or(0, |body| body.len())).sum();
        events + writes
    }
}

impl Append {
    fn check(&self) -> Result<(), StoreError> {
        if self.events.is_empty() {
            return Err(StoreError::Invalid("an append without events"));
        }
        let mut last = self.after;
        for event in &self.events {
            if last >= SEQ_MAX {
                return Err(StoreError::Invalid("the feed is at its greatest number"));
            }
            if event.seq != last.next() {
                return Err(StoreError::Invalid("a gap in the numbers of an append"));
            }
            if event.body.len() > EVENT_BYTES_MAX {
                return Err(StoreError::Invalid("an event is too large"));
            }
            last = event.seq;
        }
        Ok(())
    }

    /// The end of the feed after this append, if `head` is its end now.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if `head` is not at `after`; [`StoreError::Invalid`] if a hash does
    /// not follow from the one before: such an event could never be told from a damaged one.
    pub fn follow(&self, head: Head) -> Result<Head, StoreError> {
        if head.seq != self.after {
            return Err(StoreError::Conflict { feed: self.feed, last: head.seq });
        }
        match follow(self.feed, head.hash, &self.events) {
            Ok(hash) => Ok(Head { seq: self.events.last().map_or(head.seq, |e| e.seq), hash }),
            Err(_) => Err(StoreError::Invalid("the hash of an event does not follow")),
        }
    }
}

impl Trim {
    /// Checks that an event is left of the feed, whose last is `end`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`].
    pub fn check(&self, end: Seq) -> Result<(), StoreError> {
        match self.through < end {
            true => Ok(()),
            false => Err(StoreError::Invalid("a trim that leaves no event")),
        }
    }
}

/// Recomputes the chain over consecutive `events` that follow an event with the hash `before`, and
/// returns the last hash.
///
/// # Errors
/// The number of the first event whose hash is not the one it should have.
pub fn follow(feed: FeedId, before: ChainHash, events: &[StoredEvent]) -> Result<ChainHash, Seq> {
    events.iter().try_fold(before, |hash, event| {
        let next = hash.next(feed, event.seq, &event.body);
        if next == event.hash { Ok(next) } else { Err(event.seq) }
    })
}

impl StoreError {
    /// What the batches of a group get that come after the first failed one.
    #[must_use]
    pub fn after_failure() -> Self {
        Self::Failed("an earlier batch of the same group failed".to_owned())
    }
}
