//! A place for contents that keeps whoever stores or removes one waiting until it is told to go on.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use kith_blob::{BlobError, Blobs, Content, Disk, Pieces};
use kith_core::file::BlobHash;
use tokio::sync::Semaphore;

/// What is done with a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Store,
    Remove,
}

/// Where one step with one content waits.
#[derive(Debug)]
pub(crate) struct Gate {
    reached: Semaphore,
    open: Semaphore,
}

impl Gate {
    /// Returns when somebody waits here.
    pub(crate) async fn reached(&self) {
        self.reached.acquire().await.unwrap().forget();
    }

    /// Lets one go on.
    pub(crate) fn open(&self) {
        self.open.add_permits(1);
    }
}

type Gates = HashMap<(Step, BlobHash), Arc<Gate>>;

/// The disk, with gates.
#[derive(Clone, Debug)]
pub(crate) struct Gated {
    disk: Arc<Disk>,
    gates: Arc<Mutex<Gates>>,
}

impl Gated {
    pub(crate) fn new(dir: &Path) -> Self {
        let disk = Arc::new(Disk::open(&dir.join(kith_blob::BLOBS)).unwrap());
        Self { disk, gates: Arc::default() }
    }

    /// Puts a gate in the way of a step.
    pub(crate) fn shut(&self, step: Step, content: &[u8]) -> Arc<Gate> {
        let gate = Arc::new(Gate { reached: Semaphore::new(0), open: Semaphore::new(0) });
        let key = (step, BlobHash::of(content));
        self.gates.lock().unwrap().insert(key, Arc::clone(&gate));
        gate
    }

    async fn pass(&self, step: Step, hash: BlobHash) {
        let gate = self.gates.lock().unwrap().get(&(step, hash)).cloned();
        if let Some(gate) = gate {
            gate.reached.add_permits(1);
            gate.open.acquire().await.unwrap().forget();
        }
    }
}

#[async_trait]
impl Blobs for Gated {
    /// Waits when it has found the content there, or put it there.
    async fn keep(&self, hash: BlobHash, content: Content) -> Result<(), BlobError> {
        self.disk.keep(hash, content).await?;
        self.pass(Step::Store, hash).await;
        Ok(())
    }

    async fn read(&self, hash: BlobHash, range: Range<u64>) -> Result<Pieces, BlobError> {
        self.disk.read(hash, range).await
    }

    async fn size(&self, hash: BlobHash) -> Result<Option<u64>, BlobError> {
        self.disk.size(hash).await
    }

    /// Waits, and removes it in any case: like a request that is on its way already.
    async fn remove(&self, hash: BlobHash) -> Result<(), BlobError> {
        let asked = self.clone();
        let removal = tokio::spawn(async move {
            asked.pass(Step::Remove, hash).await;
            asked.disk.remove(hash).await
        });
        removal.await.unwrap()
    }

    async fn list(&self, after: Option<BlobHash>, max: usize) -> Result<Vec<BlobHash>, BlobError> {
        self.disk.list(after, max).await
    }
}
