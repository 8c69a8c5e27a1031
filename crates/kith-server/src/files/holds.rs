//! Who stores a content, and who removes it: never both at the same time. Whoever stores it holds
//! it from before it is looked for until its file is there, so that nobody removes what was just
//! found.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kith_core::file::BlobHash;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// The contents that are being stored or removed.
#[derive(Clone, Default)]
pub(super) struct Holds(Arc<Mutex<HashMap<BlobHash, Arc<RwLock<()>>>>>);

/// A content that one has for a while.
pub(super) struct Hold<G> {
    holds: Holds,
    hash: BlobHash,
    guard: Option<G>,
}

/// A content that is being stored, by one or by several.
pub(super) type Stored = Hold<OwnedRwLockReadGuard<()>>;
/// A content that is being removed, by one.
pub(super) type Removed = Hold<OwnedRwLockWriteGuard<()>>;

impl Holds {
    /// Has a content stay until the hold is dropped. Waits for whoever is removing it.
    pub(super) async fn store(&self, hash: BlobHash) -> Stored {
        let lock = self.lock(hash);
        // Before it waits, so that the content is let go of also when the wait is given up.
        let mut hold = Hold { holds: self.clone(), hash, guard: None };
        hold.guard = Some(lock.read_owned().await);
        hold
    }

    /// Has nobody store a content until the hold is dropped; `None` where somebody is at it.
    pub(super) fn try_remove(&self, hash: BlobHash) -> Option<Removed> {
        let lock = self.lock(hash);
        let mut hold = Hold { holds: self.clone(), hash, guard: None };
        hold.guard = lock.try_write_owned().ok();
        hold.guard.is_some().then_some(hold)
    }

    fn lock(&self, hash: BlobHash) -> Arc<RwLock<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(hash).or_default())
    }
}

impl<G> Drop for Hold<G> {
    fn drop(&mut self) {
        self.guard = None;
        let mut locks = self.holds.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody has it, and nobody waits for it.
        if locks.get(&self.hash).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_is_stored_is_not_removed_and_nothing_is_left_behind() {
        let holds = Holds::default();
        let (tea, coffee) = (BlobHash::of(b"tea"), BlobHash::of(b"coffee"));
        let first = holds.store(tea).await;
        let second = holds.store(tea).await;
        assert!(holds.try_remove(coffee).is_some(), "another is no matter");
        drop(first);
        assert!(holds.try_remove(tea).is_none(), "one still stores it");
        drop(second);
        let removal = holds.try_remove(tea).expect("nobody stores it");
        assert!(holds.try_remove(tea).is_none(), "it is being removed");
        assert!(holds.store(tea).now_or_never().is_none(), "and not stored meanwhile");
        let waits = holds.clone();
        let waits = tokio::spawn(async move { waits.store(tea).await });
        drop(removal);
        let third = waits.await.unwrap();
        assert!(holds.try_remove(tea).is_none());
        drop(third);
        assert!(holds.0.lock().unwrap().is_empty());
    }
}
