//! The one that writes: each step is one transaction.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kith_core::id::{Seq, StreamId, Timestamp};
use kith_core::search::words;
use kith_store::index::{Change, Entry, Home, IndexError, Step};
use rusqlite::{Connection, OptionalExtension};

use crate::file::{self, from_sqlite};
use crate::filter::bits;
use crate::token::{Tag, body};

/// Numbers of ids that are kept at hand.
const KNOWN_MAX: usize = 50_000;
/// Bits of a message's number below the time: so many messages of one millisecond keep their order.
const WITHIN_BITS: u32 = 10;

/// How much later the number of a message may be than its time: as many can be of one moment.
pub(crate) const LATER_ROWS: i64 = 1 << 22;
/// How many numbers are tried before the last one near is asked for.
const STEPS_MAX: u32 = 64;

/// The first number that a message posted `at` may have.
pub(crate) fn first_row(at: Timestamp) -> i64 {
    let most = i64::MAX.cast_unsigned() >> WITHIN_BITS;
    (at.0.min(most) << WITHIN_BITS).cast_signed()
}

/// When a message of a number was posted.
pub(crate) fn posted_at(row: i64) -> Timestamp {
    Timestamp(row.cast_unsigned() >> WITHIN_BITS)
}

/// The number of a message among the words, and the other way round: the newest has the lowest.
pub(crate) fn turned(row: i64) -> i64 {
    i64::MAX - row.max(0)
}

#[derive(Debug)]
pub(crate) struct Writer {
    path: PathBuf,
    conn: Connection,
    made: Arc<AtomicU64>,
    known: HashMap<String, i64>,
    /// Streams whose homes are noted.
    housed: HashSet<i64>,
}

/// What is written of a message.
struct Line {
    stream: i64,
    seq: i64,
    author: i64,
    marks: i64,
    words: i64,
    hash: i64,
    body: String,
}

impl Writer {
    pub(crate) fn open(path: &Path, made: Arc<AtomicU64>) -> Result<Self, IndexError> {
        let conn = file::open(path)?;
        Ok(Self {
            path: path.to_owned(),
            conn,
            made,
            known: HashMap::new(),
            housed: HashSet::new(),
        })
    }

