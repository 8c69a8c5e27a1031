//! How rows are named, summed and read: shared by the writer, the readers and the check.

use std::ops::Bound;
use std::sync::Arc;

use kith_core::chain::ChainHash;
use kith_core::id::{FeedId, Seq};
use kith_store::{DocKey, Document, Head, ROWS_MAX, Range, StoreError, StoredEvent};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::error::from_sqlite;

/// Most feeds that fit into the ids of events.
pub(crate) const FEEDS_MAX: i64 = i32::MAX as i64;

/// The id of an event. `no` is at most [`FEEDS_MAX`] and `seq` at most 32 bits, so it is positive.
pub(crate) fn event_id(no: i64, seq: Seq) -> i64 {
    no << 32 | i64::from(u32::try_from(seq.0).unwrap_or(u32::MAX))
}

/// The number of the event with this id.
pub(crate) fn seq_of(id: i64) -> Seq {
    Seq(id.cast_unsigned() & u64::from(u32::MAX))
}

/// The sum that a document is stored with. 0xFF is in no UTF-8 text, so no two documents are
/// written alike.
pub(crate) fn sum(collection: &str, key: &str, body: &str) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(collection.as_bytes()).update(&[0xFF]);
    hasher.update(key.as_bytes()).update(&[0xFF]);
    hasher.update(body.as_bytes());
    let mut sum = [0; 16];
    hasher.finalize_xof().fill(&mut sum);
    sum
}

fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The row of a feed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Feed {
    /// Its number in the ids of events.
    pub(crate) no: i64,
    pub(crate) head: Head,
    /// The last event that is forgotten.
    pub(crate) trimmed: Head,
}

pub(crate) fn feed(conn: &Connection, feed: FeedId) -> rusqlite::Result<Option<Feed>> {
    let sql = "SELECT no, last, hash, trimmed, trimmed_hash FROM feed WHERE name = ?1";
    let read = |row: &Row<'_>| {
        let head = |seq: usize, hash: usize| -> rusqlite::Result<Head> {
            let seq = Seq(row.get::<_, i64>(seq)?.cast_unsigned());
            Ok(Head { seq, hash: ChainHash(row.get(hash)?) })
        };
        Ok(Feed { no: row.get(0)?, head: head(1, 2)?, trimmed: head(3, 4)? })
    };
    conn.prepare_cached(sql)?.query_row([feed.to_string()], read).optional()
}

/// See [`kith_store::Store::head`].
pub(crate) fn head(conn: &Connection, id: FeedId) -> Result<Head, StoreError> {
    let found = feed(conn, id).map_err(from_sqlite)?;
    Ok(found.map_or_else(Head::default, |feed| feed.head))
}

