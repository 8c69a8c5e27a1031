//! Puts commits into the tables.

use std::collections::HashMap;
use std::sync::Arc;

use kith_core::id::FeedId;
use kith_store::{DocWrite, Head, StoreError, StoredEvent, Trim};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};

use crate::error::from_sqlite;
use crate::log::Record;
use crate::pending::{self, Group};
use crate::rows::{FEEDS_MAX, Feed, event_id, feed, sum};

/// Rows of feeds that are remembered, to save a look-up per append.
const FEEDS_KEPT: usize = 16 * 1024;

/// A feed as the running transaction will leave it.
#[derive(Clone, Copy, Debug)]
struct Known {
    no: i64,
    head: Head,
    /// Whether it has a row.
    stored: bool,
    /// Whether its row must still be written.
    changed: bool,
}

/// What is known of the tables.
pub(crate) struct Tables {
    feeds: HashMap<FeedId, Known>,
    /// The feeds whose rows the running transaction must still write.
    grown: Vec<FeedId>,
    next_feed: i64,
}

/// How a transaction is ended.
fn end(conn: &Connection, committing: &mut bool) -> rusqlite::Result<()> {
    *committing = true;
    conn.prepare_cached("COMMIT")?.execute([]).map(drop)
}

impl Tables {
    pub(crate) fn new(conn: &Connection) -> rusqlite::Result<Self> {
        let sql = "SELECT coalesce(max(no), 0) + 1 FROM feed";
        let next_feed = conn.query_row(sql, [], |row| row.get(0))?;
        Ok(Self { feeds: HashMap::new(), grown: Vec::new(), next_feed })
    }

    /// Forgets what is known, after a failed transaction.
    pub(crate) fn forget(&mut self) {
        self.feeds.clear();
        self.grown.clear();
    }

    /// Puts commits that were read back from the log into the tables, with one transaction.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if one is none.
    pub(crate) fn recover(
        &mut self,
        conn: &Connection,
        records: &[Record],
    ) -> Result<(), StoreError> {
        let Some(last) = records.last() else { return Ok(()) };
        let unreadable = |no| StoreError::Corrupt(format!("commit {no} cannot be read"));
        let read = |record: &Record| pending::decode(&record.body).ok_or(unreadable(record.no));
        let groups = records.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let result = self.put_read(conn, last.no, groups.iter().flatten());
        if result.is_err() {
            self.forget();
            // What it began must not be taken for a part of what comes next.
            let _ = conn.execute_batch("ROLLBACK");
        }
        result.map_err(from_sqlite)
    }

