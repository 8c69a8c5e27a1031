//! Where feeds and documents live: the trait every database implements, and the suite that proves it.
//!
//! The store knows no domain: a feed is a numbered list of texts, a document is a text with a key.
//! What they mean is the core's business, so one schema serves every database.

#[cfg(any(test, feature = "testing"))]
pub mod around;
mod batch;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
#[cfg(any(test, feature = "testing"))]
pub mod fault;
pub mod index;
pub mod memory;
mod range;

use std::sync::Arc;

use async_trait::async_trait;
use kith_core::chain::ChainHash;
use kith_core::id::{FeedId, Seq, Timestamp};

pub use batch::{SEQ_MAX, follow};
pub use range::prefix_end;

/// One numbered event as it is stored, sent and hashed: the text is never parsed by the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number in the feed.
    pub seq: Seq,
    /// JSON text, at most [`EVENT_BYTES_MAX`] bytes.
    pub body: Arc<str>,
    /// The chain up to and with this event.
    pub hash: ChainHash,
}

/// Largest stored event, in bytes of JSON.
pub const EVENT_BYTES_MAX: usize = kith_core::event::CREATED_BYTES_MAX;
/// Largest stored document, in bytes of JSON: the largest text, with what base64 makes of it.
pub const DOCUMENT_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Longest document key, in bytes.
pub const KEY_BYTES_MAX: usize = 512;
/// Most rows that one read returns, whatever was asked.
pub const ROWS_MAX: usize = 10_000;

/// Events that follow `after` in one feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The feed.
    pub feed: FeedId,
    /// The last number the writer knew. Another writer having been faster is a conflict.
    pub after: Seq,
    /// At least one event, numbered `after + 1`, `after + 2` …
    pub events: Vec<StoredEvent>,
}

/// Events at the beginning of a feed that are forgotten. What is left is numbered and hashed as
/// before: the store keeps the hash that the first event left follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    /// The feed.
    pub feed: FeedId,
    /// The last event that is forgotten, and all before it. A feed keeps its last event, so that its
    /// numbers go on; what is forgotten already is no error.
    pub through: Seq,
}

/// The name of a document: a collection and a key that sorts bytewise within it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocKey {
    /// The collection (a table, in the words of MongoDB a collection): a fixed, small set.
    pub collection: &'static str,
    /// UTF-8 text of at most [`KEY_BYTES_MAX`] bytes; parts are joined with `/`.
    pub key: String,
}

/// A write to one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocWrite {
    /// Which document.
    pub key: DocKey,
    /// Its new JSON text, or `None` to remove it (removing what is not there is no error).
    pub body: Option<Arc<str>>,
}

/// What one operation changes: all of it is durable, or none.
///
/// A batch with the same feed twice, an `Append` without events, with a gap in its numbers or with
/// a hash that does not follow, a `Trim` that leaves no event, or anything too large is a bug of the caller and is refused as
/// [`StoreError::Invalid`]; see [`Batch::check`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Feeds that grow.
    pub appends: Vec<Append>,
    /// Documents that change, applied in order (a later write of a key wins).
    pub writes: Vec<DocWrite>,
    /// Feeds that lose their beginnings, once they have grown.
    pub trims: Vec<Trim>,
}

/// A range of keys in one collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The collection.
    pub collection: &'static str,
    /// Only keys that start with this text. Empty: all of the collection.
    pub prefix: String,
    /// Only keys greater than this whole key (exclusive). `None`: from the first.
    pub after: Option<String>,
    /// Only keys less than this whole key (exclusive). `None`: to the last.
    pub before: Option<String>,
    /// From the greatest key downward.
    pub descending: bool,
}

/// A document that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its key within the collection.
    pub key: String,
    /// Its JSON text.
    pub body: Arc<str>,
}

/// The end of a feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The number of the last event; 0 for a feed without events.
    pub seq: Seq,
    /// The chain up to it.
    pub hash: ChainHash,
}

/// Why a store could not do what was asked. "Not there" is never an error.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another writer appended to `feed` first; nothing of the batch was written.
    #[error("{feed} is at {last} already")]
    Conflict {
        /// The feed that moved on.
        feed: FeedId,
        /// Its last number now.
        last: Seq,
    },
    /// The disk is full or its quota used up; nothing of the batch was written.
    #[error("the disk is full")]
    Full,
    /// The database cannot be written (read-only file or file system, or an earlier failed sync
    /// after which no write can be trusted until the store is opened again).
    #[error("the database accepts no writes: {0}")]
    ReadOnly(String),
    /// The database is damaged.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// The schema was written by a newer Kith, which must be used to open it.
    #[error("the database has schema {found}, newer than {known} that this version knows")]
    TooNew {
        /// The schema version in the file.
        found: u32,
        /// The newest this program knows.
        known: u32,
    },
    /// Another process has the database open.
    #[error("another process uses this database")]
    InUse,
    /// The caller broke the contract.
    #[error("invalid batch: {0}")]
    Invalid(&'static str),
    /// Any other failure of the disk, the database or the network to it.
    #[error("storage failed: {0}")]
    Failed(String),
}

/// What a healthy store says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// A sentence for the operator: what is wrong, and where.
    pub what: String,
}

/// Where feeds and documents live. Feeds and documents are the truth; there is nothing beside them.
///
/// Commits are durable in the order in which `commit` was called: if a later one is in the store
/// after a crash, every earlier successful one is too. Reads see every commit that was confirmed
/// before the read began.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Writes `batches` in order, each all or none, and returns when they are durable: after a
    /// power loss they are there.
    ///
    /// Once the returned future was polled the batches may be written even if it is then dropped.
    ///
    /// One call is one group: an implementation may make the whole group one transaction. The
    /// result has one entry per batch. After the first entry that is an error every later entry is
    /// an error as well (later batches were decided on the earlier ones), and nothing of them was
    /// written.
    async fn commit(&self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>>;

    /// The end of a feed.
    async fn head(&self, feed: FeedId) -> Result<Head, StoreError>;

    /// The events numbered above `after`, in order, at most `limit` (and [`ROWS_MAX`]). Where the
    /// next one is forgotten, those from the first that is left: who needs all looks at its number.
    async fn events(
        &self,
        feed: FeedId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Documents by key: one entry per key, in the order asked.
    async fn get(&self, keys: Vec<DocKey>) -> Result<Vec<Option<Arc<str>>>, StoreError>;

    /// The documents of a range, in key order, at most `limit` (and [`ROWS_MAX`]).
    async fn scan(&self, range: Range, limit: usize) -> Result<Vec<Document>, StoreError>;

    /// How many documents a range holds.
    async fn count(&self, range: Range) -> Result<u64, StoreError>;

    /// All feeds that have events, in text order, above `after`, at most `limit`.
    async fn feeds(&self, after: Option<FeedId>, limit: usize) -> Result<Vec<FeedId>, StoreError>;

    /// A number that changes only when this store can no longer vouch for the numbers it gave: it
    /// was made, restored from a backup, or lost a commit.
    async fn epoch(&self) -> Result<u64, StoreError>;

    /// Removes documents of `collection` whose key is less than `before`, at most `limit`; says how
    /// many. For operation ids and other things that expire: keys begin with a time.
    async fn prune(
        &self,
        collection: &'static str,
        before: String,
        limit: usize,
    ) -> Result<u64, StoreError>;
}

/// The milliseconds of `at` as text that sorts like the number.
#[must_use]
pub fn time_key(at: Timestamp) -> String {
    format!("{:013}", at.0)
}
