//! Threads that work for the async runtime, each with something of its own, so that no call blocks it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use kith_store::index::IndexError;
use tokio::sync::{mpsc, oneshot};

/// How much more of a processor the other threads get: publishing waits for them, and for this one
/// nobody does.
#[cfg(target_os = "linux")]
const NICE: i32 = 15;

/// Starts a thread that gives way to all others.
///
/// # Errors
/// When there can be no more threads.
pub fn quietly(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.to_owned()).spawn(move || {
        give_way();
        run();
    })
}

fn give_way() {
    // A system that does not let it only works a little less evenly.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
}

type Job<T> = Box<dyn FnOnce(&mut T) + Send>;

/// Threads that share a queue of bounded length; they end when it is dropped.
#[derive(Debug)]
pub(crate) struct Threads<T> {
    queue: Option<mpsc::Sender<Job<T>>>,
    threads: Vec<JoinHandle<()>>,
}

impl<T: Send + 'static> Threads<T> {
    /// Starts one thread for each of `all`.
    pub(crate) fn start(
        name: &str,
        all: Vec<T>,
        waiting_max: usize,
        quiet: bool,
    ) -> Result<Self, IndexError> {
        let (queue, jobs) = mpsc::channel::<Job<T>>(waiting_max);
        let jobs = Arc::new(Mutex::new(jobs));
        let mut started = Self { queue: Some(queue), threads: Vec::new() };
        for mut own in all {
            let jobs = Arc::clone(&jobs);
            let thread = Builder::new().name(name.to_owned()).spawn(move || {
                if quiet {
                    give_way();
                }
                loop {
                    // The guard lives to the end of this statement: one thread waits, others work.
                    let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
                    let Some(job) = next else { return };
                    job(&mut own);
                }
            });
            started.threads.push(thread.map_err(|error| IndexError::Failed(error.to_string()))?);
        }
        Ok(started)
    }

    /// Runs `work` on one of the threads, when its turn comes.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut T) -> Result<R, IndexError> + Send + 'static,
    ) -> Result<R, IndexError> {
        let (job, answer) = job(work);
        let queue = self.queue.as_ref().ok_or_else(lost)?;
        queue.send(job).await.map_err(|_| lost())?;
        answer.await.map_err(|_| lost())?
    }

    /// As [`run`](Self::run), where there is room in the queue.
    pub(crate) async fn try_run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut T) -> Result<R, IndexError> + Send + 'static,
    ) -> Result<R, IndexError> {
        let (job, answer) = job(work);
        let queue = self.queue.as_ref().ok_or_else(lost)?;
        queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => IndexError::Busy,
            mpsc::error::TrySendError::Closed(_) => lost(),
        })?;
        answer.await.map_err(|_| lost())?
    }
}

type Answer<R> = oneshot::Receiver<Result<R, IndexError>>;

fn job<T, R: Send + 'static>(
    work: impl FnOnce(&mut T) -> Result<R, IndexError> + Send + 'static,
) -> (Job<T>, Answer<R>) {
    let (reply, answer) = oneshot::channel();
    let job: Job<T> = Box::new(move |own| {
        // Nobody waits any more: the caller was cancelled while this stood in the queue.
        if !reply.is_closed() {
            // An answer that nobody takes is dropped.
            let _ = reply.send(work(own));
        }
    });
    (job, answer)
}

fn lost() -> IndexError {
    IndexError::Failed("its thread has ended".to_owned())
}

impl<T> Drop for Threads<T> {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the search index had panicked");
            }
        }
    }
}
