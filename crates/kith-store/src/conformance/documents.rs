//! Promises about documents.

use super::{all_of, batch, document, keys, name, write};
use crate::{DocWrite, KEY_BYTES_MAX, ROWS_MAX, Range, Store};

/// Texts that trip up escaping, collation and prefixes: wildcards, several bytes per character, the
/// greatest character, neighbours of the surrogates, a prefix of another, the empty key.
const KEYS: [&str; 24] = [
    "",
    " ",
    "%",
    "A",
    "_",
    "a",
    "a/",
    "a/%",
    "a/1",
    "a/10",
    "a/2",
    "a/\u{10FFFF}",
    "a0",
    "b",
    "b\\",
    "e",
    "z",
    "é",
    "é/ü",
    "漢",
    "漢字",
    "\u{D7FF}",
    "\u{E000}",
    "😀",
];

async fn fill(store: &impl Store, collection: &'static str, keys: &[&str]) {
    let writes = keys.iter().map(|key| document(collection, key, &format!("\"{key}\""))).collect();
    write(store, vec![batch(vec![], writes)]).await;
}

/// One answer per key asked, also for keys that are missing or asked twice.
pub async fn documents_come_in_the_order_asked(store: &impl Store) {
    fill(store, "c", &["a", "b", "é"]).await;
    let asked = ["é", "x", "a", "a", "", "b"].map(|key| name("c", key)).to_vec();
    let found = store.get(asked).await.expect("get");
    let wanted = [Some("\"é\""), None, Some("\"a\""), Some("\"a\""), None, Some("\"b\"")];
    assert_eq!(found, wanted.map(|body| body.map(Into::into)));
}

/// Writes of a batch are applied in order, and batches in theirs.
pub async fn the_later_write_of_a_key_wins(store: &impl Store) {
    let gone = |key| DocWrite { key: name("c", key), body: None };
    let put = |key, body| document("c", key, body);
    let first = batch(
        vec![],
        vec![put("a", "1"), put("a", "2"), put("b", "1"), gone("b"), gone("d"), put("d", "1")],
    );
    let second = batch(vec![], vec![put("e", "1"), put("d", "2")]);
    let third = batch(vec![], vec![put("e", "2")]);
    write(store, vec![first, second, third]).await;
    let asked = ["a", "b", "d", "e"].map(|key| name("c", key)).to_vec();
    let found = store.get(asked).await.expect("get");
    let wanted = [Some("2"), None, Some("2"), Some("2")];
    assert_eq!(found, wanted.map(|body| body.map(Into::into)));
}

/// Removing works, and removing what is not there is no error.
pub async fn a_removed_document_is_gone(store: &impl Store) {
    fill(store, "c", &["a", "b"]).await;
    let gone = |key| DocWrite { key: name("c", key), body: None };
    write(store, vec![batch(vec![], vec![gone("a"), gone("x")])]).await;
    assert_eq!(store.get(vec![name("c", "a")]).await.expect("get"), vec![None]);
    assert_eq!(keys(store, all_of("c")).await, ["b"]);
    fill(store, "c", &["a"]).await;
    assert_eq!(keys(store, all_of("c")).await, ["a", "b"]);
}

/// The same key in two collections names two documents.
pub async fn collections_are_apart(store: &impl Store) {
    fill(store, "c", &["a", "b"]).await;
    fill(store, "cc", &["a"]).await;
    write(store, vec![batch(vec![], vec![document("c", "a", "1")])]).await;
    let found = store.get(vec![name("c", "a"), name("cc", "a")]).await.expect("get");
    assert_eq!(found, vec![Some("1".into()), Some("\"a\"".into())]);
    assert_eq!(keys(store, all_of("cc")).await, ["a"]);
    assert_eq!(store.prune("cc", "z".to_owned(), 9).await.expect("prune"), 1);
    assert_eq!(keys(store, all_of("c")).await, ["a", "b"]);
}

