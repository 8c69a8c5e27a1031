//! The store in one SQLite file: nothing to install, durable at every commit.
//!
//! One thread makes all that waits durable with one sync, as one record of a log; another puts what it
//! changes into the tables a little later, and until then readers find it in memory. A few threads
//! read.
//!
//! Beside the database `x` lie `x.log1` and `x.log2` (commits on their way into the tables), `x-wal`
//! and `x-shm` (SQLite's own log), `x.lock` (held while it is open) and `x.mark` (how far the database
//! once was). It must be on a local disk: network file systems break
//! the locks and the shared memory that the log needs.

mod backlog;
mod backup;
mod check;
mod error;
mod files;
#[doc(hidden)]
pub mod fuzz;
mod log;
mod mark;
mod overlay;
mod pending;
mod reader;
mod rows;
mod schema;
mod settler;
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

use crate::backlog::{Backlog, Delay};
use crate::error::{from_io, from_sqlite};
use crate::log::Log;
use crate::mark::{Mark, Position};
use crate::overlay::Overlay;
use crate::reader::Readers;
use crate::settler::Settler;
use crate::tables::Tables;
use crate::view::View;
use crate::writer::{State, Work, Writer};

/// Most reading threads.
pub const READERS_MAX: usize = 16;

/// Pages of SQLite's log after which it is put into the database: 16 MiB. A larger log means fewer
/// syncs of the database and a longer replay after a crash.
const LOG_PAGES: u32 = 4096;
/// Size of one of the two files of our own log, after which the other is used.
const SEGMENT_BYTES: usize = 8 * 1024 * 1024;

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
    /// Bytes of durable commits after which they are put into the tables; when four times as many
    /// wait, new commits wait for them.
    pub pending_bytes: usize,
    /// How long the oldest of them waits when there are fewer.
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
            pending_bytes: 4 * 1024 * 1024,
            pending_for: Duration::from_secs(1),
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
        let mut records = Vec::new();
        if version == 0 && marked.is_some() {
            return Err(emptied());
        } else if version > 0 {
            // Before anything is written: what is left of the log may be wanted to save more.
            let tables = schema::position(&conn)?;
            records = log::waiting(path, || Ok(tables))?;
            let commits = records.last().map_or(tables.commits, |last| last.no);
            mark::compare(marked, Position { commits, ..tables })?;
        }
        configure(&conn, &options)?;
        // 53 bits, so that every language can hold it exactly.
        let epoch = files::random()? >> 11;
        schema::migrate(&mut conn, version, schema::MIGRATIONS, epoch)?;
        let mut tables = Tables::new(&conn).map_err(from_sqlite)?;
        tables.recover(&conn, &records)?;
        drop(records);
        let position = schema::position(&conn)?;
        let synced = options.durability == Durability::Full;
        let log = Log::open(path, position.epoch, SEGMENT_BYTES, synced)?;
        files::sync_directory(path)?;
        let mark = synced.then(|| Mark::new(path, options.mark_every));
        let (bytes, time) = (options.pending_bytes, options.pending_for);
        let backlog = Backlog::new(Delay { bytes, time }, position.commits);
        let overlay = Overlay::new(position.commits);
        let settler = Settler { conn, tables, backlog, overlay };
        let state = State::new(reader(path)?, log, position, mark, lock, &settler);
        let (epoch, overlay) = (position.epoch, Arc::clone(&settler.overlay));
        let readers = (0..options.readers.clamp(1, READERS_MAX)).map(|_| reader(path));
        let readers = Readers::start(readers.collect::<Result<_, _>>()?)?;
        let writer = Writer::start(state, settler)?;
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
