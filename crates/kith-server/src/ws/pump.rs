//! Writes to many connections at once: whoever has something waiting stands in one queue, and a
//! burst goes to all of them.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use kith_burst::{Burst, Shot};
use kith_core::id::UserId;
use tokio::sync::Notify;

use super::outlet::Outlet;

/// Connections in one burst; then others have their turn on this thread.
const BURST: usize = 1024;

/// About as many bytes in one burst: it is no longer than one of many small messages.
const BURST_BYTES: usize = 512 * 1024;

/// Whoever gets more at once catches up, and waits until those have theirs who get less.
const LARGE_BYTES: usize = 64 * 1024;

/// The queue of connections that have something to write.
#[derive(Default)]
pub(crate) struct Pump {
    queue: Mutex<Vec<Arc<Outlet>>>,
    work: Notify,
    /// Whom most people block.
    pub(super) nobody: HashSet<UserId>,
}

impl Pump {
    pub(super) fn add(&self, outlet: Arc<Outlet>) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push(outlet);
        if queue.len() == 1 {
            drop(queue);
            self.work.notify_one();
        }
    }

    /// Writes for as long as it is polled.
    pub(crate) async fn run(&self) {
        let mut volley = Volley::new();
        let mut large = VecDeque::new();
        let mut items = Vec::new();
        loop {
            let queue =
                std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner));
            if queue.is_empty() && large.is_empty() {
                self.work.notified().await;
                continue;
            }
            for outlet in queue {
                let Some(waiting) = outlet.start(&mut items) else { continue };
                if waiting.len() > LARGE_BYTES {
                    large.push_back((outlet, waiting));
                } else if volley.load(outlet, waiting) {
                    volley.fire().await;
                }
            }
            volley.fire().await;
            while let Some((outlet, waiting)) = large.pop_front()
                && !volley.load(outlet, waiting)
            {}
            volley.fire().await;
        }
    }
}

/// What goes out in the next burst.
struct Volley {
    loaded: Vec<(Arc<Outlet>, Bytes)>,
    bytes: usize,
    burst: Burst,
    results: Vec<std::io::Result<usize>>,
}

impl Volley {
    fn new() -> Self {
        Self { loaded: Vec::new(), bytes: 0, burst: Burst::new(), results: Vec::new() }
    }

    /// Adds what waits for a connection; whether the burst is as large as it may be.
    fn load(&mut self, outlet: Arc<Outlet>, waiting: Bytes) -> bool {
        self.bytes += waiting.len();
        self.loaded.push((outlet, waiting));
        self.loaded.len() >= BURST || self.bytes >= BURST_BYTES
    }

    /// Sends what there is, and gives others their turn on this thread.
    async fn fire(&mut self) {
        if self.loaded.is_empty() {
            return;
        }
        let shots: Vec<Shot<'_>> = self
            .loaded
            .iter()
            .map(|(outlet, bytes)| Shot { socket: outlet.socket(), bytes })
            .collect();
        self.burst.send(&shots, &mut self.results);
        drop(shots);
        self.bytes = 0;
        for ((outlet, bytes), result) in self.loaded.drain(..).zip(self.results.drain(..)) {
            outlet.finish(bytes, result);
        }
        tokio::task::yield_now().await;
    }
}
