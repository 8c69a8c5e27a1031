//! What is written while the power fails: steps that a store of any kind can take, and the state
//! after each.

use kith_core::id::{FeedId, Seq};
use kith_store::conformance::{all_of, append, batch, document, stream, trim};
use kith_store::{Batch, Store, StoreError};

/// The store is closed and opened again before each of these steps, which puts the log into the
/// database.
pub(crate) const REOPENED: [usize; 2] = [8, 16];
/// How many steps there are.
pub(crate) const STEPS: usize = 24;

/// The feeds that are written to.
fn feeds() -> [FeedId; 3] {
    [stream(1), stream(2), FeedId::Site]
}

/// The batches of a step: several feeds, documents written anew, changed and removed.
async fn batches(store: &dyn Store, step: usize) -> Vec<Batch> {
    let number = step as u64;
    let text = format!("\"{}\"", "text ".repeat(20 + step * 37 % 300));
    let mut batches = Vec::new();
    for (place, feed) in feeds().into_iter().enumerate().take(1 + step % 3) {
        let head = store.head(feed).await.unwrap();
        let bodies = [text.as_str(), "{}"];
        let writes = vec![
            document("c", &format!("{place}/{number}"), &text),
            document("d", "same", &format!("{number}")),
            document("old", &format!("{number:04}"), "{}"),
        ];
        batches.push(batch(vec![append(feed, head, &bodies[..1 + step % 2])], writes));
    }
    if step % 4 == 3 {
        // Feeds lose their beginnings now and then, those that grow in the same group among them.
        let feed = feeds()[step % 2];
        let last = store.head(feed).await.unwrap().seq.0;
        batches.push(trim(feed, last.saturating_sub(2)));
    }
    if step % 5 == 4 {
        let mut removed = document("c", &format!("0/{}", step - 2), "{}");
        removed.body = None;
        batches.push(batch(vec![], vec![removed]));
    }
    batches
}

/// Takes a step.
pub(crate) async fn take(store: &dyn Store, step: usize) -> Result<(), StoreError> {
    if step % 7 == 6 {
        let before = format!("{:04}", step - 3);
        return store.prune("old", before, 100).await.map(drop);
    }
    let results = store.commit(batches(store, step).await).await;
    results.into_iter().collect()
}

/// Everything that a store holds, as text.
pub(crate) async fn dump(store: &dyn Store) -> Result<String, StoreError> {
    let mut text = String::new();
    for feed in store.feeds(None, 1000).await? {
        let events = store.events(feed, Seq(0), 1000).await?;
        text.push_str(&format!("{feed} {:?} {events:?}\n", store.head(feed).await?));
    }
    for collection in ["c", "d", "old"] {
        text.push_str(&format!("{:?}\n", store.scan(all_of(collection), 1000).await?));
    }
    Ok(text)
}
