//! Where a message is, who wrote it and what it has: what is asked beside its words.
//!
//! Most of what has the words that are looked for has the rest as well, and then a look at its row
//! costs less than having FTS5 walk through all that a circle or an author ever wrote. So FTS5 is
//! asked for words alone, until it turns out what most of the messages lack that have them.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;

use kith_core::id::UserId;
use kith_core::search::Mark;
use kith_store::index::{Ask, IndexError, Scope};
use rusqlite::{Connection, OptionalExtension};

use crate::file::from_sqlite;
use crate::token::{Tag, quoted};

/// Scopes that FTS5 looks through at once.
const SCOPES_MAX: usize = 500;
/// So many messages that have the words lack the same before FTS5 is asked for it.
const LACKING_MAX: usize = 400;

/// What a message may lack that has all words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Facet {
    Place,
    Author,
    Mark,
}

/// Some facets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facets([bool; 3]);

impl Facets {
    pub(crate) const ALL: Self = Self([true; 3]);

    pub(crate) fn of(facet: Facet) -> Self {
        Self([Facet::Place, Facet::Author, Facet::Mark].map(|one| one == facet))
    }

    fn has(self, facet: Facet) -> bool {
        self.0[facet as usize]
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }

    pub(crate) fn with(mut self, other: Self) -> Self {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own |= other;
        }
        self
    }

    pub(crate) fn without(mut self, other: Self) -> Self {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own &= !other;
        }
        self
    }
}

/// What the index knows of a message beside its words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Its number.
    pub(crate) row: i64,
    pub(crate) stream: i64,
    pub(crate) author: i64,
    pub(crate) marks: i64,
    /// How many words it has.
    pub(crate) words: u64,
}

/// How often messages that have the words lacked what.
#[derive(Debug, Default)]
pub(crate) struct Lacking {
    of: [usize; 3],
    fitting: usize,
}

impl Lacking {
    /// Notes what a message lacks; whether it is nothing.
    pub(crate) fn note(&mut self, lacks: Facets) -> bool {
        for (count, lacks) in self.of.iter_mut().zip(lacks.0) {
            *count += usize::from(lacks);
        }
        self.fitting += usize::from(lacks.is_empty());
        lacks.is_empty()
    }

    /// What so many lacked that FTS5 is to be asked for it.
    pub(crate) fn often(&self) -> Facets {
        Facets(self.of.map(|count| count >= LACKING_MAX.max(self.fitting)))
    }
}

/// What is asked beside words, with numbers for ids.
#[derive(Debug)]
pub(crate) struct Filter {
    scopes: Vec<Tag>,
    within: HashSet<Tag>,
    except: HashSet<i64>,
    from: Option<HashSet<i64>>,
    not_from: HashSet<i64>,
    has: i64,
    has_not: i64,
    marks: [Vec<Mark>; 2],
    /// Whether streams that were seen are in one of the scopes.
    seen: HashMap<i64, bool>,
}

impl Filter {
    pub(crate) fn new(conn: &Connection, ask: &Ask) -> Result<Self, IndexError> {
        let known = |id: &dyn Display| number(conn, id).map_err(from_sqlite);
        let mut scopes = Vec::new();
        for scope in &ask.scopes {
            scopes.extend(match scope {
                Scope::Circle(circle) => known(circle)?.map(Tag::Circle),
                Scope::Direct(user) => known(user)?.map(Tag::Direct),
                Scope::Stream(stream) => known(stream)?.map(Tag::Stream),
            });
        }
        let users = |ids: &[UserId]| {
            let numbers = ids.iter().filter_map(|id| known(id).transpose());
            numbers.collect::<Result<HashSet<i64>, _>>()
        };
        let except = ask.except.iter().filter_map(|id| known(id).transpose());
        Ok(Self {
            within: scopes.iter().copied().collect(),
            scopes,
            except: except.collect::<Result<_, _>>()?,
            from: ask.from.as_deref().map(users).transpose()?,
            not_from: users(&ask.not_from)?,
            has: bits(&ask.has),
            has_not: bits(&ask.has_not),
            marks: [ask.has.clone(), ask.has_not.clone()],
            seen: HashMap::new(),
        })
    }

