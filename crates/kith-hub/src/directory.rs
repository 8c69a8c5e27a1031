//! Tells programs inside the server which topics come, change and go. The feed of a topic says so only
//! to those who follow it already.

use std::sync::Arc;

use kith_core::draft::Changes;
use kith_core::event::{Body, Event};
use tokio::sync::broadcast::{self, error::TryRecvError};

use crate::Hub;

/// Events that may wait for one who is told.
const WAITING_MAX: usize = 1024;

/// Who is told, and what of.
pub(crate) struct Directory(broadcast::Sender<Option<Arc<Event>>>);

impl Default for Directory {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING_MAX))
    }
}

impl Directory {
    /// Tells what was committed, before those who follow the topics are told.
    pub(crate) fn tell(&self, changes: &Changes) {
        for drafted in &changes.events {
            let is_told = matches!(
                drafted.event.body,
                Body::TopicCreated { .. }
                    | Body::TopicChanged { .. }
                    | Body::TopicNarrowed { .. }
                    | Body::TopicRemoved {}
            );
            if is_told {
                // Most often nobody listens.
                let _ = self.0.send(Some(Arc::clone(&drafted.event)));
            }
        }
    }

    /// Tells that something may have happened.
    pub(crate) fn doubt(&self) {
        let _ = self.0.send(None);
    }
}

/// What happened to topics, whosever they are.
pub struct Notices(broadcast::Receiver<Option<Arc<Event>>>);

impl Notices {
    /// The next event, if one was committed that was not taken yet; the inner `None` when some are not
    /// known, so that one has to look at all topics again.
    pub fn take(&mut self) -> Option<Option<Arc<Event>>> {
        match self.0.try_recv() {
            Ok(notice) => Some(notice),
            Err(TryRecvError::Lagged(_)) => Some(None),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }

    /// Waits for the next, as [`take`](Self::take) gives it.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        match self.0.recv().await {
            Ok(notice) => notice,
            Err(broadcast::error::RecvError::Lagged(_)) => None,
            // The hub is gone, and whoever asks with it.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Hub {
    /// What happens to topics from now on: made, changed, narrowed, removed. It says nothing about who
    /// may know of it: whoever passes it on has to look that up.
    #[must_use]
    pub fn notices(&self) -> Notices {
        Notices(self.inner.directory.0.subscribe())
    }
}
