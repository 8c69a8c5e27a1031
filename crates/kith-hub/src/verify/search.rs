//! Whether the search index has what the messages say, as far as it has read.

use std::collections::BTreeSet;

use kith_core::document::{Doc, Key, Stream};
use kith_core::event::{Body, Event};
use kith_core::id::{FeedId, Seq, StreamId};
use kith_store::index::{Index, IndexError};
use kith_store::{Problem, ROWS_MAX, Range, Store, StoreError};

use super::{PROBLEMS_MAX, STEP};
use crate::keys::prefix;
use crate::search::entry;

/// Why an index could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index cannot be read.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// What an index has otherwise than the messages are. What it has not read yet is no difference, and
/// neither is an index of another store, which a server empties. To be run while nobody writes.
///
/// # Errors
/// When the store or the index cannot be read.
pub async fn compare(store: &dyn Store, index: &dyn Index) -> Result<Vec<Problem>, CompareError> {
    let mut problems = Vec::new();
    if !index.is_of(store.epoch().await?).await? {
        return Ok(problems);
    }
    let mut after = None;
    loop {
        let feeds = store.feeds(after, ROWS_MAX).await?;
        after = feeds.last().copied();
        if after.is_none() {
            return Ok(problems);
        }
        for feed in feeds {
            if let FeedId::Stream(stream) = feed {
                let wrong = compare_stream(store, index, stream).await?;
                problems.extend(wrong.into_iter().map(|what| Problem { what }));
                problems.truncate(PROBLEMS_MAX);
            }
        }
    }
}

async fn compare_stream(
    store: &dyn Store,
    index: &dyn Index,
    stream: StreamId,
) -> Result<Vec<String>, CompareError> {
    let feed = FeedId::Stream(stream);
    let read = index.read(vec![stream]).await?.first().copied().unwrap_or_default();
    let head = store.head(feed).await?.seq;
    if read > head {
        return Ok(vec![format!("It has read {read} events of {stream}, which has {head}.")]);
    }
    let key = Key::Stream(stream);
    if read == Seq(0) {
        return Ok(Vec::new());
    }
    let Some(Doc::Stream(of)) = stored(store, &key).await? else {
        // It was removed, and so is what the index had of it once it has read that.
        let left = if read == head { index.count(stream).await? } else { 0 };
        let wrong =
            (left > 0).then(|| format!("It has {left} messages of {stream}, which is gone."));
        return Ok(wrong.into_iter().collect());
    };
    let changed = changed(store, feed, read).await?;
    let mut wrong = Vec::new();
    let mut count = 0;
    let mut range = Range { after: None, ..prefix("message", &stream) };
    loop {
        let rows = store.scan(range.clone(), STEP).await?;
        let Some(last) = rows.last() else { break };
        range.after = Some(last.key.clone());
        let entries = entries(&of, rows.iter().map(|row| row.body.as_ref()), |seq| {
            seq <= read && !changed.contains(&seq)
        });
        count += entries.len() as u64;
        for (_, seq) in index.differing(entries).await? {
            wrong.push(format!("Message {seq} of {stream} stands in it otherwise, or not at all."));
        }
    }
    let found = index.count(stream).await?;
    if changed.is_empty() && found != count {
        wrong.push(format!("It has {found} messages of {stream}, which has {count}."));
    }
    Ok(wrong)
}

/// Messages as they are to stand in the index, of those that are `compared`.
fn entries<'a>(
    of: &Stream,
    bodies: impl Iterator<Item = &'a str>,
    compared: impl Fn(Seq) -> bool,
) -> Vec<kith_store::index::Entry> {
    let messages = bodies.filter_map(|body| match Doc::parse_in("message", body) {
        Some(Ok(Doc::Message(message))) if compared(message.seq) => Some(message),
        _ => None,
    });
    messages.map(|message| entry(of, &message)).collect()
}

/// The messages to which something happened after an event.
async fn changed(
    store: &dyn Store,
    feed: FeedId,
    mut after: Seq,
) -> Result<BTreeSet<Seq>, StoreError> {
    let mut changed = BTreeSet::new();
    loop {
        let rows = store.events(feed, after, STEP).await?;
        let Some(last) = rows.last() else { return Ok(changed) };
        after = last.seq;
        for row in rows {
            // What is no event is told by who compares events with documents.
            let Ok(event) = serde_json::from_str::<Event>(&row.body) else { continue };
            match event.body {
                Body::Posted { .. } => drop(changed.insert(event.seq)),
                Body::Edited { message, .. }
                | Body::Deleted { message, .. }
                | Body::Reacted { message, .. }
                | Body::Unreacted { message, .. }
                | Body::Pinned { message }
                | Body::Unpinned { message } => drop(changed.insert(message)),
                _ => {}
            }
        }
    }
}

async fn stored(store: &dyn Store, key: &Key) -> Result<Option<Doc>, StoreError> {
    let Some((collection, name)) = key.path() else { return Ok(None) };
    let found = store.get(vec![kith_store::DocKey { collection, key: name }]).await?;
    Ok(found.into_iter().flatten().next().and_then(|body| key.parse(&body).ok()))
}
