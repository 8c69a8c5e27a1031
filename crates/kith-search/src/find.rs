//! Searching: newest first as far as is needed, so that a word that is everywhere costs no more than
//! one that is nowhere.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kith_core::id::{Seq, StreamId};
use kith_core::search::{Clause, Order};
use kith_store::index::{Ask, Found, IndexError, Place};
use rusqlite::Connection;

use crate::ask::expression;
use crate::file::{File, from_sqlite};
use crate::rank::{Says, score};
use crate::write::{LATER_ROWS, first_row, posted_at};

/// How long one search may take.
const TIME_MAX: Duration = Duration::from_secs(1);
/// Rows between two looks at the clock.
const ROWS_PER_LOOK: usize = 64;
/// Scopes that are looked through at once.
const SCOPES_MAX: usize = 500;
/// Of so many newest matches the best come first.
const RANKED_MAX: usize = 1000;
/// Of so many newest matches that say it in one of the better ways.
const BETTER_MAX: usize = 300;

/// Hits in order.
pub(crate) fn find(file: &mut File, ask: &Ask, limit: usize) -> Result<Vec<Found>, IndexError> {
    let conn = file.conn()?;
    // All looks see the same commit.
    let transaction = conn.unchecked_transaction().map_err(from_sqlite)?;
    let search = Search { conn: &transaction, ask, until: Instant::now() + TIME_MAX };
    let places = match ask.order {
        Order::Time => search.by_time(limit)?,
        Order::Rank => search.by_rank(limit)?,
    };
    places.into_iter().map(|place| search.found(place)).collect()
}

struct Search<'a> {
    conn: &'a Connection,
    ask: &'a Ask,
    until: Instant,
}

impl Search<'_> {
    fn by_time(&self, limit: usize) -> Result<Vec<Place>, IndexError> {
        let below = self.ask.after.map_or(i64::MAX, |place| place.row);
        let rows = self.newest(&self.ask.must, below, limit)?;
        Ok(rows.into_iter().map(|row| Place { score: 0, row }).collect())
    }

    fn by_rank(&self, limit: usize) -> Result<Vec<Place>, IndexError> {
        let must = &self.ask.must;
        let mut says: BTreeMap<i64, Says> = BTreeMap::new();
        for row in self.newest(must, i64::MAX, RANKED_MAX)? {
            says.entry(row).or_default();
        }
        let whole = |clause: &Clause| Clause { begins: false, ..clause.clone() };
        if must.iter().any(|clause| clause.begins) {
            let must: Vec<Clause> = must.iter().map(whole).collect();
            for row in self.newest(&must, i64::MAX, BETTER_MAX)? {
                says.entry(row).or_default().exactly = true;
            }
        } else {
            says.values_mut().for_each(|says| says.exactly = true);
        }
        if must.len() > 1 {
            let words = must.iter().flat_map(|clause| clause.words.iter().cloned()).collect();
            let begins = must.last().is_some_and(|clause| clause.begins);
            for row in self.newest(&[Clause { words, begins }], i64::MAX, BETTER_MAX)? {
                says.entry(row).or_default().as_phrase = true;
            }
        }
        let mut places = Vec::with_capacity(says.len());
        for (row, says) in says {
            let score = score(says, self.words(row)?, posted_at(row), self.ask.now);
            places.push(Place { score, row });
        }
        let order = |place: &Place| std::cmp::Reverse((place.score, place.row));
        places.sort_unstable_by_key(order);
        if let Some(after) = self.ask.after {
            places.retain(|place| order(place) > order(&after));
        }
        places.truncate(limit);
        Ok(places)
    }

    /// The newest messages that say `must`, at most `limit`, with numbers below `below`.
    fn newest(&self, must: &[Clause], below: i64, limit: usize) -> Result<Vec<i64>, IndexError> {
        let until =
            self.ask.until.map_or(i64::MAX, |until| first_row(until).saturating_add(LATER_ROWS));
        let below = below.min(until);
        let from = self.ask.since.map_or(0, first_row);
        let mut rows = Vec::new();
        for scopes in self.ask.scopes.chunks(SCOPES_MAX) {
            if let Some(expression) = expression(self.conn, self.ask, scopes, must)? {
                self.read(&expression, (from, below), limit, &mut rows)?;
            }
        }
        rows.sort_unstable_by(|one, other| other.cmp(one));
        rows.dedup();
        rows.truncate(limit);
        Ok(rows)
    }

    fn read(
        &self,
        expression: &str,
        (from, below): (i64, i64),
        limit: usize,
        into: &mut Vec<i64>,
    ) -> Result<(), IndexError> {
        let sql = "SELECT rowid FROM token WHERE token MATCH ?1 AND rowid < ?2 AND rowid >= ?3
                   ORDER BY rowid DESC LIMIT ?4";
        let mut statement = self.conn.prepare_cached(sql).map_err(from_sqlite)?;
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = statement.query((expression, below, from, most)).map_err(from_sqlite)?;
        let mut count = 0;
        while let Some(row) = rows.next().map_err(from_sqlite)? {
            into.push(row.get(0).map_err(from_sqlite)?);
            count += 1;
            if count % ROWS_PER_LOOK == 0 && Instant::now() > self.until {
                return Err(IndexError::Late);
            }
        }
        if Instant::now() > self.until { Err(IndexError::Late) } else { Ok(()) }
    }

    fn words(&self, row: i64) -> Result<u64, IndexError> {
        let sql = "SELECT words FROM message WHERE id = ?1";
        let mut look = self.conn.prepare_cached(sql).map_err(from_sqlite)?;
        let words: i64 = look.query_row([row], |row| row.get(0)).map_err(from_sqlite)?;
        Ok(words.unsigned_abs())
    }

    /// Which message has a number.
    fn found(&self, place: Place) -> Result<Found, IndexError> {
        let sql =
            "SELECT name, seq FROM message JOIN ident ON ident.id = stream WHERE message.id = ?1";
        let mut look = self.conn.prepare_cached(sql).map_err(from_sqlite)?;
        let found = look.query_row([place.row], |row| Ok((row.get(0)?, row.get(1)?)));
        let (name, seq): (String, i64) = found.map_err(from_sqlite)?;
        let stream: StreamId =
            name.parse().map_err(|_| IndexError::Damaged(format!("{name} is no stream")))?;
        Ok(Found { stream, seq: Seq(seq.cast_unsigned()), place })
    }
}
