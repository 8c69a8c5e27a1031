//! The full-text index in a SQLite file of its own, by FTS5.
//!
//! It lies beside the database, follows from it, and is made anew when it is missing, damaged, or of
//! another database. One thread writes, with less of the processor than others get, and two read.
//! Its commits wait for no disk: what a power loss takes is read from the store again.

mod ask;
mod clock;
mod file;
mod filter;
mod find;
mod rank;
mod threads;
mod token;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use kith_core::id::{Seq, StreamId};
use kith_store::index::{Ask, Entry, Found, Index, IndexError, Step};

use crate::file::File;
use crate::threads::Threads;
use crate::write::Writer;

pub use file::{check, remove};
pub use threads::quietly;

/// Threads that search.
const READERS: usize = 2;
/// Searches that wait for one of them; who comes then is told to come later.
const WAITING_MAX: usize = 64;
/// Changes that wait for the one that writes.
const STEPS_MAX: usize = 4;

/// An [`Index`] in a SQLite file.
#[derive(Debug)]
pub struct SqliteIndex {
    path: PathBuf,
    writer: Threads<Writer>,
    readers: Threads<File>,
}

impl SqliteIndex {
    /// Opens the index at `path`, or makes it; one that cannot be used is removed first. Blocks.
    ///
    /// # Errors
    /// When there can be no file.
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        let made = Arc::new(AtomicU64::new(0));
        let writer = Writer::open(path, Arc::clone(&made))?;
        let readers = (0..READERS).map(|_| File::reader(path, Arc::clone(&made)));
        let readers = readers.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            path: path.to_owned(),
            writer: Threads::start("kith-index", vec![writer], STEPS_MAX, true)?,
            readers: Threads::start("kith-search", readers, WAITING_MAX, false)?,
        })
    }

    /// Opens the index at `path` as it is; `None` where there is none of this version. Blocks.
    ///
    /// # Errors
    /// When it cannot be opened, or is damaged.
    pub fn existing(path: &Path) -> Result<Option<Self>, IndexError> {
        match file::try_open(path)? {
            Some(_) => Self::open(path).map(Some),
            None => Ok(None),
        }
    }
}

#[async_trait]
impl Index for SqliteIndex {
    async fn follow(&self, epoch: u64) -> Result<(), IndexError> {
        self.writer.run(move |writer| writer.follow(epoch)).await
    }

    async fn read(&self, streams: Vec<StreamId>) -> Result<Vec<Seq>, IndexError> {
        self.writer.run(move |writer| writer.read(&streams)).await
    }

    async fn apply(&self, step: Step) -> Result<(), IndexError> {
        self.writer.run(move |writer| writer.apply(&step)).await
    }

    async fn forget(&self, stream: StreamId, limit: usize) -> Result<usize, IndexError> {
        self.writer.run(move |writer| writer.forget_stream(&stream, limit)).await
    }

    async fn find(&self, ask: Ask, limit: usize) -> Result<Vec<Found>, IndexError> {
        self.readers.try_run(move |file| find::find(file, &ask, limit)).await
    }

    async fn is_of(&self, epoch: u64) -> Result<bool, IndexError> {
        self.writer.run(move |writer| writer.is_of(epoch)).await
    }

    async fn differing(&self, entries: Vec<Entry>) -> Result<Vec<(StreamId, Seq)>, IndexError> {
        self.writer.run(move |writer| writer.differing(&entries)).await
    }

    async fn count(&self, stream: StreamId) -> Result<u64, IndexError> {
        self.writer.run(move |writer| writer.count(stream)).await
    }

    async fn clear(&self) -> Result<(), IndexError> {
        self.writer.run(Writer::clear).await
    }

    fn size_bytes(&self) -> u64 {
        file::size_bytes(&self.path)
    }
}
