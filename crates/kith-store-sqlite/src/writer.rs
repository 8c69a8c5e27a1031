//! The one thread that commits: it takes all that waits and makes it durable with one sync.

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use kith_core::id::FeedId;
use kith_store::{Batch, Head, StoreError};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tokio::sync::{mpsc, oneshot};

use crate::backlog::{Backlog, Prune};
use crate::error::from_sqlite;
use crate::log::{self, Log};
use crate::mark::{Mark, Position};
use crate::overlay::Overlay;
use crate::pending::{self, Group};
use crate::rows::feed;
use crate::settler::Settler;
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
    pub(crate) fn start(state: State, settler: Settler) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let settling = settler.start()?;
        let thread = Builder::new().name("kith-write".to_owned());
        let thread = thread.spawn(move || state.run(jobs, settling)).map_err(no_thread)?;
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

/// What the thread owns.
pub(crate) struct State {
    /// To look up what is in the tables.
    conn: Connection,
    log: Log,
    /// The last durable commit.
    position: Position,
    mark: Option<Mark>,
    /// The ends of feeds, commits that are on their way among them.
    heads: HashMap<FeedId, Head>,
    overlay: Arc<Overlay>,
    backlog: Arc<Backlog>,
    /// Why no write is accepted any more.
    poisoned: Option<StoreError>,
    /// Kept to the end of the thread: then nothing of this process touches the database.
    lock: File,
}

impl State {
    pub(crate) fn new(
        conn: Connection,
        log: Log,
        position: Position,
        mark: Option<Mark>,
        lock: File,
        settler: &Settler,
    ) -> Self {
        let (overlay, backlog) = (Arc::clone(&settler.overlay), Arc::clone(&settler.backlog));
        let (heads, poisoned) = (HashMap::new(), None);
        Self { conn, log, position, mark, heads, overlay, backlog, poisoned, lock }
    }

    fn run(mut self, mut jobs: mpsc::Receiver<Job>, settling: JoinHandle<Connection>) {
        self.note();
        while let Some(first) = jobs.blocking_recv() {
            self.turn(first, &mut jobs);
        }
        self.close(settling);
    }

    /// Does what waits, as one commit if it can be.
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
                    match &self.poisoned {
                        Some(error) => drop(reply.send(vec![Err(error.clone())])),
                        None => {
                            let after = self.position.commits;
                            self.backlog.prune(Prune { after, collection, before, limit, reply });
                        }
                    }
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
        let room = match &self.poisoned {
            Some(error) => Err(error.clone()),
            None => self.backlog.room(),
        };
        let result = room.and_then(|settled| self.try_transaction(&jobs, settled));
        if result.is_err() || self.heads.len() > HEADS_MAX {
            self.heads.clear();
        }
        match result {
            Ok((answers, bytes)) => {
                if bytes > 0 {
                    self.keep(jobs, &answers, bytes);
                }
                Ok(answers)
            }
            Err(error) => Err((error, jobs)),
        }
    }

    fn try_transaction(
        &mut self,
        jobs: &[Vec<Batch>],
        settled: u64,
    ) -> Result<(Vec<Answer>, usize), StoreError> {
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
                let result = self.accept(batch).map_err(from_sqlite)?;
                failed = result.is_err();
                if !batch.is_empty() && !failed {
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
        match self.log.append(self.position.commits + 1, &body, settled) {
            Ok(()) => {}
            Err(log::Failed::Clean(error)) => return Err(error),
            Err(log::Failed::Unknown(error)) => {
                tracing::error!(%error, "no write is accepted until the database is opened again");
                self.poisoned = Some(error.clone());
                return Err(error);
            }
        }
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
        for trim in &batch.trims {
            let end = batch.end_of(trim.feed);
            let end = end.map_or_else(|| self.head(trim.feed).map(|head| head.seq), Ok)?;
            if let Err(error) = trim.check(end) {
                return Ok(Err(error));
            }
        }
        self.heads.extend(ends);
        Ok(Ok(()))
    }

    fn head(&self, id: FeedId) -> rusqlite::Result<Head> {
        if let Some(head) = self.heads.get(&id).copied().or_else(|| self.overlay.head(id)) {
            return Ok(head);
        }
        Ok(feed(&self.conn, id)?.map_or_else(Head::default, |feed| feed.head))
    }

    /// Shows a durable commit to readers, and keeps it until it is in the tables.
    fn keep(&self, jobs: Vec<Vec<Batch>>, answers: &[Answer], bytes: usize) {
        let written = jobs.into_iter().zip(answers).flat_map(|(batches, answer)| {
            batches
                .into_iter()
                .zip(answer)
                .filter_map(|(batch, result)| result.is_ok().then_some(batch))
        });
        let group = Group { no: self.position.commits, batches: written.collect(), bytes };
        self.overlay.add(&group);
        self.backlog.push(Arc::new(group));
    }

    /// Puts all that waits into the tables, SQLite's log into the database, and writes the mark. If
    /// that cannot be, both logs stay as they are, for the next open to judge.
    fn close(mut self, settling: JoinHandle<Connection>) {
        self.backlog.close();
        let Ok(conn) = settling.join() else {
            tracing::error!("the settling thread had panicked");
            return;
        };
        if self.poisoned.is_some() || !self.backlog.is_empty() {
            return;
        }
        if let Some(mark) = &mut self.mark {
            mark.finish(self.position);
        }
        drop(self.conn);
        let checkpoint = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        let closed = conn.set_db_config(checkpoint, false).map_err(from_sqlite);
        conn.flush_prepared_statement_cache();
        let closed = closed.and(conn.close().map_err(|(_, error)| from_sqlite(error)));
        if let Err(error) = closed.and_then(|()| self.log.remove()) {
            tracing::warn!(%error, "a log stays beside the database");
        }
        drop(self.lock);
    }
}
