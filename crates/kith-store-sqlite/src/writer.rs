//! The one thread that writes: it takes all that waits and makes it durable with one sync.

use std::collections::HashMap;
use std::fs::File;
use std::thread::{Builder, JoinHandle};

use kith_core::id::FeedId;
use kith_store::{Batch, Head, StoreError};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

use crate::error::{from_sqlite, poisons};
use crate::mark::{Mark, Position};
use crate::rows::{FEEDS_MAX, event_id, feed, sum};
use crate::{lost, no_thread};

#[cfg(test)]
mod tests;

/// Jobs that wait for the thread; more than that wait outside, for a place.
const QUEUE_MAX: usize = 256;
/// Text after which a transaction takes no further job.
const TRANSACTION_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Ends of feeds that are remembered, to save a look-up per append.
const HEADS_MAX: usize = 16 * 1024;

/// What to write.
pub(crate) enum Work {
    /// See [`kith_store::Store::commit`].
    Commit(Vec<Batch>),
    /// See [`kith_store::Store::prune`].
    Prune { collection: &'static str, before: String, limit: usize },
}

impl Work {
    fn size_bytes(&self) -> usize {
        match self {
            Self::Commit(batches) => batches.iter().map(Batch::size_bytes).sum(),
            Self::Prune { .. } => 0,
        }
    }

    /// How many results its answer has.
    fn results(&self) -> usize {
        match self {
            Self::Commit(batches) => batches.len(),
            Self::Prune { .. } => 1,
        }
    }
}

/// One result per batch; for a prune one, the number of documents it removed.
pub(crate) type Answer = Vec<Result<u64, StoreError>>;

pub(crate) struct Job {
    work: Work,
    reply: oneshot::Sender<Answer>,
}

/// The writing thread; it ends when this is dropped, after the work that was asked for.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(state: State) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let thread = Builder::new().name("kith-write".to_owned());
        let thread = thread.spawn(move || state.run(jobs)).map_err(no_thread)?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Has `work` done, in the order of the calls.
    pub(crate) async fn write(&self, work: Work) -> Answer {
        let count = work.results();
        let (reply, answer) = oneshot::channel();
        let Some(queue) = &self.queue else { return all_failed(count, lost()) };
        if queue.send(Job { work, reply }).await.is_err() {
            return all_failed(count, lost());
        }
        answer.await.unwrap_or_else(|_| all_failed(count, lost()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writing thread had panicked");
        }
    }
}

/// `error` for the first result, and for the others that an earlier one failed.
fn all_failed(count: usize, error: StoreError) -> Answer {
    let mut answer = Vec::with_capacity(count);
    if count > 0 {
        answer.push(Err(error));
        answer.resize_with(count, || Err(StoreError::after_failure()));
    }
    answer
}

/// A feed as the running transaction will leave it.
#[derive(Clone, Copy, Debug)]
struct Known {
    no: i64,
    head: Head,
    /// Whether it has a row.
    stored: bool,
    /// Whether its row must still be written.
    changed: bool,
}

/// What the thread owns.
pub(crate) struct State {
    conn: Connection,
    position: Position,
    mark: Option<Mark>,
    heads: HashMap<FeedId, Known>,
    /// The feeds whose rows the running transaction must still write.
    grown: Vec<FeedId>,
    next_feed: i64,
    /// Why no write is accepted any more.
    poisoned: Option<StoreError>,
    /// How a transaction is ended; tests make it fail.
    commit: fn(&Connection) -> rusqlite::Result<()>,
    /// Kept to the end of the thread: then nothing of this process touches the database.
    _lock: File,
}

impl State {
    pub(crate) fn new(
        conn: Connection,
        position: Position,
        mark: Option<Mark>,
        lock: File,
    ) -> Result<Self, StoreError> {
        let sql = "SELECT coalesce(max(no), 0) + 1 FROM feed";
        let next_feed = conn.query_row(sql, [], |row| row.get(0)).map_err(from_sqlite)?;
        let commit = |conn: &Connection| conn.prepare_cached("COMMIT")?.execute([]).map(|_| ());
        let (heads, grown) = (HashMap::new(), Vec::new());
        let poisoned = None;
        Ok(Self { conn, position, mark, heads, grown, next_feed, poisoned, commit, _lock: lock })
    }

    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        if let Some(mark) = &mut self.mark {
            mark.advance(self.position);
        }
        while let Some(first) = jobs.blocking_recv() {
            let mut size_bytes = first.work.size_bytes();
            let mut group = vec![first];
            while size_bytes < TRANSACTION_BYTES_MAX && group.len() < QUEUE_MAX {
                let Ok(next) = jobs.try_recv() else { break };
                size_bytes += next.work.size_bytes();
                group.push(next);
            }
            self.write_all(group);
            if let Some(mark) = &mut self.mark {
                mark.advance(self.position);
            }
        }
        self.close();
    }

