//! Writes to many connections at once: whoever has something waiting stands in one queue, and a
//! burst goes to all of them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use kith_burst::{Burst, Shot};
use kith_core::id::UserId;
use tokio::sync::Notify;

use super::outlet::Outlet;

/// Connections in one burst; then others have their turn on this thread.
const BURST: usize = 1024;

/// About as many bytes in one burst. With few, who gets a live message would wait in the queue behind
/// many bursts to those who catch up.
const BURST_BYTES: usize = 4 * 1024 * 1024;

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
        let mut burst = Burst::new();
        let (mut results, mut items) = (Vec::new(), Vec::new());
        loop {
            let queue =
                std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner));
            if queue.is_empty() {
                self.work.notified().await;
                continue;
            }
            let mut queue = queue.iter();
            while !queue.as_slice().is_empty() {
                let (mut started, mut bytes): (Vec<(&Arc<Outlet>, Bytes)>, _) = (Vec::new(), 0);
                while started.len() < BURST
                    && bytes < BURST_BYTES
                    && let Some(outlet) = queue.next()
                {
                    if let Some(waiting) = outlet.start(&mut items) {
                        bytes += waiting.len();
                        started.push((outlet, waiting));
                    }
                }
                let shots: Vec<Shot<'_>> = started
                    .iter()
                    .map(|(outlet, bytes)| Shot { socket: outlet.socket(), bytes })
                    .collect();
                burst.send(&shots, &mut results);
                drop(shots);
                for ((outlet, bytes), result) in started.into_iter().zip(results.drain(..)) {
                    outlet.finish(bytes, result);
                }
                tokio::task::yield_now().await;
            }
        }
    }
}
