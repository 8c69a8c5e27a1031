//! Searching: an index follows the streams behind what is published, and what it finds is looked at
//! as it is now, as whoever asks.

mod answer;
mod behind;
mod follow;
mod place;
mod scope;

use std::sync::{Arc, OnceLock};

use kith_core::draft::Changes;
use kith_store::index::Index;
use tokio::sync::{Notify, watch};

use crate::commit::Histogram;
use crate::{Hub, Inner};

pub use answer::{Asked, Hit, Hits};
pub(crate) use follow::entry;

use behind::Behind;

/// What the hub has of searching.
pub(crate) struct Searching {
    index: OnceLock<Arc<dyn Index>>,
    behind: Behind,
    /// Rung when there is something to follow.
    wake: Notify,
    /// Changes when the index has come further; holds why it could not, where it could not.
    progress: watch::Sender<Option<String>>,
    took: Histogram,
}

impl Default for Searching {
    fn default() -> Self {
        Self {
            index: OnceLock::new(),
            behind: Behind::default(),
            wake: Notify::new(),
            progress: watch::Sender::new(None),
            took: Histogram::default(),
        }
    }
}

/// Notes what was committed, for the index to read when it comes to it: this is all of searching that
/// publishing does.
pub(crate) fn note<'a>(inner: &Inner, all: impl Iterator<Item = &'a Changes>) {
    let searching = &inner.searching;
    if searching.index.get().is_some() && searching.behind.note(all) {
        searching.wake.notify_one();
    }
}

/// Notes that something may have been committed.
pub(crate) fn doubt(inner: &Inner) {
    inner.searching.behind.look_at_all();
    inner.searching.wake.notify_one();
}

/// Has the follower look whether it shall end.
pub(crate) fn close(inner: &Inner) {
    inner.searching.wake.notify_one();
}

impl Hub {
    /// Has searches answered by `index`. The future that is given back keeps it up to date, until the
    /// hub is closed: where it runs, and how much of the processor it gets, is the caller's to say.
    /// Only the first index of a hub counts.
    pub fn search_by(&self, index: Arc<dyn Index>) -> impl Future<Output = ()> + Send + 'static {
        let first = self.inner.searching.index.set(Arc::clone(&index)).is_ok();
        if first {
            self.inner.searching.behind.look_at_all();
        }
        let hub = self.clone();
        async move {
            if first {
                hub.follow(index).await;
            }
        }
    }

    /// How many events the index has still to read, as far as is known; `None` without an index.
    #[must_use]
    pub fn index_behind(&self) -> Option<u64> {
        let searching = &self.inner.searching;
        searching.index.get().map(|_| searching.behind.events())
    }

    /// How many bytes the index takes on the disk.
    #[must_use]
    pub fn index_bytes(&self) -> u64 {
        self.inner.searching.index.get().map_or(0, |index| index.size_bytes())
    }

    /// How long searches took.
    #[must_use]
    pub fn searches(&self) -> &Histogram {
        &self.inner.searching.took
    }

    /// Waits until the index has read everything that was committed before.
    pub async fn index_settled(&self) {
        let mut progress = self.inner.searching.progress.subscribe();
        while !self.inner.searching.behind.is_empty() {
            // The sender lives as long as the hub does.
            let _ = progress.changed().await;
        }
    }

    /// Waits until the index has read everything that was committed before, or until it cannot: for
    /// those who make it anew, where waiting for better times helps nobody.
    ///
    /// # Errors
    /// Why it could not be written or read on, in words.
    pub async fn index_made(&self) -> Result<(), String> {
        let mut progress = self.inner.searching.progress.subscribe();
        while !self.inner.searching.behind.is_empty() {
            if let Some(why) = progress.borrow_and_update().clone() {
                return Err(why);
            }
            // The sender lives as long as the hub does.
            let _ = progress.changed().await;
        }
        Ok(())
    }
}