    /// Whether nothing can be found: one of nothing is never there.
    pub(crate) fn is_none(&self) -> bool {
        self.scopes.is_empty() || self.from.as_ref().is_some_and(HashSet::is_empty)
    }

    /// What FTS5 is asked for where there are no words: one of those of which there is least.
    pub(crate) fn first(&self) -> Facets {
        Facets::of(match (&self.from, self.has) {
            (Some(_), _) => Facet::Author,
            (None, 0) => Facet::Place,
            (None, _) => Facet::Mark,
        })
    }

    /// What a message lacks of what is asked.
    pub(crate) fn lacks(&mut self, conn: &Connection, row: &Row) -> rusqlite::Result<Facets> {
        let in_scope = match self.seen.get(&row.stream) {
            Some(is) => *is,
            None => {
                let is = self.is_within(conn, row.stream)?;
                self.seen.insert(row.stream, is);
                is
            }
        };
        let by = self.from.as_ref().is_none_or(|from| from.contains(&row.author));
        Ok(Facets([
            !in_scope,
            !by || self.not_from.contains(&row.author),
            row.marks & self.has != self.has || row.marks & self.has_not != 0,
        ]))
    }

    fn is_within(&self, conn: &Connection, stream: i64) -> rusqlite::Result<bool> {
        if self.except.contains(&stream) {
            return Ok(false);
        }
        if self.within.contains(&Tag::Stream(stream)) {
            return Ok(true);
        }
        let mut look =
            conn.prepare_cached("SELECT circle, low, high FROM home WHERE stream = ?1")?;
        let home: (Option<i64>, Option<i64>, Option<i64>) =
            look.query_row([stream], |row| row.try_into())?;
        let (circle, low, high) = home;
        let home = [circle.map(Tag::Circle), low.map(Tag::Direct), high.map(Tag::Direct)];
        Ok(home.into_iter().flatten().any(|tag| self.within.contains(&tag)))
    }

    /// What FTS5 is asked for some facets, `scopes` of them at once: what is there, and what is not.
    pub(crate) fn tokens(&self, facets: Facets, scopes: &[Tag]) -> (Vec<String>, Vec<String>) {
        let (mut all, mut none) = (Vec::new(), Vec::new());
        let one = |tag: Tag| quoted(&tag.token());
        if facets.has(Facet::Place) {
            all.push(any(scopes.iter().copied().map(one)));
            // The rest of them is seen by the rows.
            none.extend(self.except.iter().take(SCOPES_MAX).map(|id| one(Tag::Stream(*id))));
        }
        if facets.has(Facet::Author) {
            let authors = |ids: &HashSet<i64>| ids.iter().map(|id| one(Tag::Author(*id))).collect();
            let from: Option<Vec<String>> = self.from.as_ref().map(authors);
            all.extend(from.map(|from| any(from.into_iter())));
            none.extend(self.not_from.iter().take(SCOPES_MAX).map(|id| one(Tag::Author(*id))));
        }
        if facets.has(Facet::Mark) {
            let [has, has_not] = &self.marks;
            all.extend(has.iter().map(|mark| one(Tag::Mark(*mark))));
            none.extend(has_not.iter().map(|mark| one(Tag::Mark(*mark))));
        }
        (all, none)
    }

    /// The scopes of each expression: all of them are seen by the rows, where FTS5 is not asked.
    pub(crate) fn parts(&self, facets: Facets) -> Vec<&[Tag]> {
        match facets.has(Facet::Place) {
            true => self.scopes.chunks(SCOPES_MAX).collect(),
            false => vec![&[]],
        }
    }
}

/// One of some tokens.
fn any(tokens: impl Iterator<Item = String>) -> String {
    format!("({})", tokens.collect::<Vec<_>>().join(" OR "))
}

/// Marks as they stand in a row.
pub(crate) fn bits(marks: &[Mark]) -> i64 {
    let bit = |mark: &Mark| Mark::ALL.iter().position(|one| one == mark).map_or(0, |at| 1 << at);
    marks.iter().map(bit).fold(0, |all, bit: i64| all | bit)
}

fn number(conn: &Connection, id: &dyn Display) -> rusqlite::Result<Option<i64>> {
    let mut look = conn.prepare_cached("SELECT id FROM ident WHERE name = ?1")?;
    look.query_row([id.to_string()], |row| row.get(0)).optional()
}
