//! Reads all of a database and says what is wrong with it.

use std::path::Path;

use kith_core::chain::ChainHash;
use kith_core::id::{FeedId, Seq};
use kith_store::{Problem, StoreError};
use rusqlite::{Connection, Row, params};
use serde_json::value::RawValue;

use crate::error::from_sqlite;
use crate::reader::snapshot;
use crate::rows::{event_id, seq_of, sum};
use crate::{files, log, mark, pending, schema};

/// Most problems that a check reports; where one is, there tend to be many.
pub const PROBLEMS_MAX: usize = 100;

/// Checks the database at `path`, which may be in use: the file itself, the numbers, hashes and
/// bodies of all events, the sums and bodies of all documents. It reads everything, so it takes as
/// long as that; it changes nothing. No problems: the list is empty.
///
/// # Errors
/// [`StoreError`] if the database could not be looked at; damage is a problem, not an error.
pub fn check(path: &Path) -> Result<Vec<Problem>, StoreError> {
    schema::assert_version()?;
    if files::size(path)?.is_none() {
        return Err(StoreError::Failed(format!("there is no database at {}", path.display())));
    }
    // Read first: the database only moves on from where the mark saw it.
    let marked = mark::read(path);
    let look = || {
        let conn = schema::connect(path)?;
        if schema::version(&conn, schema::MIGRATIONS.len())? == 0 {
            return Err(StoreError::Corrupt("it is empty".to_owned()));
        }
        // The log next: what leaves it is in the tables that are looked at behind it.
        let records = log::waiting(path, || schema::position(&conn));
        let mut problems = connection(&conn)?;
        let behind = marked.and_then(|mark| {
            let mut position = schema::position(&conn)?;
            for record in records? {
                if pending::decode(&record.body).is_none() {
                    let text = format!("commit {} cannot be read", record.no);
                    return Err(StoreError::Corrupt(text));
                }
                position.commits = position.commits.max(record.no);
            }
            mark::compare(mark, position)
        });
        problems.extend(damage(behind.err())?);
        Ok(problems)
    };
    look().or_else(|error| damage(Some(error)))
}

/// Damage as a problem; any other error stays one.
fn damage(error: Option<StoreError>) -> Result<Vec<Problem>, StoreError> {
    match error {
        None => Ok(Vec::new()),
        Some(error @ StoreError::Corrupt(_)) => Ok(vec![Problem { what: error.to_string() }]),
        Some(error) => Err(error),
    }
}

/// Checks what a connection sees, in one snapshot.
pub(crate) fn connection(conn: &Connection) -> Result<Vec<Problem>, StoreError> {
    let mut found = Found { problems: Vec::new() };
    let result = snapshot(conn, |conn| {
        found.file(conn)?;
        found.events(conn)?;
        found.documents(conn)?;
        schema::position(conn).map(|_| ())
    });
    let mut problems = found.problems;
    // A damaged page ends the walk; what was found before it still counts.
    problems.extend(damage(result.err())?);
    problems.truncate(PROBLEMS_MAX);
    Ok(problems)
}

/// The number and the hash of an event.
type End = (Seq, ChainHash);

struct Found {
    problems: Vec<Problem>,
}

