//! Where messages are found: the trait that every full-text index implements.
//!
//! An index follows from the store and can be made anew from it at any time. It is written behind
//! publishing, knows how far it has read each stream, and says which messages may be hits; whoever
//! answers looks at each of them as it is now.

use async_trait::async_trait;
use kith_core::id::{CircleId, Seq, StreamId, Timestamp, UserId};
use kith_core::search::{Clause, Mark, Order};

/// A message as it is indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its stream.
    pub stream: StreamId,
    /// Its number there.
    pub seq: Seq,
    /// Whose the stream is.
    pub home: Home,
    /// Who wrote it.
    pub author: UserId,
    /// When it was posted.
    pub at: Timestamp,
    /// What is looked through.
    pub text: String,
    /// What else can be said of it.
    pub marks: Vec<Mark>,
}

/// Whose a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// A circle's.
    Circle(CircleId),
    /// Two users'.
    Direct([UserId; 2]),
    /// A group's.
    Group,
}

/// A change of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The message is there, and is like this.
    Put(Entry),
    /// There is no such message.
    Remove(StreamId, Seq),
}

/// Changes that are made together with saying how far the index is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// What changes; of one message at most once.
    pub changes: Vec<Change>,
    /// Up to which event each stream was read.
    pub read: Vec<(StreamId, Seq)>,
}

/// Streams in which is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// All of a circle.
    Circle(CircleId),
    /// All direct streams of a user.
    Direct(UserId),
    /// One stream.
    Stream(StreamId),
}

/// What is looked for, with names resolved. All of it holds for each hit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// In any of these; nowhere if there are none.
    pub scopes: Vec<Scope>,
    /// In none of these streams.
    pub except: Vec<StreamId>,
    /// All of these are in it.
    pub must: Vec<Clause>,
    /// None of these is in it.
    pub must_not: Vec<Clause>,
    /// By one of these; by anyone if `None`.
    pub from: Option<Vec<UserId>>,
    /// By none of these.
    pub not_from: Vec<UserId>,
    /// It has all of these.
    pub has: Vec<Mark>,
    /// It has none of these.
    pub has_not: Vec<Mark>,
    /// Posted then or later.
    pub since: Option<Timestamp>,
    /// Posted before then.
    pub until: Option<Timestamp>,
    /// In which order hits come.
    pub order: Order,
    /// The time from which the age of a hit is counted.
    pub now: Timestamp,
    /// Only hits behind this one.
    pub after: Option<Place>,
}

/// The place of a hit among all hits of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// How good it is, by rank; 0 by time.
    pub score: u32,
    /// Its number in the index, which grows with the time of the message.
    pub row: i64,
}

/// A message that may be a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its stream.
    pub stream: StreamId,
    /// Which.
    pub seq: Seq,
    /// Where the search goes on behind it.
    pub place: Place,
}

/// Why an index could not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// It is damaged, and has to be made anew.
    #[error("the search index is damaged: {0}")]
    Damaged(String),
    /// Too many ask at once.
    #[error("too many searches at once")]
    Busy,
    /// It took longer than a search may.
    #[error("the search took too long")]
    Late,
    /// Anything else: of the disk, or of the database.
    #[error("the search index failed: {0}")]
    Failed(String),
}

/// Where messages are found.
#[async_trait]
pub trait Index: Send + Sync + 'static {
    /// Begins to follow the store with this epoch: an index of another is emptied.
    async fn follow(&self, epoch: u64) -> Result<(), IndexError>;

    /// Up to which event each of `streams` was read; 0 for those that were not.
    async fn read(&self, streams: Vec<StreamId>) -> Result<Vec<Seq>, IndexError>;

    /// Makes changes, all or none.
    async fn apply(&self, step: Step) -> Result<(), IndexError>;

    /// Removes messages of a stream that was removed, at most `limit`; says how many.
    async fn forget(&self, stream: StreamId, limit: usize) -> Result<usize, IndexError>;

    /// Hits in order, at most `limit`; fewer only when there are no more.
    async fn find(&self, ask: Ask, limit: usize) -> Result<Vec<Found>, IndexError>;

    /// Whether it follows the store with this epoch. For checks.
    async fn is_of(&self, epoch: u64) -> Result<bool, IndexError>;

    /// Those of some messages that stand in it otherwise, or not at all. For checks.
    async fn differing(&self, entries: Vec<Entry>) -> Result<Vec<(StreamId, Seq)>, IndexError>;

    /// How many messages of a stream are in it. For checks.
    async fn count(&self, stream: StreamId) -> Result<u64, IndexError>;

    /// Removes everything.
    async fn clear(&self) -> Result<(), IndexError>;

    /// How many bytes it takes on the disk.
    fn size_bytes(&self) -> u64;
}
