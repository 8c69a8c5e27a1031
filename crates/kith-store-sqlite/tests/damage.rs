//! Restarts, full and read-only disks, and damaged files: detected or harmless, never silent.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kith_core::id::Seq;
use kith_store::conformance::{
    FEED, all_of, append, batch, document, grow, name, stream, trim, write,
};
use kith_store::{Head, Store, StoreError};
use kith_store_sqlite::{Options, SqliteStore, check};
use tempfile::TempDir;

fn at(dir: &TempDir) -> PathBuf {
    dir.path().join("kith.db")
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    // The mark is written after every commit, so that nothing depends on the clock.
    SqliteStore::open(path, Options { mark_every: Duration::ZERO, ..Options::default() })
}

/// Everything, as text; an error if any of it cannot be read.
async fn dump(store: &SqliteStore) -> Result<String, StoreError> {
    let feeds = store.feeds(None, usize::MAX).await?;
    let mut text = format!("{feeds:?}");
    for feed in feeds {
        let events = store.events(feed, Seq(0), usize::MAX).await?;
        text.push_str(&format!("{:?} {events:?}", store.head(feed).await?));
    }
    for collection in ["c", "d"] {
        text.push_str(&format!("{:?}", store.scan(all_of(collection), usize::MAX).await?));
    }
    Ok(text)
}

async fn fill(store: &SqliteStore, rounds: u64) {
    for n in 0..rounds {
        let text = format!("\"{}\"", "text ".repeat(20 + usize::try_from(n).unwrap()));
        grow(store, stream(n % 5), &[&text, "{}"]).await;
        let key = format!("key/{n}");
        let writes = vec![document("c", &key, &text), document("d", "same", &n.to_string())];
        write(store, vec![batch(vec![], writes)]).await;
        if n % 5 == 0 {
            write(store, vec![trim(stream(0), 2 * (n / 5))]).await;
        }
    }
}

/// A read through the writer, after which the mark of all earlier commits is on the disk.
async fn settle(store: &SqliteStore) {
    for _ in 0..2 {
        store.prune("none", String::new(), 0).await.unwrap();
    }
}

/// Copies the files of an open database, as a power loss would leave them.
fn image(from: &Path, to: &Path) {
    for suffix in ["", "-wal", ".mark"] {
        fs::copy(beside(from, suffix), beside(to, suffix)).unwrap();
    }
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let dir = TempDir::new().unwrap();
    let store = open(&at(&dir)).unwrap();
    let epoch = store.epoch().await.unwrap();
    fill(&store, 10).await;
    let before = dump(&store).await.unwrap();
    drop(store);
    let store = open(&at(&dir)).unwrap();
    assert_eq!(dump(&store).await.unwrap(), before);
    assert_eq!(store.epoch().await.unwrap(), epoch);
    fill(&store, 5).await;
    assert_eq!(store.check().unwrap(), vec![]);
    // While it is open it may be in the middle of writing a mark.
    drop(store);
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains(".new")), "{names:?}");
}

#[tokio::test]
async fn a_power_loss_keeps_what_was_confirmed() {
    let (dir, copy) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store = open(&at(&dir)).unwrap();
    fill(&store, 10).await;
    settle(&store).await;
    let before = dump(&store).await.unwrap();
    image(&at(&dir), &at(&copy));
    let copied = open(&at(&copy)).unwrap();
    assert_eq!(dump(&copied).await.unwrap(), before);
    assert_eq!(copied.check().unwrap(), vec![]);
}

#[tokio::test]
async fn a_second_open_is_refused_until_the_first_is_gone() {
    let dir = TempDir::new().unwrap();
    let store = open(&at(&dir)).unwrap();
    let second = open(&at(&dir));
    assert!(matches!(second, Err(StoreError::InUse)), "{second:?}");
    grow(&store, FEED, &["1"]).await;
    drop(store);
    assert_eq!(open(&at(&dir)).unwrap().head(FEED).await.unwrap().seq, Seq(1));
}

