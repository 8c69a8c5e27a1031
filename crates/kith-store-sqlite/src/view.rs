//! What the database holds: what is in the tables, and over it what is not there yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use kith_core::id::{FeedId, Seq};
use kith_store::{DocKey, Document, Head, ROWS_MAX, Range, StoreError, StoredEvent, follow};
use rusqlite::Connection;

use crate::error::from_sqlite;
use crate::overlay::{Overlay, Seen};
use crate::reader::Readers;
use crate::rows;

/// Looks at both, for [`kith_store::Store`].
#[derive(Debug)]
pub(crate) struct View {
    readers: Readers,
    overlay: Arc<Overlay>,
}

/// How often the tables may be found further than what was seen before: each time a commit has
/// passed both within the moment between.
const TURNS_MAX: usize = 1000;

impl View {
    pub(crate) fn new(readers: Readers, overlay: Arc<Overlay>) -> Self {
        Self { readers, overlay }
    }

    pub(crate) async fn head(&self, feed: FeedId) -> Result<Head, StoreError> {
        match self.overlay.head(feed) {
            Some(head) => Ok(head),
            None => self.readers.read(move |conn| rows::head(conn, feed)).await,
        }
    }

    pub(crate) async fn events(
        &self,
        feed: FeedId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let limit = limit.min(ROWS_MAX);
        let after = after.max(self.overlay.trimmed(feed));
        let (newer, whole) = self.overlay.events(feed, after, limit);
        if whole {
            return Ok(newer);
        }
        let mut found =
            self.readers.read(move |conn| rows::events(conn, feed, after, limit)).await?;
        let Some(last) = found.last().cloned() else { return Ok(found) };
        let room = limit - found.len();
        let rest: Vec<StoredEvent> =
            newer.into_iter().filter(|event| event.seq > last.seq).take(room).collect();
        let fits = rest.first().is_none_or(|first| first.seq == last.seq.next());
        if !fits || follow(feed, last.hash, &rest).is_err() {
            let seq = last.seq.next();
            return Err(StoreError::Corrupt(format!("event {seq} of {feed} is missing")));
        }
        found.extend(rest);
        Ok(found)
    }

    pub(crate) async fn get(&self, keys: Vec<DocKey>) -> Result<Vec<Option<Arc<str>>>, StoreError> {
        let keys: Arc<[DocKey]> = keys.into();
        for _ in 0..TURNS_MAX {
            let Seen { top, what } = self.overlay.get(&keys);
            if what.iter().all(Option::is_some) {
                return Ok(what.into_iter().map(Option::flatten).collect());
            }
            let wanted = Arc::clone(&keys);
            let found = self.readers.read(move |conn| {
                let missing = |seen: &Option<_>| seen.is_none();
                let places = what.iter().zip(wanted.iter()).filter(|(seen, _)| missing(seen));
                let keys: Vec<&DocKey> = places.map(|(_, key)| key).collect();
                let Some(found) = within(conn, top, |conn| rows::get(conn, &keys))? else {
                    return Ok(None);
                };
                let mut found = found.into_iter();
                let merged = what.into_iter().map(|seen| match seen {
                    Some(body) => body,
                    None => found.next().flatten(),
                });
                Ok(Some(merged.collect()))
            });
            if let Some(found) = found.await? {
                return Ok(found);
            }
        }
        Err(too_fast())
    }

    pub(crate) async fn scan(
        &self,
        range: Range,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let limit = limit.min(ROWS_MAX);
        for _ in 0..TURNS_MAX {
            let Seen { top, what } = self.overlay.scan(&range);
            let range = range.clone();
            let found = self.readers.read(move |conn| {
                // As many more as may have been removed or written anew.
                let most = limit + what.len();
                let Some(found) = within(conn, top, |conn| rows::scan(conn, &range, most))? else {
                    return Ok(None);
                };
                Ok(Some(merge(found, what, range.descending, limit)))
            });
            if let Some(found) = found.await? {
                return Ok(found);
            }
        }
        Err(too_fast())
    }

    pub(crate) async fn count(&self, range: Range) -> Result<u64, StoreError> {
        for _ in 0..TURNS_MAX {
            let Seen { top, what } = self.overlay.scan(&range);
            let range = range.clone();
            let found = self.readers.read(move |conn| {
                within(conn, top, |conn| {
                    let mut count = rows::count(conn, &range)?;
                    for (key, body) in &what {
                        let stored = rows::exists(conn, range.collection, key)?;
                        match (stored, body.is_some()) {
                            (false, true) => count += 1,
                            (true, false) => count -= 1,
                            (true, true) | (false, false) => {}
                        }
                    }
                    Ok(count)
                })
            });
            if let Some(found) = found.await? {
                return Ok(found);
            }
        }
        Err(too_fast())
    }

    pub(crate) async fn feeds(
        &self,
        after: Option<FeedId>,
        limit: usize,
    ) -> Result<Vec<FeedId>, StoreError> {
        let limit = limit.min(ROWS_MAX);
        let after = after.map_or_else(String::new, |feed| feed.to_string());
        let newer = self.overlay.feeds(&after);
        let mut names = self.readers.read(move |conn| rows::feeds(conn, &after, limit)).await?;
        names.extend(newer);
        names.sort_unstable();
        names.dedup();
        names.truncate(limit);
        let parse = |name: String| {
            name.parse().map_err(|_| StoreError::Corrupt(format!("{name:?} is not a feed")))
        };
        names.into_iter().map(parse).collect()
    }
}

/// Looks at the tables as they are now, unless they are further than commit `top`: then what was
/// seen before is older than they are.
fn within<T>(
    conn: &Connection,
    top: u64,
    look: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let sql = "SELECT commits FROM meta WHERE only = 1";
    let read = || conn.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
    if read().map_err(from_sqlite)?.cast_unsigned() > top {
        return Ok(None);
    }
    look(conn).map(Some)
}

fn merge(
    stored: Vec<Document>,
    over: Vec<(String, Option<Arc<str>>)>,
    descending: bool,
    limit: usize,
) -> Vec<Document> {
    if over.is_empty() {
        return stored;
    }
    let mut all: BTreeMap<String, Option<Arc<str>>> =
        stored.into_iter().map(|document| (document.key, Some(document.body))).collect();
    all.extend(over);
    let there = all.into_iter().filter_map(|(key, body)| Some(Document { key, body: body? }));
    match descending {
        true => there.rev().take(limit).collect(),
        false => there.take(limit).collect(),
    }
}

fn too_fast() -> StoreError {
    StoreError::Failed("the database changes faster than it can be read".to_owned())
}
