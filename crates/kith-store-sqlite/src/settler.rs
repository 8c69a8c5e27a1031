//! The thread that puts commits into the tables, behind the one that makes them durable.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use kith_store::StoreError;
use rusqlite::Connection;

use crate::backlog::{Backlog, Prune, Task};
use crate::error::{from_sqlite, poisons};
use crate::no_thread;
use crate::overlay::Overlay;
use crate::pending::Group;
use crate::tables::Tables;

/// What the thread owns.
pub(crate) struct Settler {
    pub(crate) conn: Connection,
    pub(crate) tables: Tables,
    pub(crate) backlog: Arc<Backlog>,
    pub(crate) overlay: Arc<Overlay>,
}

/// How much more the other threads get of a processor that they share with it: commits wait for
/// them, and for this one only when too much waits.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

impl Settler {
    /// Starts the thread; at its end it gives the connection back.
    pub(crate) fn start(mut self) -> Result<JoinHandle<Connection>, StoreError> {
        let thread = Builder::new().name("kith-settle".to_owned());
        let run = move || {
            // A system that does not let it only works a little less evenly.
            #[cfg(target_os = "linux")]
            let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
            self.run();
            self.conn
        };
        thread.spawn(run).map_err(no_thread)
    }

    fn run(&mut self) {
        while let Some(task) = self.backlog.next() {
            match task {
                Task::Settle(groups) => self.settle(&groups),
                Task::Prune(prune) => self.prune(prune),
            }
        }
    }

    /// Puts `groups` into the tables. If that fails they wait on: they are durable.
    pub(crate) fn settle(&mut self, groups: &[Arc<Group>]) {
        let mut committing = false;
        match self.tables.settle(&self.conn, groups, &mut committing) {
            Ok(()) => {
                self.overlay.remove(groups);
                self.backlog.settled(groups);
            }
            Err(error) => {
                self.tables.forget();
                let (error, poisons) = self.undone(error, committing);
                self.backlog.failed(error, poisons);
            }
        }
    }

    fn prune(&mut self, prune: Prune) {
        let Prune { collection, before, limit, reply, .. } = prune;
        let answer = match self.backlog.failure() {
            Some(error) => Err(error),
            None => {
                let removed = self.tables.prune(&self.conn, collection, &before, limit);
                removed.map_err(|error| {
                    let (error, poisons) = self.undone(error, true);
                    if poisons {
                        self.backlog.failed(error.clone(), true);
                    }
                    error
                })
            }
        };
        // Who was cancelled does not hear that it was done all the same.
        let _ = reply.send(vec![answer]);
    }

    /// After a failed transaction: it is undone, and whether it can be tried again.
    fn undone(&self, error: rusqlite::Error, mut committing: bool) -> (StoreError, bool) {
        if !self.conn.is_autocommit() && self.conn.execute_batch("ROLLBACK").is_err() {
            committing = true;
        }
        let poisons = poisons(&error, committing);
        let error = match from_sqlite(error) {
            StoreError::Corrupt(text) => StoreError::Corrupt(text),
            other if poisons => StoreError::ReadOnly(other.to_string()),
            other => other,
        };
        // It is tried again and again: once is enough to say so.
        if self.backlog.failure().is_none() {
            tracing::error!(%error, poisons, "commits wait for their tables");
        }
        (error, poisons)
    }
}