#[tokio::test]
async fn a_full_database_refuses_and_keeps_what_it_has() {
    let dir = TempDir::new().unwrap();
    let options = Options { max_pages: Some(40), ..Options::default() };
    let store = SqliteStore::open(&at(&dir), options).unwrap();
    let text = format!("\"{}\"", "x".repeat(5000));
    let mut last = Head::default();
    let error = loop {
        let next = append(FEED, last, &[&text]);
        let end = next.follow(last).unwrap();
        match store.commit(vec![batch(vec![next], vec![])]).await.remove(0) {
            Ok(()) => last = end,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full), "{error:?}");
    assert!(last.seq.0 > 3);
    assert_eq!(store.head(FEED).await.unwrap(), last);
    assert_eq!(store.check().unwrap(), vec![]);
    // A small write may still fit, and with more room it goes on.
    drop(store);
    let store = open(&at(&dir)).unwrap();
    assert_eq!(grow(&store, FEED, &[&text]).await.seq, last.seq.next());
}

#[tokio::test]
async fn a_read_only_file_is_refused_and_left_alone() {
    let dir = TempDir::new().unwrap();
    let store = open(&at(&dir)).unwrap();
    grow(&store, FEED, &["1"]).await;
    drop(store);
    let before = fs::read(at(&dir)).unwrap();
    let mut permissions = fs::metadata(at(&dir)).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(at(&dir), permissions).unwrap();
    let opened = open(&at(&dir));
    assert!(matches!(opened, Err(StoreError::ReadOnly(_))), "{opened:?}");
    assert!(fs::read(at(&dir)).unwrap() == before);
}

#[tokio::test]
async fn lost_commits_are_noticed() {
    let (dir, old) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store = open(&at(&dir)).unwrap();
    fill(&store, 3).await;
    settle(&store).await;
    image(&at(&dir), &at(&old));
    fill(&store, 3).await;
    drop(store);
    // The newer mark beside the older database, as after a disk that lied.
    fs::copy(beside(&at(&dir), ".mark"), beside(&at(&old), ".mark")).unwrap();
    let opened = open(&at(&old));
    assert!(
        matches!(&opened, Err(StoreError::Corrupt(text)) if text.contains("restore from a backup")),
        "{opened:?}"
    );
    assert_eq!(check(&at(&old)).unwrap().len(), 1);
    // An empty file instead of a database, and none at all.
    fs::write(at(&old), "").unwrap();
    assert!(matches!(open(&at(&old)), Err(StoreError::Corrupt(_))));
    fs::remove_file(at(&old)).unwrap();
    assert!(matches!(open(&at(&old)), Err(StoreError::Corrupt(_))));
}

#[tokio::test]
async fn what_is_left_of_a_trimmed_feed_is_still_vouched_for() {
    let dir = TempDir::new().unwrap();
    let store = open(&at(&dir)).unwrap();
    grow(&store, FEED, &["1", "2", "3", "4"]).await;
    write(&store, vec![trim(FEED, 2)]).await;
    drop(store);
    assert_eq!(check(&at(&dir)).unwrap(), vec![]);
    let original = fs::read(at(&dir)).unwrap();
    for (sql, what) in [
        ("UPDATE event SET body = '9' WHERE body = '3'", "The hash of event 3 of site is wrong."),
        ("DELETE FROM event WHERE body = '3'", "After event 2 of site comes event 4."),
        ("UPDATE feed SET trimmed_hash = zeroblob(32)", "The hash of event 3 of site is wrong."),
        ("UPDATE feed SET trimmed = 1", "After event 1 of site comes event 3."),
    ] {
        fs::write(at(&dir), &original).unwrap();
        rusqlite::Connection::open(at(&dir)).unwrap().execute(sql, []).unwrap();
        let found = check(&at(&dir)).unwrap();
        assert!(found.iter().any(|problem| problem.what == what), "{sql}: {found:?}");
        let store = open(&at(&dir)).unwrap();
        let read = store.events(FEED, Seq(0), 9).await;
        assert!(matches!(read, Err(StoreError::Corrupt(_))), "{sql}: {read:?}");
    }
}

