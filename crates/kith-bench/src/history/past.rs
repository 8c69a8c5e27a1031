//! A database with many messages, written by the rules and the store themselves, without a server
//! and without waiting for the disk: what is in it is what publishing would have written.

mod author;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use kith_core::id::{StreamId, UserId};
use kith_store::{Batch, Range, Store as _};
use kith_store_sqlite::{Durability, Options, SqliteStore};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use self::author::Author;
use crate::server::{Server, unpin};
use crate::site::Site;
use crate::socket::Socket;
use crate::{Plan, load};

/// Messages of one commit, and commits that wait for the store.
const GROUP: usize = 16_384;
const WAITING: usize = 2;
/// Bytes of commits that wait for the tables: the next ones need not.
const PENDING_BYTES: usize = 16 * 1024 * 1024;
/// Documents of a kind that are read at a time: more than a circle of ours has.
const ROWS: usize = 1000;

/// An odd number without a pattern: its multiples are all different, and scattered.
const MIX: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

/// A number below `below` that looks random, the same for the same `drawn`.
pub(crate) fn scatter(drawn: u128, below: usize) -> usize {
    let high = drawn.wrapping_mul(MIX) >> 64;
    ((high.wrapping_mul(MIX) >> 64) % (below.max(1) as u128)) as usize
}

/// A server's data, and who may read all of it.
pub(crate) struct Past {
    data: TempDir,
    token: String,
    /// As the protocol names them.
    pub(crate) streams: Vec<String>,
    pub(crate) messages: usize,
}

impl Past {
    /// Makes a circle of so many streams and members, and `messages` in its streams.
    pub(super) fn make(plan: &Plan, streams: usize, messages: usize) -> Result<Self> {
        Self::make_saying(plan, streams, messages, None)
    }

    /// The same with messages that say what `says` has for their numbers.
    pub(crate) fn make_saying(
        plan: &Plan,
        streams: usize,
        messages: usize,
        says: Option<fn(usize) -> String>,
    ) -> Result<Self> {
        let data = tempfile::tempdir_in(&plan.dir)?;
        let server = Server::kith(&plan.kith, data.path())?;
        let site = Site::make(server.port)?;
        load::fill(&site, streams)?;
        server.end()?;
        let path = data.path().join("kith.db");
        let began = Instant::now();
        // A thread of its own, since the store's threads are to have all processors like it.
        let filling = thread::spawn(move || {
            unpin()?;
            fill(&path, messages, says)
        });
        let streams = filling.join().map_err(|_| anyhow!("a thread failed"))??;
        let took = began.elapsed();
        let rate = messages as f64 / took.as_secs_f64();
        eprintln!("made {messages} messages in {took:.1?}: {rate:.0} a second");
        Ok(Self { data, token: site.token, streams, messages })
    }

    pub(crate) fn path(&self) -> &Path {
        self.data.path()
    }

    pub(crate) fn enter(&self, server: &Server) -> Result<Socket> {
        Socket::enter(server.port, &self.token)
    }

    fn files(&self) -> Result<Vec<PathBuf>> {
        let found = std::fs::read_dir(self.path())?.map(|entry| Ok(entry?.path()));
        let is_file = |path: &Result<PathBuf>| path.as_ref().map_or(true, |path| path.is_file());
        found.filter(is_file).collect()
    }

    /// Of the database alone: what lies beside it does not grow.
    pub(super) fn bytes_per_message(&self) -> Result<f64> {
        let size = std::fs::metadata(self.path().join("kith.db"))?.len();
        Ok(size as f64 / self.messages as f64)
    }

    /// Has the system forget what it has of the files in memory, so that the next look at them is
    /// one at the disk.
    pub(super) fn evict(&self) -> Result<()> {
        for path in self.files()? {
            let file = File::open(path)?;
            file.sync_all()?;
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
        }
        Ok(())
    }
}

/// Posts messages of all members to all streams; the streams.
fn fill(path: &Path, messages: usize, says: Option<fn(usize) -> String>) -> Result<Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let options = Options {
        durability: Durability::NoSync,
        pending_bytes: PENDING_BYTES,
        ..Options::default()
    };
    let store = SqliteStore::open(path, options)?;
    let streams: Vec<StreamId> = ids(&runtime, &store, "circle_stream")?;
    let people: Vec<UserId> = ids(&runtime, &store, "member")?;
    thread::scope(|scope| {
        let (batches, waiting) = sync_channel(WAITING);
        let committing = scope.spawn(|| commit(&runtime, &store, waiting));
        let mut author = Author::new(&runtime, &store, &people, &streams, says)?;
        for first in (0..messages).step_by(GROUP) {
            let batch = author.write(first..messages.min(first + GROUP))?;
            if batches.send(batch).is_err() {
                break;
            }
        }
        drop(batches);
        committing.join().map_err(|_| anyhow!("a thread failed"))?
    })?;
    drop(store);
    // Now all of it goes to the disk.
    drop(SqliteStore::open(path, Options::default())?);
    Ok(streams.iter().map(ToString::to_string).collect())
}

/// The ids at the ends of a collection's keys.
fn ids<T>(runtime: &Runtime, store: &SqliteStore, collection: &'static str) -> Result<Vec<T>>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let range =
        Range { collection, prefix: String::new(), after: None, before: None, descending: false };
    let rows = runtime.block_on(store.scan(range, ROWS))?;
    let id = |key: &str| Ok(key.rsplit('/').next().context("an empty key")?.parse()?);
    rows.iter().map(|row| id(&row.key)).collect()
}

/// Commits what comes.
fn commit(runtime: &Runtime, store: &SqliteStore, waiting: Receiver<Batch>) -> Result<()> {
    for batch in waiting {
        for result in runtime.block_on(store.commit(vec![batch])) {
            result?;
        }
    }
    Ok(())
}