    fn put_read<'a>(
        &mut self,
        conn: &Connection,
        last: u64,
        read: impl Iterator<Item = &'a pending::Read> + Clone,
    ) -> rusqlite::Result<()> {
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut statements = Statements::new(conn)?;
        for batch in read.clone() {
            for (feed, events) in &batch.appends {
                self.append(conn, &mut statements, *feed, events)?;
            }
            for write in &batch.writes {
                statements.put(&write.collection, &write.key, write.body.as_deref())?;
            }
        }
        self.finish(conn, last)?;
        read.flat_map(|batch| &batch.trims).try_for_each(|one| trim(conn, one))?;
        end(conn, &mut false)
    }

    /// Puts `groups`, the oldest that wait, into the tables, with one transaction.
    pub(crate) fn settle(
        &mut self,
        conn: &Connection,
        groups: &[Arc<Group>],
        committing: &mut bool,
    ) -> rusqlite::Result<()> {
        let Some(last) = groups.last() else { return Ok(()) };
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut statements = Statements::new(conn)?;
        let batches = || groups.iter().flat_map(|group| &group.batches);
        for append in batches().flat_map(|batch| &batch.appends) {
            self.append(conn, &mut statements, append.feed, &append.events)?;
        }
        // The last write of each key, in the order of the table: fewer pages are visited, and each
        // once.
        let mut writes: Vec<&DocWrite> = batches().flat_map(|batch| &batch.writes).collect();
        writes.sort_by(|one, other| name(one).cmp(&name(other)));
        for (at, write) in writes.iter().enumerate() {
            if writes.get(at + 1).is_none_or(|next| name(next) != name(write)) {
                let (collection, key) = name(write);
                statements.put(collection, key, write.body.as_deref())?;
            }
        }
        drop(statements);
        self.finish(conn, last.no)?;
        batches().flat_map(|batch| &batch.trims).try_for_each(|one| trim(conn, one))?;
        end(conn, committing)
    }

    /// See [`kith_store::Store::prune`].
    pub(crate) fn prune(
        &mut self,
        conn: &Connection,
        collection: &str,
        before: &str,
        limit: usize,
    ) -> rusqlite::Result<u64> {
        let sql = "DELETE FROM document WHERE collection = ?1 AND key IN
            (SELECT key FROM document WHERE collection = ?1 AND key < ?2 ORDER BY key LIMIT ?3)";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let removed = conn.prepare_cached(sql)?.execute(params![collection, before, limit])?;
        Ok(removed as u64)
    }

    fn append(
        &mut self,
        conn: &Connection,
        statements: &mut Statements<'_>,
        id: FeedId,
        events: &[StoredEvent],
    ) -> rusqlite::Result<()> {
        let before = self.known(conn, id)?;
        if before.no > FEEDS_MAX {
            return Err(rusqlite::Error::IntegralValueOutOfRange(0, before.no));
        }
        for event in events {
            statements.event.execute(params![
                event_id(before.no, event.seq),
                event.body,
                event.hash.0
            ])?;
        }
        if let Some(last) = events.last() {
            let head = Head { seq: last.seq, hash: last.hash };
            self.feeds.insert(id, Known { head, changed: true, ..before });
            if !before.changed {
                self.grown.push(id);
            }
        }
        Ok(())
    }

    fn known(&mut self, conn: &Connection, id: FeedId) -> rusqlite::Result<Known> {
        if let Some(known) = self.feeds.get(&id) {
            return Ok(*known);
        }
        if self.feeds.len() >= FEEDS_KEPT {
            self.feeds.retain(|_, known| known.changed);
        }
        let known = match feed(conn, id)? {
            Some(Feed { no, head, .. }) => Known { no, head, stored: true, changed: false },
            None => {
                let no = self.next_feed;
                self.next_feed = no.saturating_add(1);
                Known { no, head: Head::default(), stored: false, changed: false }
            }
        };
        self.feeds.insert(id, known);
        Ok(known)
    }

    /// Writes the ends of the feeds that grew and the number of the last commit that is in the
    /// tables now.
    fn finish(&mut self, conn: &Connection, no: u64) -> rusqlite::Result<()> {
        let sql = "INSERT INTO feed (no, name, last, hash) VALUES (?1, ?2, ?3, ?4)";
        let mut insert = conn.prepare_cached(sql)?;
        let mut update =
            conn.prepare_cached("UPDATE feed SET last = ?2, hash = ?3 WHERE no = ?1")?;
        for id in self.grown.drain(..) {
            let Some(known) = self.feeds.get_mut(&id) else { continue };
            let (last, hash) = (known.head.seq.0.cast_signed(), known.head.hash.0);
            if known.stored {
                update.execute(params![known.no, last, hash])?;
            } else {
                insert.execute(params![known.no, id.to_string(), last, hash])?;
            }
            // If the commit fails, all of this is forgotten.
            (known.stored, known.changed) = (true, false);
        }
        let no = no.cast_signed();
        conn.prepare_cached("UPDATE meta SET commits = ?1 WHERE only = 1")?.execute([no])?;
        Ok(())
    }
}

/// Forgets the beginning of a feed whose row is written.
fn trim(conn: &Connection, Trim { feed: id, through }: &Trim) -> rusqlite::Result<()> {
    let Some(Feed { no, trimmed, .. }) = feed(conn, *id)? else { return Ok(()) };
    if *through <= trimmed.seq {
        return Ok(());
    }
    let last = event_id(no, *through);
    let mut hash = conn.prepare_cached("SELECT hash FROM event WHERE id = ?1")?;
    // Of a feed that is damaged nothing is removed: nobody could say any more that it is.
    let Some(hash) = hash.query_row([last], |row| row.get::<_, [u8; 32]>(0)).optional()? else {
        return Ok(());
    };
    let sql = "DELETE FROM event WHERE id > ?1 AND id <= ?2";
    conn.prepare_cached(sql)?.execute([event_id(no, trimmed.seq), last])?;
    let sql = "UPDATE feed SET trimmed = ?2, trimmed_hash = ?3 WHERE no = ?1";
    conn.prepare_cached(sql)?.execute(params![no, through.0.cast_signed(), hash])?;
    Ok(())
}

fn name(write: &DocWrite) -> (&'static str, &str) {
    (write.key.collection, &write.key.key)
}

/// What is done many times in a transaction.
struct Statements<'c> {
    event: CachedStatement<'c>,
    document: CachedStatement<'c>,
    removal: CachedStatement<'c>,
}

impl<'c> Statements<'c> {
    fn new(conn: &'c Connection) -> rusqlite::Result<Self> {
        let event = "INSERT INTO event (id, body, hash) VALUES (?1, ?2, ?3)";
        let document = "INSERT INTO document (collection, key, body, sum) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (collection, key) DO UPDATE SET body = excluded.body, sum = excluded.sum";
        let removal = "DELETE FROM document WHERE collection = ?1 AND key = ?2";
        Ok(Self {
            event: conn.prepare_cached(event)?,
            document: conn.prepare_cached(document)?,
            removal: conn.prepare_cached(removal)?,
        })
    }

    fn put(&mut self, collection: &str, key: &str, body: Option<&str>) -> rusqlite::Result<()> {
        match body {
            Some(body) => {
                let sum = sum(collection, key, body);
                self.document.execute(params![collection, key, body, sum])?;
            }
            None => drop(self.removal.execute(params![collection, key])?),
        }
        Ok(())
    }
}