#[tokio::test]
async fn wrong_rows_are_found_and_told() {
    let dir = TempDir::new().unwrap();
    let store = open(&at(&dir)).unwrap();
    fill(&store, 10).await;
    drop(store);
    let changes = [
        "DELETE FROM event WHERE id = (SELECT max(id) FROM event WHERE id < 1 << 33)",
        "UPDATE event SET body = '\"y\"' WHERE id = (3 << 32) + 2",
        "UPDATE event SET body = 'no json' WHERE id = (3 << 32) + 1",
        "UPDATE feed SET last = last + 1 WHERE no = 2",
        "DELETE FROM feed WHERE no = 2",
        "UPDATE feed SET name = 'x' WHERE no = 2",
        "UPDATE document SET body = '1' WHERE key = 'key/1'",
        "UPDATE document SET key = 'key/x' WHERE key = 'key/1'",
        "DELETE FROM meta",
    ];
    for change in changes {
        let copy = TempDir::new().unwrap();
        fs::copy(at(&dir), at(&copy)).unwrap();
        let conn = rusqlite::Connection::open(at(&copy)).unwrap();
        conn.execute(change, []).unwrap();
        drop(conn);
        let problems = check(&at(&copy)).unwrap();
        assert!(!problems.is_empty(), "{change}");
    }
    assert_eq!(check(&at(&dir)).unwrap(), vec![]);
    assert!(check(&dir.path().join("none")).is_err());
}

/// Opens what `damage` left: an error, a problem or a failed read, or else the same content.
async fn detected_or_harmless(path: &Path, content: &str, what: &str) -> bool {
    let Ok(store) = open(path) else { return true };
    if store.check().is_ok_and(|problems| problems.is_empty()) {
        let read = dump(&store).await;
        let same = read.as_ref().is_ok_and(|read| read == content);
        assert!(read.is_err() || same, "silently changed: {what}");
        return read.is_err();
    }
    true
}

/// Every file of an image, flipped and cut at places spread over it.
async fn damage_everywhere(
    source: &Path,
    content: &str,
    suffixes: &[&str],
    places: usize,
) -> usize {
    let mut detected = 0;
    for suffix in suffixes {
        let whole = fs::read(beside(source, suffix)).unwrap();
        for n in 0..places {
            // A prime step through the file, with all bits in turn.
            let offset = n * 104_729 % whole.len();
            let copy = TempDir::new().unwrap();
            image(source, &at(&copy));
            let mut bytes = whole.clone();
            if n % 8 == 7 {
                bytes.truncate(offset);
            } else {
                bytes[offset] ^= 1 << (n % 8);
            }
            fs::write(beside(&at(&copy), suffix), bytes).unwrap();
            let what = format!("{n}: {offset} of {suffix:?}");
            detected += usize::from(detected_or_harmless(&at(&copy), content, &what).await);
        }
        // The header decides how all the rest is read.
        if suffix.is_empty() {
            for offset in 0..100 {
                let copy = TempDir::new().unwrap();
                image(source, &at(&copy));
                let mut bytes = whole.clone();
                bytes[offset] ^= 1 << (offset % 8);
                fs::write(at(&copy), bytes).unwrap();
                let what = format!("header {offset}");
                detected += usize::from(detected_or_harmless(&at(&copy), content, &what).await);
            }
        }
    }
    detected
}

#[tokio::test]
async fn damage_to_a_closed_database_is_detected_or_harmless() {
    let dir = TempDir::new().unwrap();
    let store = open(&at(&dir)).unwrap();
    fill(&store, 40).await;
    let content = dump(&store).await.unwrap();
    drop(store);
    fs::write(beside(&at(&dir), "-wal"), "").unwrap();
    let detected = damage_everywhere(&at(&dir), &content, &["", ".mark"], 100).await;
    assert!(detected > 100, "{detected}");
}

#[tokio::test]
async fn damage_to_the_log_is_detected_or_harmless() {
    let dir = TempDir::new().unwrap();
    let store = open(&at(&dir)).unwrap();
    fill(&store, 10).await;
    settle(&store).await;
    let content = dump(&store).await.unwrap();
    let copy = TempDir::new().unwrap();
    image(&at(&dir), &at(&copy));
    let detected = damage_everywhere(&at(&copy), &content, &["-wal"], 100).await;
    assert!(detected > 50, "{detected}");
    // What could not be opened was left as it was, for whoever wants to save more of it.
    let mut bytes = fs::read(beside(&at(&copy), "-wal")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(beside(&at(&copy), "-wal"), &bytes).unwrap();
    assert!(matches!(open(&at(&copy)), Err(StoreError::Corrupt(_))));
    assert!(fs::read(beside(&at(&copy), "-wal")).unwrap() == bytes);
    assert_eq!(store.get(vec![name("d", "same")]).await.unwrap(), vec![Some("9".into())]);
}
