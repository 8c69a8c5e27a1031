//! A place for contents of which is known whether it answers, from everything that is asked of it.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt};
use kith_core::file::BlobHash;

use crate::{BlobError, Blobs, Content, Pieces};

/// A place, and whether it answered last.
#[derive(Debug)]
pub struct Watched {
    blobs: Arc<dyn Blobs>,
    state: Arc<State>,
}

/// Why a place did not answer when it was asked last; `None` where it did.
#[derive(Debug, Default)]
struct State(Mutex<Option<String>>);

impl State {
    /// Notes what came of asking, and logs what changed by it.
    fn note(&self, error: Option<&BlobError>) {
        let why = match error {
            Some(BlobError::Failed(why)) => Some(why.clone()),
            // It answered, if not with what was hoped for.
            Some(BlobError::Full | BlobError::Missing(_)) | None => None,
            // It may not even have been asked.
            Some(BlobError::Source(_)) => return,
        };
        let mut trouble = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (trouble.as_ref(), &why) {
            (None, Some(why)) => tracing::error!(%why, "the files cannot be reached"),
            (Some(_), None) => tracing::info!("the files can be reached again"),
            _ => {}
        }
        *trouble = why;
    }
}

impl Watched {
    /// A place that is taken to answer until it does not.
    #[must_use]
    pub fn new(blobs: Arc<dyn Blobs>) -> Self {
        Self { blobs, state: Arc::default() }
    }

    /// Why the place did not answer when it was asked last; `None` where it did.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn noted<T>(&self, answer: Result<T, BlobError>) -> Result<T, BlobError> {
        self.state.note(answer.as_ref().err());
        answer
    }
}

#[async_trait]
impl Blobs for Watched {
    async fn keep(&self, hash: BlobHash, content: Content) -> Result<(), BlobError> {
        self.noted(self.blobs.keep(hash, content).await)
    }

    async fn read(&self, hash: BlobHash, range: Range<u64>) -> Result<Pieces, BlobError> {
        let pieces = self.noted(self.blobs.read(hash, range).await)?;
        let state = Arc::clone(&self.state);
        Ok(pieces.inspect_err(move |error| state.note(Some(error))).boxed())
    }

    async fn size(&self, hash: BlobHash) -> Result<Option<u64>, BlobError> {
        self.noted(self.blobs.size(hash).await)
    }

    async fn remove(&self, hash: BlobHash) -> Result<(), BlobError> {
        self.noted(self.blobs.remove(hash).await)
    }

    async fn list(&self, after: Option<BlobHash>, max: usize) -> Result<Vec<BlobHash>, BlobError> {
        self.noted(self.blobs.list(after, max).await)
    }

    async fn probe(&self) -> Result<(), BlobError> {
        self.noted(self.blobs.probe().await)
    }

    fn file(&self, hash: BlobHash) -> Option<PathBuf> {
        self.blobs.file(hash)
    }
}
