//! Whose turn it is to write on an upload: whoever came last. A client that comes back need not
//! wait until its lost connection is noticed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kith_core::id::FileId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// The uploads that are written on.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<FileId, Arc<Line>>>>);

/// Those who want to write on one upload.
struct Line {
    /// Counts them.
    last: watch::Sender<u64>,
    /// Held by the one who does.
    pen: Arc<Semaphore>,
}

/// The right to write on an upload, until somebody else wants to.
pub(super) struct Turn {
    turns: Turns,
    id: FileId,
    mine: u64,
    last: watch::Receiver<u64>,
    pen: Option<OwnedSemaphorePermit>,
}

impl Turns {
    /// Waits for the one before to stop, who is told to.
    pub(super) async fn take(&self, id: FileId) -> Turn {
        let (line, last, mine) = {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let line = lines.entry(id).or_insert_with(|| {
                let pen = Arc::new(Semaphore::new(1));
                Arc::new(Line { last: watch::Sender::new(0), pen })
            });
            line.last.send_modify(|last| *last += 1);
            (Arc::clone(line), line.last.subscribe(), *line.last.borrow())
        };
        // Before it waits, so that the line is let go of also when the wait is given up.
        let mut turn = Turn { turns: self.clone(), id, mine, last, pen: None };
        turn.pen = Arc::clone(&line.pen).acquire_owned().await.ok();
        turn
    }
}

impl Turn {
    /// Returns when somebody else wants to write.
    pub(super) async fn over(&mut self) {
        let mine = self.mine;
        // The line is there as long as somebody stands in it.
        let _ = self.last.wait_for(|last| *last != mine).await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.pen = None;
        let mut lines = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody came after.
        if lines.get(&self.id).is_some_and(|line| *line.last.borrow() == self.mine) {
            lines.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use kith_core::id::Timestamp;

    use super::*;

    #[tokio::test]
    async fn who_comes_last_writes_and_nothing_is_left_behind() {
        let (turns, id) = (Turns::default(), FileId::new(Timestamp(1), 1));
        let mut first = turns.take(id).await;
        let others = turns.clone();
        let second = tokio::spawn(async move { others.take(id).await });
        first.over().await;
        assert!(!second.is_finished(), "the first still writes");
        drop(first);
        let second = second.await.unwrap();
        let other = turns.take(FileId::new(Timestamp(1), 2)).await;
        drop((second, other));
        assert!(turns.0.lock().unwrap().is_empty());
    }
}
