//! How far a search goes: what it asks of FTS5, and when it ends.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use kith_core::id::{CircleId, Timestamp, UserId};
use kith_core::search::parse;
use kith_store::index::{Change, Entry, Home, Scope, Step};
use tempfile::TempDir;

use super::*;
use crate::filter::Facet;
use crate::write::Writer;

fn tea(number: u128) -> StreamId {
    StreamId::new(Timestamp(1), number)
}

fn user(number: u128) -> UserId {
    UserId::new(Timestamp(1), number)
}

/// An index of messages in three streams by turns: two of a circle, and one between ana and bob.
fn index(texts: impl Iterator<Item = String>) -> (TempDir, File) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("search");
    let made = Arc::new(AtomicU64::new(0));
    let mut writer = Writer::open(&path, Arc::clone(&made)).unwrap();
    writer.follow(1).unwrap();
    let change = |(number, text)| {
        let of = number as u128 % 3;
        Change::Put(Entry {
            stream: tea(of),
            seq: Seq(number as u64 / 3 + 1),
            home: match of {
                0 | 1 => Home::Circle(CircleId::new(Timestamp(1), 1)),
                _ => Home::Direct([user(1), user(2)]),
            },
            author: user(number as u128 % 2),
            at: Timestamp(1000 * number as u64),
            text,
            marks: Vec::new(),
        })
    };
    let changes = texts.enumerate().map(change).collect();
    writer.apply(&Step { changes, read: Vec::new() }).unwrap();
    (dir, File::reader(&path, made).unwrap())
}

fn ask(text: &str, scopes: Vec<Scope>) -> Ask {
    let search = parse(text, Timestamp(0), 0).unwrap();
    Ask { scopes, must: search.must, must_not: search.must_not, ..Ask::default() }
}

#[test]
fn what_takes_too_long_is_interrupted_even_where_nothing_is_found() {
    let texts = (0..40_000).map(|number| if number % 2 == 0 { "green" } else { "milk" });
    let (_dir, mut file) = index(texts.map(str::to_owned));
    let ask = ask("green milk ", vec![Scope::Stream(tea(0))]);
    let found = find_within(&mut file, &ask, 10, Duration::ZERO);
    assert!(matches!(found, Err(IndexError::Late)), "{found:?}");
    assert_eq!(find_within(&mut file, &ask, 10, TIME_MAX).unwrap(), []);
}

/// What FTS5 is asked for after words alone, because most that have them lack it; and hits by then.
fn lacking(file: &mut File, ask: &Ask) -> (Facets, usize) {
    let conn = file.conn(TIME_MAX).unwrap();
    let filter = Filter::new(conn, ask).unwrap();
    let mut search = Search { conn, ask, filter };
    let words = expression(&search.filter, &ask.must, &[], Facets::default(), &[]);
    let mut rows = Vec::new();
    let read = search.read(&words, (0, i64::MAX), 10_000, Facets::default(), &mut rows).unwrap();
    (read.map_or(Facets::default(), |(_, facets)| facets), rows.len())
}

#[test]
fn rare_words_are_found_without_a_look_through_all_that_a_circle_has() {
    let (_dir, mut file) = index((0..6000).map(|number| {
        if number % 30 == 1 { "green tea".to_owned() } else { format!("milk {number}") }
    }));
    let ask = ask("green tea ", vec![Scope::Circle(CircleId::new(Timestamp(1), 1))]);
    assert_eq!(lacking(&mut file, &ask), (Facets::default(), 200));
}

#[test]
fn what_most_lack_that_have_the_words_is_asked_of_the_index() {
    let (_dir, mut file) = index((0..6000).map(|_| "tea".to_owned()));
    let in_stream = ask("tea ", vec![Scope::Stream(tea(1))]);
    let by_ana = Ask { from: Some(vec![user(1)]), ..in_stream.clone() };
    for (ask, facets, hits) in [
        (in_stream, [Facet::Place].as_slice(), 2000),
        (by_ana, &[Facet::Place, Facet::Author], 1000),
    ] {
        let (lacks, before) = lacking(&mut file, &ask);
        let asked = facets.iter().fold(Facets::default(), |all, one| all.with(Facets::of(*one)));
        assert!(!lacks.is_empty() && lacks.without(asked).is_empty(), "{lacks:?}");
        assert!(before < hits / 2, "{before}");
        let found = find(&mut file, &Ask { order: Order::Time, ..ask }, 10_000).unwrap();
        assert_eq!(found.len(), hits);
        assert!(found.windows(2).all(|two| two[0].place.row > two[1].place.row));
    }
}
