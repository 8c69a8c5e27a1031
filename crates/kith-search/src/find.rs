//! Searching: newest first as far as is needed, so that a word that is everywhere costs no more than
//! one that is nowhere.

use std::collections::BTreeMap;
use std::time::Duration;

use kith_core::id::{Seq, StreamId};
use kith_core::search::{Clause, Order};
use kith_store::index::{Ask, Found, IndexError, Place};
use rusqlite::{Connection, Row as Columns};

use crate::ask::expression;
use crate::file::{File, from_sqlite};
use crate::filter::{Facets, Filter, Lacking, Row};
use crate::rank::{Says, score};
use crate::write::{LATER_ROWS, first_row, posted_at, turned};

/// How long one search may take.
const TIME_MAX: Duration = Duration::from_secs(1);
/// Of so many newest matches the best come first.
const RANKED_MAX: usize = 1000;
/// Of so many newest matches that say it in one of the better ways.
const BETTER_MAX: usize = 300;

/// Hits in order.
pub(crate) fn find(file: &mut File, ask: &Ask, limit: usize) -> Result<Vec<Found>, IndexError> {
    find_within(file, ask, limit, TIME_MAX)
}

fn find_within(
    file: &mut File,
    ask: &Ask,
    limit: usize,
    time: Duration,
) -> Result<Vec<Found>, IndexError> {
    let conn = file.conn(time)?;
    // All looks see the same commit.
    let transaction = conn.unchecked_transaction().map_err(from_sqlite)?;
    let filter = Filter::new(&transaction, ask)?;
    if filter.is_none() {
        return Ok(Vec::new());
    }
    let mut search = Search { conn: &transaction, ask, filter };
    let places = match ask.order {
        Order::Time => search.by_time(limit)?,
        Order::Rank => search.by_rank(limit)?,
    };
    places.into_iter().map(|place| search.found(place)).collect()
}

struct Search<'a> {
    conn: &'a Connection,
    ask: &'a Ask,
    filter: Filter,
}

impl Search<'_> {
    fn by_time(&mut self, limit: usize) -> Result<Vec<Place>, IndexError> {
        let below = self.ask.after.map_or(i64::MAX, |place| place.row);
        let rows = self.newest(&self.ask.must, below, limit)?;
        Ok(rows.into_iter().map(|row| Place { score: 0, row: row.row }).collect())
    }

    fn by_rank(&mut self, limit: usize) -> Result<Vec<Place>, IndexError> {
        let must = &self.ask.must;
        // How each is said, and beside how many words.
        let mut says: BTreeMap<i64, (Says, u64)> = BTreeMap::new();
        for row in self.newest(must, i64::MAX, RANKED_MAX)? {
            says.insert(row.row, (Says::default(), row.words));
        }
        if says.is_empty() {
            return Ok(Vec::new());
        }
        let whole = |clause: &Clause| Clause { begins: false, ..clause.clone() };
        if must.iter().any(|clause| clause.begins) {
            let must: Vec<Clause> = must.iter().map(whole).collect();
            for row in self.newest(&must, i64::MAX, BETTER_MAX)? {
                says.entry(row.row).or_insert((Says::default(), row.words)).0.exactly = true;
            }
        } else {
            says.values_mut().for_each(|(says, _)| says.exactly = true);
        }
        if must.len() > 1 {
            let words = must.iter().flat_map(|clause| clause.words.iter().cloned()).collect();
            let begins = must.last().is_some_and(|clause| clause.begins);
            for row in self.newest(&[Clause { words, begins }], i64::MAX, BETTER_MAX)? {
                says.entry(row.row).or_insert((Says::default(), row.words)).0.as_phrase = true;
            }
        }
        let mut places: Vec<Place> = says
            .into_iter()
            .map(|(row, (says, words))| {
                let score = score(says, words, posted_at(row), self.ask.now);
                Place { score, row }
            })
            .collect();
        let order = |place: &Place| std::cmp::Reverse((place.score, place.row));
        places.sort_unstable_by_key(order);
        if let Some(after) = self.ask.after {
            places.retain(|place| order(place) > order(&after));
        }
        places.truncate(limit);
        Ok(places)
    }

    /// The newest messages that say `must`, with numbers below `below`, at most `limit`.
    fn newest(
        &mut self,
        must: &[Clause],
        below: i64,
        limit: usize,
    ) -> Result<Vec<Row>, IndexError> {
        let until =
            self.ask.until.map_or(i64::MAX, |until| first_row(until).saturating_add(LATER_ROWS));
        let mut below = below.min(until);
        let from = self.ask.since.map_or(0, first_row);
        let mut facets = if must.is_empty() { self.filter.first() } else { Facets::default() };
        let mut rows = Vec::new();
        loop {
            let parts = self.filter.parts(facets);
            let expressions: Vec<String> = parts
                .iter()
                .map(|scopes| expression(&self.filter, must, &self.ask.must_not, facets, scopes))
                .collect();
            let left = limit - rows.len();
            let (mut found, mut lacking) = (Vec::new(), None);
            for expression in &expressions {
                // What several ask for is not asked otherwise in the middle of it.
                let known = if expressions.len() > 1 { Facets::ALL } else { facets };
                let part = self.read(expression, (from, below), left, known, &mut found)?;
                lacking = lacking.or(part);
            }
            found.sort_unstable_by_key(|row: &Row| std::cmp::Reverse(row.row));
            found.dedup_by_key(|row| row.row);
            found.truncate(left);
            rows.append(&mut found);
            match lacking {
                Some((last, more)) => (below, facets) = (last, facets.with(more)),
                None => return Ok(rows),
            }
        }
    }

    /// Reads what fits. Where most of it lacks something that FTS5 was not asked for, ends there: at
    /// which message, and what they lack.
    fn read(
        &mut self,
        expression: &str,
        (from, below): (i64, i64),
        limit: usize,
        known: Facets,
        into: &mut Vec<Row>,
    ) -> Result<Option<(i64, Facets)>, IndexError> {
        let sql = "SELECT id, stream, author, marks, words
                   FROM token CROSS JOIN message ON id = ?4 - token.rowid
                   WHERE token MATCH ?1 AND token.rowid > ?2 AND token.rowid <= ?3
                   ORDER BY token.rowid";
        let mut statement = self.conn.prepare_cached(sql).map_err(from_sqlite)?;
        let range = (expression, turned(below), turned(from), turned(0));
        let mut rows = statement.query(range).map_err(from_sqlite)?;
        let (mut lacking, mut count) = (Lacking::default(), 0);
        while count < limit
            && let Some(columns) = rows.next().map_err(from_sqlite)?
        {
            let row = read_row(columns).map_err(from_sqlite)?;
            let lacks = self.filter.lacks(self.conn, &row).map_err(from_sqlite)?;
            if lacking.note(lacks) {
                into.push(row);
                count += 1;
            } else if let often = lacking.often().without(known)
                && !often.is_empty()
            {
                return Ok(Some((row.row, often)));
            }
        }
        Ok(None)
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

fn read_row(columns: &Columns<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        row: columns.get(0)?,
        stream: columns.get(1)?,
        author: columns.get(2)?,
        marks: columns.get(3)?,
        words: columns.get::<_, i64>(4)?.unsigned_abs(),
    })
}

#[cfg(test)]
mod tests;