    fn write_all(&mut self, group: Vec<Job>) {
        match self.transaction(&group) {
            Ok(answers) => {
                for (job, answer) in group.into_iter().zip(answers) {
                    // Who was cancelled does not hear that it was written all the same.
                    let _ = job.reply.send(answer);
                }
            }
            // One job may be at fault, such as one that is too large for the disk: alone, the
            // others are not punished for it.
            Err(_) if group.len() > 1 && self.poisoned.is_none() => {
                for job in group {
                    self.write_all(vec![job]);
                }
            }
            Err(error) => {
                for job in group {
                    let _ = job.reply.send(all_failed(job.work.results(), error.clone()));
                }
            }
        }
    }

    /// Writes all jobs in one transaction; after an error nothing of them is written.
    fn transaction(&mut self, group: &[Job]) -> Result<Vec<Answer>, StoreError> {
        if let Some(error) = &self.poisoned {
            return Err(error.clone());
        }
        let mut committing = false;
        let result = self.try_transaction(group, &mut committing);
        if self.heads.len() > HEADS_MAX {
            self.heads.clear();
        }
        result.map_err(|error| {
            self.heads.clear();
            self.grown.clear();
            if !self.conn.is_autocommit() && self.conn.execute_batch("ROLLBACK").is_err() {
                committing = true;
            }
            let poisons = poisons(&error, committing);
            let error = from_sqlite(error);
            if poisons {
                tracing::error!(%error, "no write is accepted until the database is opened again");
                let refused = match error {
                    StoreError::Corrupt(_) => error,
                    other => StoreError::ReadOnly(other.to_string()),
                };
                self.poisoned = Some(refused.clone());
                return refused;
            }
            error
        })
    }

    fn try_transaction(
        &mut self,
        group: &[Job],
        committing: &mut bool,
    ) -> rusqlite::Result<Vec<Answer>> {
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut changed = false;
        let mut answers = Vec::with_capacity(group.len());
        for job in group {
            answers.push(match &job.work {
                Work::Commit(batches) => self.commit_group(batches, &mut changed)?,
                Work::Prune { collection, before, limit } => {
                    let removed = self.prune(collection, before, *limit)?;
                    changed |= removed > 0;
                    vec![Ok(removed)]
                }
            });
        }
        if !changed {
            self.conn.prepare_cached("ROLLBACK")?.execute([])?;
            return Ok(answers);
        }
        self.write_heads()?;
        let next = Position { commits: self.position.commits + 1, ..self.position };
        let sql = "UPDATE meta SET commits = ?1 WHERE only = 1";
        self.conn.prepare_cached(sql)?.execute([next.commits.cast_signed()])?;
        *committing = true;
        (self.commit)(&self.conn)?;
        self.position = next;
        Ok(answers)
    }

    fn commit_group(&mut self, batches: &[Batch], changed: &mut bool) -> rusqlite::Result<Answer> {
        let mut failed = false;
        let mut answer = Vec::with_capacity(batches.len());
        for batch in batches {
            if failed {
                answer.push(Err(StoreError::after_failure()));
                continue;
            }
            // Nothing of a batch is written before all of it was found to be right, so that a
            // conflict needs no savepoint.
            let ends = self.ends(batch)?;
            failed = ends.is_err();
            if let Ok(ends) = &ends {
                self.write(batch, ends)?;
                *changed |= !batch.appends.is_empty() || !batch.writes.is_empty();
            }
            answer.push(ends.map(|_| 0));
        }
        Ok(answer)
    }

