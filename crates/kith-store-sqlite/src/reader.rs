//! A few threads that read, each with its own connection, so that no read waits for a write and
//! none blocks the async runtime.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use kith_store::StoreError;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::error::from_sqlite;
use crate::{lost, no_thread};

/// Reads that wait for a thread; more than that wait outside, for a place.
const QUEUE_MAX: usize = 256;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The reading threads; they end when it is dropped, after the reads that were asked for.
#[derive(Debug)]
pub(crate) struct Readers {
    queue: Option<mpsc::Sender<Read>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts one thread for each connection.
    pub(crate) fn start(connections: Vec<Connection>) -> Result<Self, StoreError> {
        let (queue, reads) = mpsc::channel(QUEUE_MAX);
        let reads = Arc::new(Mutex::new(reads));
        let mut readers = Self { queue: Some(queue), threads: Vec::new() };
        for conn in connections {
            let reads = Arc::clone(&reads);
            let thread = Builder::new().name("kith-read".to_owned());
            let thread = thread.spawn(move || run(&conn, &reads)).map_err(no_thread)?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Runs `read` on one of the threads, within one snapshot of the database.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(queue) = &self.queue else { return Err(lost()) };
        let (reply, answer) = oneshot::channel();
        let job: Read = Box::new(move |conn| {
            // Nobody waits any more: the caller was cancelled while this stood in the queue.
            if !reply.is_closed() {
                // An answer that nobody takes is dropped.
                let _ = reply.send(snapshot(conn, read));
            }
        });
        queue.send(job).await.map_err(|_| lost())?;
        answer.await.map_err(|_| lost())?
    }
}

/// Runs `read` in a transaction, so that all its statements see the same commits.
pub(crate) fn snapshot<T>(
    conn: &Connection,
    read: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = conn.unchecked_transaction().map_err(from_sqlite)?;
    let result = read(&transaction);
    // Nothing was written, so there is nothing to lose; what matters is that the snapshot ends.
    let _ = transaction.rollback();
    result
}

fn run(conn: &Connection, reads: &Mutex<mpsc::Receiver<Read>>) {
    loop {
        // The guard lives to the end of this statement only: one thread waits, the others work.
        let next = reads.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(read) = next else { return };
        read(conn);
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a reading thread had panicked");
            }
        }
    }
}
