//! The index finds what a look at every message finds, whatever was written, changed and removed in
//! which order, and however often it was closed in between.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::{BTreeMap, BTreeSet};

use kith_core::id::{CircleId, Seq, StreamId, Timestamp, UserId};
use kith_core::search::{Mark, Order, Search, parse, words};
use kith_search::SqliteIndex;
use kith_store::index::{Ask, Change, Entry, Home, Index, Place, Scope, Step};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_795_307_400_000);
const DAY_MS: u64 = 24 * 3600 * 1000;
const VOCABULARY: [&str; 14] = [
    "tea", "teapot", "Teá", "milk", "with", "the", "ops", "東京", "京", "都", "deploy", "deployed",
    "x", "🎉",
];
const ASKED: [&str; 20] = [
    "tea",
    "tea ",
    "teapot milk",
    "\"with the\"",
    "the tea -milk",
    "東京",
    "京 ",
    "東京都",
    "deploy",
    "dep",
    "has:link",
    "tea has:reaction",
    "-tea",
    "x",
    "🎉",
    "after:3d",
    "before:2d tea",
    "on:1d",
    "\"tea milk\" -has:link",
    "tea京",
];

fn user(number: u128) -> UserId {
    UserId::new(Timestamp(1), number)
}

fn stream(number: u128) -> StreamId {
    StreamId::new(Timestamp(1), number)
}

/// Streams 0 and 1 are of a circle, 2 is between users 0 and 1, 3 is a group's.
fn home(number: u128) -> Home {
    match number {
        0 | 1 => Home::Circle(CircleId::new(Timestamp(1), 7)),
        2 => Home::Direct([user(0), user(1)]),
        _ => Home::Group,
    }
}

#[derive(Clone, Debug)]
enum Move {
    Put { stream: u128, seq: u64, author: u128, words: Vec<usize>, marks: u8 },
    Remove { stream: u128, seq: u64 },
    Commit,
    Reopen,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let put = (
        0..4_u128,
        1..12_u64,
        0..3_u128,
        prop::collection::vec(0..VOCABULARY.len(), 1..8),
        0..4_u8,
    )
        .prop_map(|(stream, seq, author, words, marks)| Move::Put {
            stream,
            seq,
            author,
            words,
            marks,
        });
    let remove = (0..4_u128, 1..12_u64).prop_map(|(stream, seq)| Move::Remove { stream, seq });
    let one = prop_oneof![8 => put, 2 => remove, 2 => Just(Move::Commit), 1 => Just(Move::Reopen)];
    prop::collection::vec(one, 1..60)
}

/// All hits by a look at each message, the newest first.
fn scan(
    messages: &BTreeMap<(u128, u64), Entry>,
    search: &Search,
    asked: &Ask,
) -> BTreeSet<(StreamId, Seq)> {
    let fits = |entry: &&Entry| {
        let in_scope = asked.scopes.iter().any(|scope| match (scope, entry.home) {
            (Scope::Circle(circle), Home::Circle(home)) => *circle == home,
            (Scope::Direct(user), Home::Direct(users)) => users.contains(user),
            (Scope::Stream(stream), _) => *stream == entry.stream,
            _ => false,
        });
        in_scope
            && !asked.except.contains(&entry.stream)
            && asked.from.as_ref().is_none_or(|from| from.contains(&entry.author))
            && !asked.not_from.contains(&entry.author)
            && search.fits(&words(&entry.text), &entry.marks.iter().copied().collect(), entry.at)
    };
    messages.values().filter(fits).map(|entry| (entry.stream, entry.seq)).collect()
}

fn ask(search: &Search, order: Order, who: u128) -> Ask {
    let circle = Scope::Circle(CircleId::new(Timestamp(1), 7));
    let (scopes, except) = match who {
        0 => (vec![circle, Scope::Direct(user(0))], vec![]),
        1 => (vec![circle, Scope::Direct(user(2)), Scope::Stream(stream(3))], vec![stream(1)]),
        _ => (vec![Scope::Stream(stream(1)), Scope::Stream(stream(9))], vec![]),
    };
    Ask {
        scopes,
        except,
        must: search.must.clone(),
        must_not: search.must_not.clone(),
        from: (who == 1).then(|| vec![user(0), user(1)]),
        not_from: if who == 2 { vec![user(1)] } else { vec![] },
        has: search.has.iter().copied().collect(),
        has_not: search.has_not.iter().copied().collect(),
        since: search.since,
        until: search.until,
        order,
        now: NOW,
        after: None,
    }
}

