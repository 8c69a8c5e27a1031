//! Letting go of what nothing refers to: uploads that were given up, files without a message, and
//! contents without a file.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kith_blob::{BlobError, Blobs, Depot};
use kith_core::file::BlobHash;
use kith_hub::{Hub, HubError, Released};

use super::Files;
use crate::app::App;

/// How often files are looked for whose time has come.
const EVERY: Duration = Duration::from_secs(30);
/// How many of these times it takes until contents without a file are looked for.
const STRAYS_EVERY: u32 = 120;
/// How many of these times it takes until files are counted.
const COUNT_EVERY: u32 = 10;
/// Contents that are looked at in one step.
const STEP: usize = 500;

/// Why something stays for now.
#[derive(Debug, thiserror::Error)]
enum SweepError {
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error(transparent)]
    Blob(#[from] BlobError),
}

/// Lets go of what has had its time, every now and then until the server stops, and asks whether
/// the place of the contents still answers.
pub(crate) async fn run(app: Arc<App>) {
    let Some(depot) = app.files.depot.clone() else { return };
    // What a crash left behind is looked for at once.
    let mut rounds = 0_u32;
    loop {
        if rounds.is_multiple_of(STRAYS_EVERY)
            && let Err(error) = app.files.strays(&app.hub).await
        {
            tracing::warn!(%error, "could not look for contents without a file");
        }
        if rounds.is_multiple_of(COUNT_EVERY)
            && let Err(error) = app.files.count_all(&app.hub).await
        {
            tracing::warn!(%error, "could not count the files");
        }
        tokio::select! {
            () = app.stopped() => return,
            () = app.hub.pass(EVERY) => {}
        }
        if let Err(error) = app.expire_files().await {
            tracing::warn!(%error, "could not remove files that had their time");
        }
        // What it says is kept and logged by the place itself.
        let _ = depot.blobs.probe().await;
        rounds = rounds.wrapping_add(1);
    }
}

impl App {
    /// Removes files and uploads whose time has come, with their contents. The server does so by
    /// itself twice a minute.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn expire_files(&self) -> Result<(), HubError> {
        self.files.expire(&self.hub).await
    }
}

impl Files {
    /// Counts what there is, for the metrics.
    async fn count_all(&self, hub: &Hub) -> Result<(), HubError> {
        let (files, bytes) = hub.stored_files().await?;
        self.count.store(files, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Removes files and uploads whose time has come, with their contents.
    async fn expire(&self, hub: &Hub) -> Result<(), HubError> {
        loop {
            let released = hub.expire_files().await?;
            if released.files.is_empty() {
                return Ok(());
            }
            tracing::info!(files = released.files.len(), "removed files that had their time");
            self.let_go(hub, released).await;
        }
    }

    /// Removes what is left of files that were removed. What cannot be removed now is found later.
    pub(crate) async fn let_go(&self, hub: &Hub, released: Released) {
        let Some(depot) = &self.depot else { return };
        for id in released.files {
            if let Err(error) = depot.staging.remove(id).await {
                tracing::warn!(%error, "an upload that was given up stays for now");
            }
        }
        for hash in released.blobs {
            if let Err(error) = self.drop_blob(hub, depot, hash).await {
                tracing::warn!(%error, "a content without a file stays for now");
            }
        }
    }

    /// Removes a content, unless a file needs it or somebody is storing it.
    async fn drop_blob(&self, hub: &Hub, depot: &Depot, hash: BlobHash) -> Result<(), SweepError> {
        // Where no file comes of what is being stored, the content is found later.
        let Some(hold) = self.holds.try_remove(hash) else { return Ok(()) };
        if hub.needs_blob(hash).await? {
            return Ok(());
        }
        let blobs = Arc::clone(&depot.blobs);
        // What was asked of the place happens even where whoever asked is gone: until it has,
        // nobody may find the content there.
        let removal = tokio::spawn(async move {
            let removed = blobs.remove(hash).await;
            drop(hold);
            removed
        });
        removal.await.unwrap_or_else(|error| Err(BlobError::Failed(error.to_string())))?;
        Ok(())
    }

    /// Looks for what no document knows of: a crash came between the content and its file, or
    /// between the end of a file and that of its content.
    async fn strays(&self, hub: &Hub) -> Result<(), SweepError> {
        let Some(depot) = &self.depot else { return Ok(()) };
        for id in depot.staging.list().await? {
            if !hub.is_coming(id).await? {
                depot.staging.remove(id).await?;
            }
        }
        let mut after = None;
        loop {
            let page = depot.blobs.list(after, STEP).await?;
            after = page.last().copied();
            if after.is_none() {
                return Ok(());
            }
            for hash in page {
                if !hub.needs_blob(hash).await? {
                    self.drop_blob(hub, depot, hash).await?;
                }
            }
        }
    }
}
