//! Transactions over several feeds: whole ones are clean, torn ones are caught.

use kith_checker::{Kind, Record, check};

const FEEDS: [&str; 2] = ["one", "two"];

fn logged(feed: &str, seq: u64, op: &str) -> Record {
    let op = Some(format!("{op}@{feed}"));
    Record::Logged { feed: feed.to_owned(), epoch: 1, seq, op, hash: String::new() }
}

fn shown(feed: &str, seq: u64, op: &str) -> Record {
    let (client, op) = ("ana".to_owned(), Some(format!("{op}@{feed}")));
    Record::Deliver { client, feed: feed.to_owned(), epoch: 1, seq, op, hash: String::new() }
}

fn whole() -> Record {
    Record::Whole { client: "ana".to_owned(), feeds: FEEDS.map(str::to_owned).to_vec() }
}

fn head(feed: &str, seq: u64) -> Record {
    Record::Head { feed: feed.to_owned(), epoch: 1, seq }
}

/// The kinds of what is wrong when these are the records of a run of the transactions `a` and `b`.
fn verdict(records: Vec<Record>) -> Vec<Kind> {
    let mut all = Vec::new();
    for op in ["a", "b"] {
        let parts = FEEDS.map(|feed| format!("{op}@{feed}")).to_vec();
        for (part, feed) in parts.iter().zip(FEEDS) {
            all.push(Record::Invoke {
                client: "bob".to_owned(),
                op: part.clone(),
                feed: feed.to_owned(),
                body_hash: String::new(),
                at: 0,
            });
        }
        // Said again, as by a retry, it is the same.
        all.extend([Record::Transaction { parts: parts.clone() }, Record::Transaction { parts }]);
    }
    all.extend(records);
    check(all).by_kind.into_keys().collect()
}

fn log() -> Vec<Record> {
    let rows = [logged("one", 1, "a"), logged("two", 1, "a"), logged("one", 2, "b")];
    let rest = [logged("two", 2, "b"), head("one", 2), head("two", 2)];
    rows.into_iter().chain(rest).collect()
}

#[test]
fn what_is_whole_everywhere_is_clean() {
    let mut records = vec![shown("one", 1, "a"), shown("two", 1, "a"), whole()];
    records.extend([shown("two", 2, "b"), shown("one", 2, "b"), whole()]);
    records.extend(log());
    assert_eq!(verdict(records), []);
}

#[test]
fn one_that_is_nowhere_is_clean() {
    let log = vec![logged("one", 1, "a"), logged("two", 1, "a"), head("one", 1), head("two", 1)];
    assert_eq!(verdict(log), []);
}

#[test]
fn half_of_one_in_the_log_is_torn() {
    let rows = [logged("one", 1, "a"), logged("two", 1, "a"), logged("one", 2, "b")];
    let log = rows.into_iter().chain([head("one", 2), head("two", 1)]).collect();
    assert_eq!(verdict(log), [Kind::Torn]);
}

#[test]
fn half_of_one_before_somebodys_eyes_is_torn() {
    let mut records = vec![shown("one", 1, "a"), whole(), shown("two", 1, "a"), whole()];
    records.extend(log());
    assert_eq!(verdict(records), [Kind::Torn]);
}

#[test]
fn two_orders_are_torn() {
    let rows = [logged("one", 1, "a"), logged("two", 1, "b"), logged("one", 2, "b")];
    let rest = [logged("two", 2, "a"), head("one", 2), head("two", 2)];
    assert_eq!(verdict(rows.into_iter().chain(rest).collect()), [Kind::Torn]);
}