async fn compare(index: &SqliteIndex, messages: &BTreeMap<(u128, u64), Entry>) {
    for asked in ASKED {
        let search = parse(asked, NOW, 0).unwrap();
        for who in 0..3 {
            let by_time = ask(&search, Order::Time, who);
            let expected = scan(messages, &search, &by_time);
            let found = index.find(by_time.clone(), 1000).await.unwrap();
            let set = |found: &[kith_store::index::Found]| {
                found.iter().map(|hit| (hit.stream, hit.seq)).collect::<BTreeSet<_>>()
            };
            // A message of the moment behind a time may be told, and is looked at again.
            let exact = |hits: BTreeSet<(StreamId, Seq)>| {
                let at = |key: &(StreamId, Seq)| {
                    messages
                        .values()
                        .find(|entry| (entry.stream, entry.seq) == *key)
                        .map(|entry| entry.at)
                };
                let in_time = |at: Timestamp| search.until.is_none_or(|until| at < until);
                hits.into_iter().filter(|key| at(key).is_none_or(in_time)).collect::<BTreeSet<_>>()
            };
            assert_eq!(exact(set(&found)), expected, "{asked:?} by {who}");
            assert!(found.windows(2).all(|two| two[0].place.row > two[1].place.row));
            let ranked = index.find(ask(&search, Order::Rank, who), 1000).await.unwrap();
            assert_eq!(set(&ranked), set(&found), "{asked:?} by rank");
            for order in [Order::Rank, Order::Time] {
                let whole = if order == Order::Rank { &ranked } else { &found };
                assert_eq!(
                    &pages(index, ask(&search, order, who)).await,
                    whole,
                    "{asked:?} in pages"
                );
            }
        }
    }
}

async fn pages(index: &SqliteIndex, mut ask: Ask) -> Vec<kith_store::index::Found> {
    let mut all: Vec<kith_store::index::Found> = Vec::new();
    loop {
        let page = index.find(ask.clone(), 3).await.unwrap();
        let after: Option<Place> = page.last().map(|hit| hit.place);
        all.extend(page);
        match after {
            Some(after) => ask.after = Some(after),
            None => return all,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_found_is_what_is_there(moves in moves()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async move {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("search");
            let mut index = SqliteIndex::open(&path).unwrap();
            index.follow(5).await.unwrap();
            let mut messages: BTreeMap<(u128, u64), Entry> = BTreeMap::new();
            let mut waiting: BTreeMap<(u128, u64), Change> = BTreeMap::new();
            let mut gone: BTreeSet<(u128, u64)> = BTreeSet::new();
            for (turn, one) in moves.into_iter().chain([Move::Commit]).enumerate() {
                match one {
                    // Numbers are given once.
                    Move::Put { stream, seq, .. } if gone.contains(&(stream, seq)) => {}
                    Move::Put { stream: of, seq, author, words, marks } => {
                        let words: Vec<&str> = words.iter().map(|word| VOCABULARY[*word]).collect();
                        let all = [Mark::Link, Mark::Reaction];
                        let marks = all.into_iter().enumerate().filter(|(bit, _)| marks >> bit & 1 == 1);
                        // When and by whom it was posted stays.
                        let before = messages.get(&(of, seq));
                        let at = NOW.0 - turn as u64 % 5 * DAY_MS - seq / 2;
                        let entry = Entry {
                            stream: stream(of),
                            seq: Seq(seq),
                            home: home(of),
                            author: before.map_or(user(author), |before| before.author),
                            at: before.map_or(Timestamp(at), |before| before.at),
                            text: words.join(if seq % 2 == 0 { " " } else { ", " }),
                            marks: marks.map(|(_, mark)| mark).collect(),
                        };
                        messages.insert((of, seq), entry.clone());
                        waiting.insert((of, seq), Change::Put(entry));
                    }
                    Move::Remove { stream: of, seq } => {
                        if messages.remove(&(of, seq)).is_some() {
                            gone.insert((of, seq));
                            waiting.insert((of, seq), Change::Remove(stream(of), Seq(seq)));
                        }
                    }
                    Move::Commit | Move::Reopen => {
                        let changes = std::mem::take(&mut waiting).into_values().collect();
                        let read = vec![(stream(0), Seq(turn as u64))];
                        index.apply(Step { changes, read }).await.unwrap();
                        if matches!(one, Move::Reopen) {
                            drop(index);
                            index = SqliteIndex::open(&path).unwrap();
                            index.follow(5).await.unwrap();
                        }
                        let read = index.read(vec![stream(0), stream(8)]).await.unwrap();
                        assert_eq!(read, [Seq(turn as u64), Seq(0)]);
                    }
                }
            }
            compare(&index, &messages).await;
            let all: Vec<Entry> = messages.into_values().collect();
            assert_eq!(index.differing(all).await.unwrap(), []);
            drop(index);
            assert_eq!(kith_search::check(&path).unwrap(), Vec::<String>::new());
        });
    }
}