impl Found {
    fn add(&mut self, what: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { what });
        }
    }

    fn file(&mut self, conn: &Connection) -> Result<(), StoreError> {
        let read = || {
            let mut statement = conn.prepare("PRAGMA integrity_check(100)")?;
            let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
            lines.collect::<rusqlite::Result<Vec<_>>>()
        };
        for line in read().map_err(from_sqlite)? {
            if line != "ok" {
                self.add(format!("The file is damaged: {line}."));
            }
        }
        Ok(())
    }

    fn events(&mut self, conn: &Connection) -> Result<(), StoreError> {
        let sql = "SELECT no, name, last, hash, trimmed, trimmed_hash FROM feed ORDER BY no";
        // A backup may be of schema 1, in which no feed was trimmed.
        let older = "SELECT no, name, last, hash, 0, zeroblob(32) FROM feed ORDER BY no";
        let statement = conn.prepare(sql).or_else(|_| conn.prepare(older));
        let mut statement = statement.map_err(from_sqlite)?;
        let mut rows = statement.query([]).map_err(from_sqlite)?;
        let mut total: u64 = 0;
        while let Some(row) = rows.next().map_err(from_sqlite)? {
            let no = row.get(0).map_err(from_sqlite)?;
            let name: String = row.get(1).map_err(from_sqlite)?;
            let end = |seq: usize, hash: usize| -> rusqlite::Result<End> {
                let seq = Seq(row.get::<_, i64>(seq)?.cast_unsigned());
                Ok((seq, ChainHash(row.get(hash)?)))
            };
            let bounds = (end(4, 5).map_err(from_sqlite)?, end(2, 3).map_err(from_sqlite)?);
            let Ok(id) = name.parse() else {
                self.add(format!("The name {name:?} is not that of a feed."));
                continue;
            };
            total += self.feed(conn, no, id, bounds)?;
        }
        let sql = "SELECT count(*) FROM event";
        let all: i64 = conn.query_row(sql, [], |row| row.get(0)).map_err(from_sqlite)?;
        if all.cast_unsigned() != total {
            self.add(format!("There are {all} events, but {total} that belong to a feed."));
        }
        Ok(())
    }

    /// Walks the events of one feed, between the last that is forgotten and its end, and returns how
    /// many it has.
    fn feed(
        &mut self,
        conn: &Connection,
        no: i64,
        feed: FeedId,
        (trimmed, end): (End, End),
    ) -> Result<u64, StoreError> {
        let sql = "SELECT id, body, hash FROM event WHERE id >= ?1 AND id <= ?2 ORDER BY id";
        let mut statement = conn.prepare_cached(sql).map_err(from_sqlite)?;
        let bounds = params![event_id(no, Seq(0)), event_id(no, kith_store::SEQ_MAX)];
        let mut rows = statement.query(bounds).map_err(from_sqlite)?;
        let (mut count, (mut last, mut hash)) = (0, trimmed);
        while let Some(row) = rows.next().map_err(from_sqlite)? {
            count += 1;
            let seq = seq_of(row.get(0).map_err(from_sqlite)?);
            if seq != last.next() {
                self.add(format!("After event {last} of {feed} comes event {seq}."));
            }
            last = seq;
            match event(row) {
                Ok((body, stored)) => {
                    if hash.next(feed, seq, &body) != stored {
                        self.add(format!("The hash of event {seq} of {feed} is wrong."));
                    }
                    if !is_json(&body) {
                        self.add(format!("The body of event {seq} of {feed} is not JSON."));
                    }
                    hash = stored;
                }
                Err(error) => self.add(format!("Event {seq} of {feed} is unreadable: {error}.")),
            }
        }
        if (last, hash) != end {
            let told = end.0;
            self.add(format!("The end of {feed} is event {last}, not {told} as its head says."));
        }
        Ok(count)
    }

    fn documents(&mut self, conn: &Connection) -> Result<(), StoreError> {
        let sql = "SELECT collection, key, body, sum FROM document";
        let mut statement = conn.prepare(sql).map_err(from_sqlite)?;
        let mut rows = statement.query([]).map_err(from_sqlite)?;
        while let Some(row) = rows.next().map_err(from_sqlite)? {
            match document(row) {
                Ok((collection, key, body, stored)) => {
                    if sum(&collection, &key, &body) != stored {
                        self.add(format!("The sum of document {key:?} of {collection} is wrong."));
                    }
                    if !is_json(&body) {
                        self.add(format!("Document {key:?} of {collection} is not JSON."));
                    }
                }
                Err(error) => self.add(format!("A document is unreadable: {error}.")),
            }
        }
        Ok(())
    }
}

fn event(row: &Row<'_>) -> rusqlite::Result<(String, ChainHash)> {
    Ok((row.get(1)?, ChainHash(row.get(2)?)))
}

fn document(row: &Row<'_>) -> rusqlite::Result<(String, String, String, [u8; 16])> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn is_json(body: &str) -> bool {
    serde_json::from_str::<&RawValue>(body).is_ok()
}