/// Prefix, after, before and direction mean bytes, whatever the language of the key.
pub async fn a_scan_returns_what_the_range_says(store: &impl Store) {
    fill(store, "b", &["a", "zz"]).await;
    fill(store, "c", &KEYS).await;
    fill(store, "d", &["a", "zz"]).await;
    let mut sorted = KEYS;
    sorted.sort_unstable();
    let bounds = [None, Some(""), Some("a"), Some("a/1"), Some("é"), Some("漢字"), Some("nothing")];
    for prefix in ["", "a", "a/", "a/1", "é", "漢", "\u{D7FF}", "\u{10FFFF}", "nothing", "%", "_"]
    {
        for (after, before) in bounds.iter().flat_map(|a| bounds.iter().map(move |b| (*a, *b))) {
            let mut wanted: Vec<&str> = sorted.to_vec();
            wanted.retain(|key| {
                key.starts_with(prefix)
                    && after.is_none_or(|after| *key > after)
                    && before.is_none_or(|before| *key < before)
            });
            for descending in [false, true] {
                let range = Range {
                    collection: "c",
                    prefix: prefix.to_owned(),
                    after: after.map(str::to_owned),
                    before: before.map(str::to_owned),
                    descending,
                };
                assert_eq!(keys(store, range.clone()).await, wanted, "{range:?}");
                let two = store.scan(range, 2).await.expect("scan");
                let two: Vec<&str> = two.iter().map(|document| document.key.as_str()).collect();
                assert_eq!(two, wanted[..wanted.len().min(2)]);
                wanted.reverse();
            }
        }
    }
}

/// Going on after the last key of a page misses nothing and repeats nothing.
pub async fn a_scan_can_be_continued(store: &impl Store) {
    fill(store, "c", &KEYS).await;
    let mut sorted = KEYS;
    sorted.sort_unstable();
    let (mut up, mut range) = (Vec::new(), all_of("c"));
    while let Some(last) = {
        let page = store.scan(range.clone(), 5).await.expect("scan");
        up.extend(page.iter().map(|document| document.key.clone()));
        page.last().map(|document| document.key.clone())
    } {
        range.after = Some(last);
    }
    assert_eq!(up, sorted);
    let (mut down, mut range) = (Vec::new(), Range { descending: true, ..all_of("c") });
    while let Some(last) = {
        let page = store.scan(range.clone(), 5).await.expect("scan");
        down.extend(page.iter().map(|document| document.key.clone()));
        page.last().map(|document| document.key.clone())
    } {
        range.before = Some(last);
    }
    down.reverse();
    assert_eq!(down, sorted);
}

/// However much is asked, [`ROWS_MAX`] bounds the answer; a count and a prune are not bound by it.
pub async fn no_read_returns_more_than_the_most(store: &impl Store) {
    let writes = (0..=ROWS_MAX).map(|n| document("c", &format!("{n:06}"), "0")).collect();
    write(store, vec![batch(vec![], writes)]).await;
    let found = store.scan(all_of("c"), usize::MAX).await.expect("scan");
    assert_eq!(found.len(), ROWS_MAX);
    assert_eq!(store.count(all_of("c")).await.expect("count"), ROWS_MAX as u64 + 1);
    assert_eq!(store.scan(all_of("c"), 0).await.expect("scan"), vec![]);
    let longest = "k".repeat(KEY_BYTES_MAX);
    fill(store, "c", &[&longest]).await;
    let pruned = store.prune("c", "l".to_owned(), usize::MAX).await.expect("prune");
    assert_eq!(pruned, ROWS_MAX as u64 + 2);
}

/// A prune removes keys below the bound, the least first, and not more than asked.
pub async fn pruning_removes_the_least_keys_only(store: &impl Store) {
    fill(store, "b", &["a"]).await;
    fill(store, "c", &["a", "b", "d", "e", "é"]).await;
    assert_eq!(store.prune("c", "a".to_owned(), 9).await.expect("prune"), 0);
    assert_eq!(store.prune("c", "e".to_owned(), 2).await.expect("prune"), 2);
    assert_eq!(keys(store, all_of("c")).await, ["d", "e", "é"]);
    assert_eq!(store.prune("c", "e".to_owned(), 0).await.expect("prune"), 0);
    assert_eq!(store.prune("c", "e".to_owned(), 9).await.expect("prune"), 1);
    assert_eq!(keys(store, all_of("c")).await, ["e", "é"]);
    assert_eq!(keys(store, all_of("b")).await, ["a"]);
}
