//! The store in one SQLite file: nothing to install, durable at every commit.
//!
//! One thread writes and makes all that waits durable with one sync, as one row; what it changes goes
//! into the tables a little later, and until then readers find it in memory. A few threads read.
//!
//! Beside the database `x` lie `x-wal` and `x-shm` (SQLite's log), `x.lock` (held while it is open) and
//! `x.mark` (how far the database once was). It must be on a local disk: network file systems break
//! the locks and the shared memory that the log needs.

mod backlog;
mod backup;
mod check;
mod error;
mod files;
#[doc(hidden)]
pub mod fuzz;
mod mark;
mod overlay;
mod pending;
mod reader;
mod rows;
mod schema;
mod tables;
mod view;
mod writer;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kith_core::id::{FeedId, Seq};
use kith_store::{Batch, DocKey, Document, Head, Problem, Range, Store, StoreError, StoredEvent};
use rusqlite::Connection;

pub use backup::{backup, restore};
pub use check::{PROBLEMS_MAX, check};

use crate::backlog::Delay;
use crate::error::{from_io, from_sqlite};
use crate::mark::Mark;
use crate::reader::Readers;
use crate::view::View;
use crate::writer::{State, Work, Writer};

/// Most reading threads.
pub const READERS_MAX: usize = 16;

/// Pages of the log after which it is put into the database: 16 MiB. A larger log means fewer
/// syncs of the database and a longer replay after a crash.
const LOG_PAGES: u32 = 4096;

/// When a commit is confirmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When it is on the disk: it survives a power loss.
    #[default]
    Full,
    /// When the operating system has it: it survives a crash of the process, not a power loss.
    /// For measurements only; breaks the contract of [`Store::commit`].
    NoSync,
}

/// How a database is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// When a commit is confirmed.
    pub durability: Durability,
    /// Reading threads, 1 to [`READERS_MAX`]; other values are brought into these bounds.
    pub readers: usize,
    /// Most pages (of 4 KiB) that the database may have, after which it is full. `None`: as many as
    /// SQLite allows.
    pub max_pages: Option<u32>,
    /// Bytes of durable commits that may wait to be put into the tables, at least one of them; four
    /// times as many make new commits wait.
    pub pending_bytes: usize,
    /// How long the oldest of them may wait while others come.
    pub pending_for: Duration,
    /// Least time between two writes of the mark, each of which costs one sync. Commits younger
    /// than the mark can be lost to a damaged log without being missed.
    pub mark_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Full,
            readers: 3,
            max_pages: None,
            pending_bytes: 512 * 1024,
            pending_for: Duration::from_millis(250),
            mark_every: Duration::from_secs(1),
        }
    }
}

/// A [`Store`] in a SQLite database.
///
/// Dropping it waits for what was asked before, puts the log into the database and gives the lock
/// back: a few milliseconds, or as long as the disk takes.
#[derive(Debug)]
pub struct SqliteStore {
    // Dropped in this order: the writer closes the last connection, which tidies up.
    view: View,
    writer: Writer,
    path: PathBuf,
    epoch: u64,
}

impl SqliteStore {
    /// Opens the database at `path`; makes it, and its directory, if it is missing. Blocks for some
    /// syncs, and after a crash for the replay of the log.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::TooNew`] (nothing was written),
    /// [`StoreError::ReadOnly`] if the file is marked as such or its disk is,
    /// [`StoreError::Corrupt`] if it is no database of ours, or one that lost commits.
    #[expect(clippy::needless_pass_by_value, reason = "callers write the options in place")]
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        schema::assert_version()?;
        let lock = files::lock(path)?;
        let marked = mark::read(path)?;
        if marked.is_some() && files::size(path)?.unwrap_or(0) == 0 {
            return Err(emptied());
        }
        create(path)?;
        let mut conn = schema::connect(path)?;
        let version = schema::version(&conn, schema::MIGRATIONS.len())?;
        if version == 0 && marked.is_some() {
            return Err(emptied());
        } else if version > 0 {
            // Before anything is written: what is left of the log may be wanted to save more.
            mark::compare(marked, schema::position(&conn)?)?;
        }
        configure(&conn, &options)?;
        // 53 bits, so that every language can hold it exactly.
        let epoch = files::random()? >> 11;
        schema::migrate(&mut conn, version, schema::MIGRATIONS, epoch)?;
        files::sync_directory(path)?;
        let synced = options.durability == Durability::Full;
        let mark = synced.then(|| Mark::new(path, options.mark_every));
        let (bytes, time) = (options.pending_bytes, options.pending_for);
        let state = State::new(conn, mark, lock, Delay { bytes, time, synced })?;
        let (epoch, overlay) = (state.epoch(), state.overlay());
        let readers = (0..options.readers.clamp(1, READERS_MAX)).map(|_| reader(path));
        let readers = Readers::start(readers.collect::<Result<_, _>>()?)?;
        let writer = Writer::start(state)?;
        Ok(Self { view: View::new(readers, overlay), writer, path: path.to_owned(), epoch })
    }

    /// [`backup`] of this database.
    ///
    /// # Errors
    /// Those of [`backup`].
    pub fn backup(&self, to: &Path, progress: impl FnMut(u64, u64)) -> Result<(), StoreError> {
        backup(&self.path, to, progress)
    }

    /// [`check`] of this database.
    ///
    /// # Errors
    /// Those of [`check`].
    pub fn check(&self) -> Result<Vec<Problem>, StoreError> {
        check(&self.path)
    }
}