    /// The ends of the feeds after `batch`, or why it cannot be written.
    fn ends(&mut self, batch: &Batch) -> rusqlite::Result<Result<Vec<Known>, StoreError>> {
        if let Err(error) = batch.check() {
            return Ok(Err(error));
        }
        let mut ends = Vec::with_capacity(batch.appends.len());
        for append in &batch.appends {
            let known = self.known(append.feed)?;
            if known.no > FEEDS_MAX {
                return Ok(Err(StoreError::Failed("there are too many feeds".to_owned())));
            }
            match append.follow(known.head) {
                Ok(head) => ends.push(Known { head, changed: true, ..known }),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(ends))
    }

    fn known(&mut self, id: FeedId) -> rusqlite::Result<Known> {
        if let Some(known) = self.heads.get(&id) {
            return Ok(*known);
        }
        let known = match feed(&self.conn, id)? {
            Some((no, head)) => Known { no, head, stored: true, changed: false },
            None => {
                let no = self.next_feed;
                self.next_feed = no.saturating_add(1);
                Known { no, head: Head::default(), stored: false, changed: false }
            }
        };
        self.heads.insert(id, known);
        Ok(known)
    }

    fn write(&mut self, batch: &Batch, ends: &[Known]) -> rusqlite::Result<()> {
        let sql = "INSERT INTO event (id, body, hash) VALUES (?1, ?2, ?3)";
        let mut insert = self.conn.prepare_cached(sql)?;
        for (append, end) in batch.appends.iter().zip(ends) {
            for event in &append.events {
                insert.execute(params![event_id(end.no, event.seq), event.body, event.hash.0])?;
            }
            let before = self.heads.insert(append.feed, *end);
            if !before.is_some_and(|before| before.changed) {
                self.grown.push(append.feed);
            }
        }
        let sql = "INSERT INTO document (collection, key, body, sum) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (collection, key) DO UPDATE SET body = excluded.body, sum = excluded.sum";
        let mut put = self.conn.prepare_cached(sql)?;
        let sql = "DELETE FROM document WHERE collection = ?1 AND key = ?2";
        let mut remove = self.conn.prepare_cached(sql)?;
        for write in &batch.writes {
            let (collection, key) = (write.key.collection, &write.key.key);
            match &write.body {
                Some(body) => {
                    put.execute(params![collection, key, body, sum(collection, key, body)])?
                }
                None => remove.execute(params![collection, key])?,
            };
        }
        Ok(())
    }

    /// Writes the ends of the feeds that grew, once per transaction.
    fn write_heads(&mut self) -> rusqlite::Result<()> {
        let sql = "INSERT INTO feed (no, name, last, hash) VALUES (?1, ?2, ?3, ?4)";
        let mut insert = self.conn.prepare_cached(sql)?;
        let mut update =
            self.conn.prepare_cached("UPDATE feed SET last = ?2, hash = ?3 WHERE no = ?1")?;
        for id in self.grown.drain(..) {
            let Some(known) = self.heads.get_mut(&id) else { continue };
            let (last, hash) = (known.head.seq.0.cast_signed(), known.head.hash.0);
            if known.stored {
                update.execute(params![known.no, last, hash])?;
            } else {
                insert.execute(params![known.no, id.to_string(), last, hash])?;
            }
            // If the commit fails, all of this is forgotten.
            (known.stored, known.changed) = (true, false);
        }
        Ok(())
    }

    fn prune(&self, collection: &str, before: &str, limit: usize) -> rusqlite::Result<u64> {
        let sql = "DELETE FROM document WHERE collection = ?1 AND key IN
            (SELECT key FROM document WHERE collection = ?1 AND key < ?2 ORDER BY key LIMIT ?3)";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = self.conn.prepare_cached(sql)?;
        Ok(statement.execute(params![collection, before, limit])? as u64)
    }

    /// Puts the log into the database and writes the mark. If the writer was poisoned the log stays
    /// as it is, for the next open to judge.
    fn close(mut self) {
        if self.poisoned.is_some() {
            return;
        }
        if let Some(mark) = &mut self.mark {
            mark.finish(self.position);
        }
        let checkpoint = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        let closed = self.conn.set_db_config(checkpoint, false).map_err(from_sqlite);
        self.conn.flush_prepared_statement_cache();
        let closed = closed.and(self.conn.close().map_err(|(_, error)| from_sqlite(error)));
        if let Err(error) = closed {
            tracing::warn!(%error, "the log stays beside the database");
        }
    }
}