    pub(crate) fn clear(&mut self) -> Result<(), IndexError> {
        // The connection to what is removed goes first.
        self.conn = Connection::open_in_memory().map_err(from_sqlite)?;
        self.forget();
        self.conn = file::make(&self.path)?;
        self.made.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    pub(crate) fn is_of(&mut self, epoch: u64) -> Result<bool, IndexError> {
        let sql = "SELECT epoch FROM meta WHERE only = 1";
        let found = self.conn.query_row(sql, [], |row| row.get::<_, i64>(0)).optional();
        Ok(found.map_err(from_sqlite)? == Some(epoch.cast_signed()))
    }

    pub(crate) fn follow(&mut self, epoch: u64) -> Result<(), IndexError> {
        match self.is_of(epoch) {
            Ok(true) => return Ok(()),
            // It is of another store, or was made a moment ago.
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the search index is made anew"),
        }
        self.clear()?;
        let sql = "INSERT INTO meta (only, epoch) VALUES (1, ?1)";
        self.conn.execute(sql, [epoch.cast_signed()]).map(drop).map_err(from_sqlite)
    }

    pub(crate) fn read(&mut self, streams: &[StreamId]) -> Result<Vec<Seq>, IndexError> {
        let sql = "SELECT seq FROM cursor JOIN ident ON ident.id = cursor.stream WHERE name = ?1";
        let mut look = self.conn.prepare_cached(sql).map_err(from_sqlite)?;
        let mut seqs = Vec::with_capacity(streams.len());
        for stream in streams {
            let found = look.query_row([stream.to_string()], |row| row.get::<_, i64>(0)).optional();
            let seq = found.map_err(from_sqlite)?.unwrap_or(0);
            seqs.push(Seq(seq.cast_unsigned()));
        }
        Ok(seqs)
    }

    pub(crate) fn apply(&mut self, step: &Step) -> Result<(), IndexError> {
        let done = self.try_apply(step);
        if done.is_err() {
            // What was noted in what was not committed.
            self.forget();
        }
        done.map_err(from_sqlite)
    }

    fn try_apply(&mut self, step: &Step) -> rusqlite::Result<()> {
        let transaction = self.conn.unchecked_transaction()?;
        let mut bodies = Vec::new();
        for change in &step.changes {
            match change {
                Change::Put(entry) => {
                    let line = line(&transaction, &mut self.known, entry)?;
                    if self.housed.insert(line.stream) {
                        house(&transaction, &mut self.known, line.stream, entry.home)?;
                    }
                    bodies.extend(put(&transaction, line, entry.at)?);
                }
                Change::Remove(stream, seq) => {
                    let stream = number(&transaction, &mut self.known, stream)?;
                    if let Some((row, _)) = place(&transaction, stream, signed(*seq))? {
                        let sql = "DELETE FROM message WHERE id = ?1";
                        transaction.prepare_cached(sql)?.execute([row])?;
                        bodies.push((row, None));
                    }
                }
            }
        }
        // In the order of their numbers they make one segment of the index.
        bodies.sort_unstable_by_key(|(row, _)| turned(*row));
        for (row, body) in bodies {
            let row = turned(row);
            match body {
                Some(body) => {
                    let sql = "INSERT OR REPLACE INTO token (rowid, body) VALUES (?1, ?2)";
                    transaction.prepare_cached(sql)?.execute((row, body))?;
                }
                None => {
                    let sql = "DELETE FROM token WHERE rowid = ?1";
                    transaction.prepare_cached(sql)?.execute([row])?;
                }
            }
        }
        for (stream, seq) in &step.read {
            let stream = number(&transaction, &mut self.known, stream)?;
            let sql = "INSERT OR REPLACE INTO cursor (stream, seq) VALUES (?1, ?2)";
            transaction.prepare_cached(sql)?.execute((stream, signed(*seq)))?;
        }
        transaction.commit()?;
        if self.known.len() > KNOWN_MAX {
            self.forget();
        }
        Ok(())
    }

    pub(crate) fn forget_stream(
        &mut self,
        stream: &StreamId,
        limit: usize,
    ) -> Result<usize, IndexError> {
        let forgotten = self.try_forget_stream(stream, limit);
        // It may have been noted that its home is known.
        self.forget();
        forgotten.map_err(from_sqlite)
    }

    fn try_forget_stream(&mut self, stream: &StreamId, limit: usize) -> rusqlite::Result<usize> {
        let transaction = self.conn.unchecked_transaction()?;
        let stream = number(&transaction, &mut self.known, stream)?;
        let rows = {
            let sql = "SELECT id FROM message WHERE stream = ?1 ORDER BY seq LIMIT ?2";
            let mut look = transaction.prepare_cached(sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let found = look.query_map((stream, limit), |row| row.get::<_, i64>(0))?;
            found.collect::<rusqlite::Result<Vec<i64>>>()?
        };
        for row in &rows {
            transaction.prepare_cached("DELETE FROM message WHERE id = ?1")?.execute([row])?;
            let sql = "DELETE FROM token WHERE rowid = ?1";
            transaction.prepare_cached(sql)?.execute([turned(*row)])?;
        }
        if rows.len() < limit {
            transaction.prepare_cached("DELETE FROM home WHERE stream = ?1")?.execute([stream])?;
        }
        transaction.commit()?;
        Ok(rows.len())
    }

    fn forget(&mut self) {
        self.known.clear();
        self.housed.clear();
    }

    pub(crate) fn differing(
        &mut self,
        entries: &[Entry],
    ) -> Result<Vec<(StreamId, Seq)>, IndexError> {
        let mut look = || {
            let transaction = self.conn.unchecked_transaction()?;
            let mut differing = Vec::new();
            for entry in entries {
                let line = line(&transaction, &mut self.known, entry)?;
                let found = place(&transaction, line.stream, line.seq)?;
                if found.is_none_or(|(_, hash)| hash != line.hash) {
                    differing.push((entry.stream, entry.seq));
                }
            }
            Ok(differing)
        };
        let found = look().map_err(from_sqlite);
        self.forget();
        found
    }

    pub(crate) fn count(&mut self, stream: StreamId) -> Result<u64, IndexError> {
        let sql = "SELECT count(*) FROM message JOIN ident ON ident.id = stream WHERE name = ?1";
        let found = self.conn.query_row(sql, [stream.to_string()], |row| row.get::<_, i64>(0));
        Ok(found.map_err(from_sqlite)?.unsigned_abs())
    }
}

fn signed(seq: Seq) -> i64 {
    seq.0.cast_signed()
}

/// The small number of an id, which is given where it has none yet.
fn number(
    conn: &Connection,
    known: &mut HashMap<String, i64>,
    id: &impl Display,
) -> rusqlite::Result<i64> {
    let name = id.to_string();
    if let Some(number) = known.get(&name) {
        return Ok(*number);
    }
    let sql = "SELECT id FROM ident WHERE name = ?1";
    let found = conn.prepare_cached(sql)?.query_row([&name], |row| row.get(0)).optional()?;
    let number = match found {
        Some(number) => number,
        None => {
            let sql = "INSERT INTO ident (name) VALUES (?1)";
            conn.prepare_cached(sql)?.execute([&name])?;
            conn.last_insert_rowid()
        }
    };
    known.insert(name, number);
    Ok(number)
}

/// Where a message is in the index, and the hash of what is there.
fn place(conn: &Connection, stream: i64, seq: i64) -> rusqlite::Result<Option<(i64, i64)>> {
    let sql = "SELECT id, hash FROM message WHERE stream = ?1 AND seq = ?2";
    let mut look = conn.prepare_cached(sql)?;
    look.query_row((stream, seq), |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

fn line(
    conn: &Connection,
    known: &mut HashMap<String, i64>,
    entry: &Entry,
) -> rusqlite::Result<Line> {
    let stream = number(conn, known, &entry.stream)?;
    let author = number(conn, known, &entry.author)?;
    let mut tags = vec![Tag::Stream(stream), Tag::Author(author)];
    match entry.home {
        Home::Circle(circle) => tags.push(Tag::Circle(number(conn, known, &circle)?)),
        Home::Direct(users) => {
            for user in users {
                tags.push(Tag::Direct(number(conn, known, &user)?));
            }
        }
        Home::Group => {}
    }
    tags.extend(entry.marks.iter().map(|mark| Tag::Mark(*mark)));
    let words = words(&entry.text);
    let body = body(&words, &tags);
    let hash = blake3::hash(body.as_bytes());
    let hash = hash.as_bytes().first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes));
    let words = i64::try_from(words.len()).unwrap_or(i64::MAX);
    Ok(Line {
        stream,
        seq: signed(entry.seq),
        author,
        marks: bits(&entry.marks),
        words,
        hash,
        body,
    })
}

/// Notes whose a stream is.
fn house(
    conn: &Connection,
    known: &mut HashMap<String, i64>,
    stream: i64,
    home: Home,
) -> rusqlite::Result<()> {
    let (circle, low, high) = match home {
        Home::Circle(circle) => (Some(number(conn, known, &circle)?), None, None),
        Home::Direct([low, high]) => {
            (None, Some(number(conn, known, &low)?), Some(number(conn, known, &high)?))
        }
        Home::Group => (None, None, None),
    };
    let sql = "INSERT OR REPLACE INTO home (stream, circle, low, high) VALUES (?1, ?2, ?3, ?4)";
    conn.prepare_cached(sql)?.execute((stream, circle, low, high)).map(drop)
}

/// The last number that is given near one that is.
fn last_near(conn: &Connection, row: i64) -> rusqlite::Result<i64> {
    let sql = "SELECT max(id) FROM message WHERE id >= ?1 AND id < ?2";
    conn.prepare_cached(sql)?.query_row((row, row.saturating_add(LATER_ROWS)), |row| row.get(0))
}

/// Puts a message into the table; what the index has to know is given back, if it is new to it.
fn put(
    conn: &Connection,
    line: Line,
    at: Timestamp,
) -> rusqlite::Result<Option<(i64, Option<String>)>> {
    let Line { stream, seq, author, marks, words, hash, body } = line;
    if let Some((row, before)) = place(conn, stream, seq)? {
        if before == hash {
            return Ok(None);
        }
        let sql = "UPDATE message SET author = ?2, marks = ?3, words = ?4, hash = ?5 WHERE id = ?1";
        conn.prepare_cached(sql)?.execute((row, author, marks, words, hash))?;
        return Ok(Some((row, Some(body))));
    }
    let within = seq & ((1 << WITHIN_BITS) - 1);
    let mut row = first_row(at).saturating_add(within);
    let taken = "SELECT 1 FROM message WHERE id = ?1";
    let mut taken = conn.prepare_cached(taken)?;
    // Where several streams have a message of the same moment, some move on a little; where the clock
    // stands still, they line up.
    let mut steps = 0;
    while taken.exists([row])? && row < i64::MAX {
        steps += 1;
        row = if steps < STEPS_MAX { row + 1 } else { last_near(conn, row)?.saturating_add(1) };
    }
    let sql = "INSERT INTO message (id, stream, seq, author, marks, words, hash)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    conn.prepare_cached(sql)?.execute((row, stream, seq, author, marks, words, hash))?;
    Ok(Some((row, Some(body))))
}
