//! Reads directories for completion, beside everything else: the screen never waits for a disk.

use tokio::sync::{mpsc, watch};

use super::complete::{Listing, list};

/// Reads directories. Needs a tokio runtime.
pub(super) struct Lister {
    wanted: watch::Sender<String>,
    came: mpsc::Receiver<Listing>,
}

impl Lister {
    pub(super) fn start() -> Self {
        let (wanted, asked) = watch::channel(String::new());
        let (told, came) = mpsc::channel(1);
        tokio::spawn(read_all(asked, told));
        Self { wanted, came }
    }

    /// Asks for a directory; what was asked for before and is not begun is not wanted any more.
    pub(super) fn ask(&self, directory: String) {
        self.wanted.send_replace(directory);
    }

    /// What is in a directory that was asked for. May be dropped without loss.
    pub(super) async fn next(&mut self) -> Option<Listing> {
        self.came.recv().await
    }
}

async fn read_all(mut asked: watch::Receiver<String>, told: mpsc::Sender<Listing>) {
    while asked.changed().await.is_ok() {
        let directory = asked.borrow_and_update().clone();
        let Ok(listing) = tokio::task::spawn_blocking(move || list(&directory)).await else {
            continue;
        };
        if told.send(listing).await.is_err() {
            return;
        }
    }
}