/// There was a database here, says its mark, but nothing of it is left to read.
fn emptied() -> StoreError {
    let text = "it is empty, but its mark says that it was not; restore from a backup";
    StoreError::Corrupt(text.to_owned())
}

/// Makes sure that there is a file that may be written.
fn create(path: &Path) -> Result<(), StoreError> {
    let mut options = files::private();
    let file = options.create(true).read(true).write(true).truncate(false).open(path);
    let read_only = |file: File| Ok(file.metadata()?.permissions().readonly());
    match file.and_then(read_only) {
        // The superuser may write it all the same, but whoever marked it so did not want that.
        Ok(true) => Err(from_io(path, &io::ErrorKind::PermissionDenied.into())),
        Ok(false) => Ok(()),
        Err(error) => Err(from_io(path, &error)),
    }
}

/// The settings of the writing connection.
fn configure(conn: &Connection, options: &Options) -> Result<(), StoreError> {
    let mode = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
    if mode.map_err(from_sqlite)? != "wal" {
        return Err(StoreError::Failed("the file system cannot hold a shared log".to_owned()));
    }
    let synchronous = match options.durability {
        Durability::Full => "FULL",
        Durability::NoSync => "OFF",
    };
    let set = || {
        conn.pragma_update(None, "synchronous", synchronous)?;
        conn.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        conn.pragma_update(None, "journal_size_limit", 4 * i64::from(LOG_PAGES) * 4096)?;
        options.max_pages.map_or(Ok(()), |most| conn.pragma_update(None, "max_page_count", most))
    };
    set().map_err(from_sqlite)
}

fn reader(path: &Path) -> Result<Connection, StoreError> {
    let conn = schema::connect(path)?;
    conn.pragma_update(None, "query_only", true).map_err(from_sqlite)?;
    Ok(conn)
}

/// A thread that should answer is not there.
fn lost() -> StoreError {
    StoreError::Failed("the store's thread has ended".to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "it maps an error")]
fn no_thread(error: io::Error) -> StoreError {
    StoreError::Failed(format!("a thread could not be started: {error}"))
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>> {
        let answer = self.writer.write(Work::Commit(batches)).await;
        answer.into_iter().map(|result| result.map(|_| ())).collect()
    }

    async fn head(&self, feed: FeedId) -> Result<Head, StoreError> {
        self.view.head(feed).await
    }

    async fn events(
        &self,
        feed: FeedId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.view.events(feed, after, limit).await
    }

    async fn get(&self, keys: Vec<DocKey>) -> Result<Vec<Option<Arc<str>>>, StoreError> {
        self.view.get(keys).await
    }

    async fn scan(&self, range: Range, limit: usize) -> Result<Vec<Document>, StoreError> {
        self.view.scan(range, limit).await
    }

    async fn count(&self, range: Range) -> Result<u64, StoreError> {
        self.view.count(range).await
    }

    async fn feeds(&self, after: Option<FeedId>, limit: usize) -> Result<Vec<FeedId>, StoreError> {
        self.view.feeds(after, limit).await
    }

    async fn epoch(&self) -> Result<u64, StoreError> {
        Ok(self.epoch)
    }

    async fn prune(
        &self,
        collection: &'static str,
        before: String,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let mut answer = self.writer.write(Work::Prune { collection, before, limit }).await;
        answer.pop().unwrap_or_else(|| Err(lost()))
    }
}
