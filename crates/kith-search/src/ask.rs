//! From what is asked to what FTS5 reads: an expression of quoted tokens alone.

use std::fmt::Display;

use kith_core::search::Clause;
use kith_store::index::{Ask, IndexError, Scope};
use rusqlite::{Connection, OptionalExtension};

use crate::file::from_sqlite;
use crate::token::{Tag, phrase, quoted};

/// An expression under which nothing is found is `None`.
pub(crate) type Expression = Option<String>;

/// The expression for hits in `scopes`, which say what `must` says.
pub(crate) fn expression(
    conn: &Connection,
    ask: &Ask,
    scopes: &[Scope],
    must: &[Clause],
) -> Result<Expression, IndexError> {
    let known = |id: &dyn Display| number(conn, id).map_err(from_sqlite);
    let mut within = Vec::new();
    for scope in scopes {
        let tag = match scope {
            Scope::Circle(circle) => known(circle)?.map(Tag::Circle),
            Scope::Direct(user) => known(user)?.map(Tag::Direct),
            Scope::Stream(stream) => known(stream)?.map(Tag::Stream),
        };
        within.extend(tag.map(|tag| quoted(&tag.token())));
    }
    let mut all = vec![within];
    if let Some(from) = &ask.from {
        let mut authors = Vec::new();
        for user in from {
            authors.extend(known(user)?.map(|id| quoted(&Tag::Author(id).token())));
        }
        all.push(authors);
    }
    all.extend(ask.has.iter().map(|mark| vec![quoted(&Tag::Mark(*mark).token())]));
    all.extend(must.iter().map(|clause| vec![phrase(clause)]));
    let mut none: Vec<String> = ask.must_not.iter().map(phrase).collect();
    for stream in &ask.except {
        none.extend(known(stream)?.map(|id| quoted(&Tag::Stream(id).token())));
    }
    for user in &ask.not_from {
        none.extend(known(user)?.map(|id| quoted(&Tag::Author(id).token())));
    }
    none.extend(ask.has_not.iter().map(|mark| quoted(&Tag::Mark(*mark).token())));
    // One of nothing is never there.
    if all.iter().any(Vec::is_empty) {
        return Ok(None);
    }
    let all: Vec<String> = all.iter().map(|one| format!("({})", one.join(" OR "))).collect();
    let mut expression = format!("({})", all.join(" AND "));
    if !none.is_empty() {
        expression.push_str(&format!(" NOT ({})", none.join(" OR ")));
    }
    Ok(Some(expression))
}

fn number(conn: &Connection, id: &dyn Display) -> rusqlite::Result<Option<i64>> {
    let mut look = conn.prepare_cached("SELECT id FROM ident WHERE name = ?1")?;
    look.query_row([id.to_string()], |row| row.get(0)).optional()
}
