//! The one thread that writes: it takes all that waits and makes it durable with one sync.
//!
//! A commit is one row of `pending`, whatever it changes. Its changes go into the tables later, many
//! commits in one transaction and without a sync of their own: should a power loss undo that, the
//! row is there again.

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use kith_core::id::FeedId;
use kith_store::{Batch, Head, StoreError};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use crate::backlog::{Backlog, Delay};
use crate::error::{from_sqlite, poisons};
use crate::mark::{Mark, Position};
use crate::overlay::Overlay;
use crate::pending::{self, Group};
use crate::rows::feed;
use crate::tables::Tables;
use crate::{lost, no_thread, schema};

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

/// A job that commits.
type Commit = (Vec<Batch>, oneshot::Sender<Answer>);

/// Why a transaction failed, and what was to be written.
type Failed = (StoreError, Vec<Vec<Batch>>);

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
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
        answer.await.unwrap_or_else(|_| all_failed(count, lost()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
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

/// What the thread owns.
pub(crate) struct State {
    conn: Connection,
    /// The last durable commit.
    position: Position,
    mark: Option<Mark>,
    /// The ends of feeds, commits that are on their way among them.
    heads: HashMap<FeedId, Head>,
    tables: Tables,
    overlay: Arc<Overlay>,
    backlog: Backlog,
    /// See [`Delay::synced`].
    synced: bool,
    /// Why no write is accepted any more.
    poisoned: Option<StoreError>,
    /// How a transaction is ended; tests make it fail.
    commit: fn(&Connection) -> rusqlite::Result<()>,
    /// Kept to the end of the thread: then nothing of this process touches the database.
    _lock: File,
}

impl State {
    /// Takes the database over: what waits for the tables is put there first.
    pub(crate) fn new(
        conn: Connection,
        mark: Option<Mark>,
        lock: File,
        delay: Delay,
    ) -> Result<Self, StoreError> {
        let mut tables = Tables::new(&conn).map_err(from_sqlite)?;
        tables.recover(&conn)?;
        let position = schema::position(&conn)?;
        let commit = |conn: &Connection| conn.prepare_cached("COMMIT")?.execute([]).map(|_| ());
        Ok(Self {
            conn,
            position,
            mark,
            heads: HashMap::new(),
            tables,
            overlay: Overlay::new(position.commits),
            backlog: Backlog::new(delay),
            synced: delay.synced,
            poisoned: None,
            commit,
            _lock: lock,
        })
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.position.epoch
    }

    /// What readers look at first.
    pub(crate) fn overlay(&self) -> Arc<Overlay> {
        Arc::clone(&self.overlay)
    }

    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        self.note();
        loop {
            match jobs.try_recv() {
                Ok(first) => {
                    self.turn(first, &mut jobs);
                    if self.backlog.is_due() {
                        self.settle_some();
                    }
                }
                Err(TryRecvError::Disconnected) => break,
                Err(TryRecvError::Empty) if self.backlog.is_empty() => std::thread::park(),
                // Nobody waits for anything: a good time, if it stays so for a moment.
                Err(TryRecvError::Empty) => {
                    std::thread::park_timeout(self.backlog.quiet());
                    if jobs.is_empty() && self.backlog.was_quiet() {
                        self.settle_some();
                    }
                }
            }
        }
        self.close();
    }

    /// Does what waits, as one transaction if it can be.
    fn turn(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>) {
        let mut size_bytes = first.work.size_bytes();
        let mut group = vec![first];
        while size_bytes < TRANSACTION_BYTES_MAX && group.len() < QUEUE_MAX {
            let Ok(next) = jobs.try_recv() else { break };
            size_bytes += next.work.size_bytes();
            group.push(next);
        }
        self.write_all(group);
        self.note();
    }

    fn note(&mut self) {
        if let Some(mark) = &mut self.mark {
            mark.advance(self.position);
        }
    }

    fn write_all(&mut self, group: Vec<Job>) {
        let mut commits = Vec::new();
        for Job { work, reply } in group {
            match work {
                Work::Commit(batches) => commits.push((batches, reply)),
                Work::Prune { collection, before, limit } => {
                    self.commit_all(std::mem::take(&mut commits));
                    let answer = vec![self.prune(collection, &before, limit)];
                    // Who was cancelled does not hear that it was done all the same.
                    let _ = reply.send(answer);
                }
            }
        }
        self.commit_all(commits);
    }

    fn commit_all(&mut self, jobs: Vec<Commit>) {
        if jobs.is_empty() {
            return;
        }
        let (work, replies): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
        let counts: Vec<usize> = work.iter().map(Vec::len).collect();
        match self.transaction(work) {
            Ok(answers) => {
                for (reply, answer) in replies.into_iter().zip(answers) {
                    let _ = reply.send(answer);
                }
            }
            // One job may be at fault, such as one that is too large for the disk: alone, the
            // others are not punished for it.
            Err((_, work)) if work.len() > 1 && self.poisoned.is_none() => {
                for job in work.into_iter().zip(replies) {
                    self.commit_all(vec![job]);
                }
            }
            Err((error, _)) => {
                for (reply, count) in replies.into_iter().zip(counts) {
                    let _ = reply.send(all_failed(count, error.clone()));
                }
            }
        }
    }

    /// Makes the batches of all jobs durable with one commit; after an error nothing of them is.
    fn transaction(&mut self, jobs: Vec<Vec<Batch>>) -> Result<Vec<Answer>, Failed> {
        if let Some(error) = &self.poisoned {
            return Err((error.clone(), jobs));
        }
        if let Err(error) = self.make_room() {
            return Err((error, jobs));
        }
        let mut committing = false;
        let result = self.try_transaction(&jobs, &mut committing);
        if self.heads.len() > HEADS_MAX {
            self.heads.clear();
        }
        match result {
            Ok((answers, bytes)) => {
                if bytes > 0 {
                    self.keep(jobs, &answers, bytes);
                }
                Ok(answers)
            }
            Err(error) => {
                self.heads.clear();
                Err((self.failed(error, committing), jobs))
            }
        }
    }

    /// After a failed transaction: it is undone, and if its fate is not known no other is begun.
    fn failed(&mut self, error: rusqlite::Error, mut committing: bool) -> StoreError {
        if !self.conn.is_autocommit() && self.conn.execute_batch("ROLLBACK").is_err() {
            committing = true;
        }
        let poisons = poisons(&error, committing);
        let error = from_sqlite(error);
        if !poisons {
            return error;
        }
        tracing::error!(%error, "no write is accepted until the database is opened again");
        let refused = match error {
            StoreError::Corrupt(_) => error,
            other => StoreError::ReadOnly(other.to_string()),
        };
        self.poisoned = Some(refused.clone());
        refused
    }

    fn try_transaction(
        &mut self,
        jobs: &[Vec<Batch>],
        committing: &mut bool,
    ) -> rusqlite::Result<(Vec<Answer>, usize)> {
        let mut answers = Vec::with_capacity(jobs.len());
        let mut accepted = Vec::new();
        for batches in jobs {
            let mut failed = false;
            let mut answer = Vec::with_capacity(batches.len());
            for batch in batches {
                if failed {
                    answer.push(Err(StoreError::after_failure()));
                    continue;
                }
                let result = self.accept(batch)?;
                failed = result.is_err();
                let changes = !batch.appends.is_empty() || !batch.writes.is_empty();
                if changes && !failed {
                    accepted.push(batch);
                }
                answer.push(result.map(|()| 0));
            }
            answers.push(answer);
        }
        if accepted.is_empty() {
            return Ok((answers, 0));
        }
        let mut body = Vec::new();
        pending::encode(accepted.into_iter(), &mut body);
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let sql = "INSERT INTO pending (no, body, sum) VALUES (?1, ?2, ?3)";
        let no = (self.position.commits + 1).cast_signed();
        self.conn.prepare_cached(sql)?.execute(params![no, body, pending::sum(&body)])?;
        *committing = true;
        (self.commit)(&self.conn)?;
        self.position.commits += 1;
        Ok((answers, body.len()))
    }

    /// Checks a batch against the ends of its feeds, and moves those on.
    fn accept(&mut self, batch: &Batch) -> rusqlite::Result<Result<(), StoreError>> {
        if let Err(error) = batch.check() {
            return Ok(Err(error));
        }
        let mut ends = Vec::with_capacity(batch.appends.len());
        for append in &batch.appends {
            match append.follow(self.head(append.feed)?) {
                Ok(head) => ends.push((append.feed, head)),
                Err(error) => return Ok(Err(error)),
            }
        }
        self.heads.extend(ends);
        Ok(Ok(()))
    }

    fn head(&self, id: FeedId) -> rusqlite::Result<Head> {
        if let Some(head) = self.heads.get(&id).copied().or_else(|| self.overlay.head(id)) {
            return Ok(head);
        }
        Ok(feed(&self.conn, id)?.map_or_else(Head::default, |(_, head)| head))
    }

    /// Shows a durable commit to readers, and keeps it until it is in the tables.
    fn keep(&mut self, jobs: Vec<Vec<Batch>>, answers: &[Answer], bytes: usize) {
        let written = jobs.into_iter().zip(answers).flat_map(|(batches, answer)| {
            batches
                .into_iter()
                .zip(answer)
                .filter_map(|(batch, result)| result.is_ok().then_some(batch))
        });
        let group = Group { no: self.position.commits, batches: written.collect(), bytes };
        self.overlay.add(&group);
        self.backlog.push(group);
    }

    /// Does not let what waits for the tables grow for ever.
    fn make_room(&mut self) -> Result<(), StoreError> {
        while self.backlog.is_overfull() {
            self.settle()?;
        }
        Ok(())
    }

    /// Puts a part of what waits into the tables. If that fails it waits on: it is durable.
    fn settle_some(&mut self) {
        if let Err(error) = self.settle() {
            tracing::error!(%error, "commits wait for their tables");
            self.backlog.postpone();
        }
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        if let Some(error) = &self.poisoned {
            return Err(error.clone());
        }
        let part = self.backlog.part();
        let mut committing = false;
        let result = self.tables.settle(&self.conn, &part, self.synced, &mut committing);
        let count = part.len();
        if let Err(error) = result {
            self.tables.forget();
            return Err(self.failed(error, committing));
        }
        self.overlay.remove(part.into_iter());
        self.backlog.settled(count);
        Ok(())
    }

    fn prune(&mut self, collection: &str, before: &str, limit: usize) -> Result<u64, StoreError> {
        while !self.backlog.is_empty() {
            self.settle()?;
        }
        if let Some(error) = &self.poisoned {
            return Err(error.clone());
        }
        let mut committing = false;
        let result = self.tables.prune(
            &self.conn,
            (collection, before, limit),
            self.position.commits + 1,
            &mut committing,
        );
        let removed = result.map_err(|error| self.failed(error, committing))?;
        if removed > 0 {
            self.position.commits += 1;
            self.overlay.advance(self.position.commits);
        }
        Ok(removed)
    }

    /// Puts all that waits into the tables, the log into the database, and writes the mark. If the
    /// writer was poisoned the log stays as it is, for the next open to judge.
    fn close(mut self) {
        while self.poisoned.is_none() && !self.backlog.is_empty() {
            if let Err(error) = self.settle() {
                tracing::warn!(%error, "commits wait for the next start");
                break;
            }
        }
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