/// See [`kith_store::Store::events`]. The chain is verified from the event before the first.
pub(crate) fn events(
    conn: &Connection,
    id: FeedId,
    after: Seq,
    most: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let Some(feed) = feed(conn, id).map_err(from_sqlite)? else { return Ok(Vec::new()) };
    let Feed { no, head, trimmed } = feed;
    let after = after.max(trimmed.seq);
    if after >= head.seq || most == 0 {
        return Ok(Vec::new());
    }
    let read = || {
        let sql =
            "SELECT id, body, hash FROM event WHERE id >= ?1 AND id <= ?2 ORDER BY id LIMIT ?3";
        let mut statement = conn.prepare_cached(sql)?;
        let bounds = params![event_id(no, after), event_id(no, head.seq), limit(most) + 1];
        let rows = statement.query_map(bounds, |row| {
            let hash = ChainHash(row.get(2)?);
            Ok(StoredEvent { seq: seq_of(row.get(0)?), body: row.get(1)?, hash })
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    let mut found = read().map_err(from_sqlite)?;
    let before = if after == trimmed.seq {
        Some(trimmed.hash)
    } else {
        let first = (!found.is_empty()).then(|| found.remove(0));
        first.filter(|event| event.seq == after).map(|event| event.hash)
    };
    found.truncate(most.min(ROWS_MAX));
    let dense = found.iter().zip(after.0 + 1..).all(|(event, seq)| event.seq.0 == seq);
    // What lies before the head exists, so an empty page is a gap as well.
    match before {
        Some(before) if dense && !found.is_empty() => {
            kith_store::follow(id, before, &found).map_err(|seq| broken(id, seq))?;
            Ok(found)
        }
        _ => Err(broken(id, after.next())),
    }
}

fn broken(feed: FeedId, seq: Seq) -> StoreError {
    StoreError::Corrupt(format!("event {seq} of {feed} is missing or not as it was written"))
}

/// A document as stored, if it is as it was written.
fn verified(
    collection: &str,
    key: &str,
    body: Arc<str>,
    stored: [u8; 16],
) -> Result<Arc<str>, StoreError> {
    if sum(collection, key, &body) == stored {
        return Ok(body);
    }
    Err(StoreError::Corrupt(format!("document {key:?} of {collection} is not as it was written")))
}

/// See [`kith_store::Store::get`].
pub(crate) fn get(
    conn: &Connection,
    keys: &[&DocKey],
) -> Result<Vec<Option<Arc<str>>>, StoreError> {
    let sql = "SELECT body, sum FROM document WHERE collection = ?1 AND key = ?2";
    let mut statement = conn.prepare_cached(sql).map_err(from_sqlite)?;
    let mut find = |DocKey { collection, key }: &&DocKey| {
        let found = statement.query_row([*collection, key.as_str()], |row| {
            Ok((row.get::<_, Arc<str>>(0)?, row.get::<_, [u8; 16]>(1)?))
        });
        let found = found.optional().map_err(from_sqlite)?;
        found.map(|(body, sum)| verified(collection, key, body, sum)).transpose()
    };
    keys.iter().map(&mut find).collect()
}

/// The condition and its two last parameters for a range; `None` if the range is empty.
fn condition(range: &Range) -> Option<(&'static str, String, Option<String>)> {
    let (lower, upper) = range.bounds()?;
    let upper = match upper {
        Bound::Excluded(upper) | Bound::Included(upper) => Some(upper),
        Bound::Unbounded => None,
    };
    let after = matches!(lower, Bound::Excluded(_));
    let lower = match lower {
        Bound::Included(lower) | Bound::Excluded(lower) => lower,
        Bound::Unbounded => String::new(),
    };
    // Told apart in the text, so that each form uses the primary key on both sides.
    let text = match (after, upper.is_some()) {
        (true, true) => "collection = ?1 AND key > ?2 AND key < ?3",
        (true, false) => "collection = ?1 AND key > ?2 AND ?3 IS NULL",
        (false, true) => "collection = ?1 AND key >= ?2 AND key < ?3",
        (false, false) => "collection = ?1 AND key >= ?2 AND ?3 IS NULL",
    };
    Some((text, lower, upper))
}

/// See [`kith_store::Store::scan`].
pub(crate) fn scan(
    conn: &Connection,
    range: &Range,
    most: usize,
) -> Result<Vec<Document>, StoreError> {
    let Some((condition, lower, upper)) = condition(range) else { return Ok(Vec::new()) };
    let order = if range.descending { "DESC" } else { "ASC" };
    let sql = format!(
        "SELECT key, body, sum FROM document WHERE {condition} ORDER BY key {order} LIMIT ?4"
    );
    let mut statement = conn.prepare_cached(&sql).map_err(from_sqlite)?;
    let bounds = params![range.collection, lower, upper, limit(most)];
    let rows = statement
        .query_map(bounds, |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))
        .map_err(from_sqlite)?;
    let read = |row: rusqlite::Result<(String, Arc<str>, [u8; 16])>| {
        let (key, body, sum) = row.map_err(from_sqlite)?;
        let body = verified(range.collection, &key, body, sum)?;
        Ok(Document { key, body })
    };
    rows.map(read).collect()
}

/// See [`kith_store::Store::count`].
pub(crate) fn count(conn: &Connection, range: &Range) -> Result<u64, StoreError> {
    let Some((condition, lower, upper)) = condition(range) else { return Ok(0) };
    let count = || {
        let sql = format!("SELECT count(*) FROM document WHERE {condition}");
        let mut statement = conn.prepare_cached(&sql)?;
        statement.query_row(params![range.collection, lower, upper], |row| row.get::<_, i64>(0))
    };
    count().map(i64::cast_unsigned).map_err(from_sqlite)
}

/// Whether there is a document with this key.
pub(crate) fn exists(conn: &Connection, collection: &str, key: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM document WHERE collection = ?1 AND key = ?2";
    let find = || conn.prepare_cached(sql)?.exists([collection, key]);
    find().map_err(from_sqlite)
}

/// The names of feeds above `after`.
pub(crate) fn feeds(
    conn: &Connection,
    after: &str,
    most: usize,
) -> Result<Vec<String>, StoreError> {
    let read = || {
        let sql = "SELECT name FROM feed WHERE name > ?1 ORDER BY name LIMIT ?2";
        let mut statement = conn.prepare_cached(sql)?;
        let rows = statement.query_map(params![after, limit(most)], |row| row.get(0))?;
        rows.collect::<rusqlite::Result<Vec<String>>>()
    };
    read().map_err(from_sqlite)
}
