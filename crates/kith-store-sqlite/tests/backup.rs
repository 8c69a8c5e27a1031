//! Backups under load, and bringing them back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use kith_core::id::Seq;
use kith_store::conformance::{FEED, batch, document, grow, name, write};
use kith_store::{Store, StoreError};
use kith_store_sqlite::{Options, SqliteStore, check, restore};
use tempfile::TempDir;

fn open(dir: &TempDir) -> SqliteStore {
    SqliteStore::open(&dir.path().join("kith.db"), Options::default()).unwrap()
}

fn at(dir: &TempDir, name: &str) -> PathBuf {
    dir.path().join(name)
}

fn long(n: u64) -> String {
    format!("\"{n} {}\"", "x".repeat(3000))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_a_verified_prefix() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir);
    for n in 0..100 {
        grow(&store, FEED, &[&long(n), &long(n), &long(n)]).await;
    }
    // Opened again, all is in the pages that are copied.
    drop(store);
    let store = open(&dir);
    let before = store.head(FEED).await.unwrap();
    let copied = AtomicBool::new(false);
    let backup = at(&dir, "backup.db");
    let load = async {
        // At least some commits while the pages are copied, whoever is faster.
        let mut n = 0;
        while n < 20 || !copied.load(Ordering::Relaxed) {
            grow(&store, FEED, &["1"]).await;
            n += 1;
        }
    };
    let mut told = Vec::new();
    let handle = tokio::runtime::Handle::current();
    let both = || {
        std::thread::scope(|scope| {
            scope.spawn(|| handle.block_on(load));
            let result = store.backup(&backup, |done, total| told.push((done, total)));
            copied.store(true, Ordering::Relaxed);
            result.unwrap();
        });
    };
    tokio::task::block_in_place(both);
    let (done, total) = *told.last().unwrap();
    assert!(total > 100 && done == total, "{told:?}");
    assert_eq!(check(&backup).unwrap(), vec![]);

    let all = store.events(FEED, Seq(0), usize::MAX).await.unwrap();
    let other = TempDir::new().unwrap();
    restore(&backup, &at(&other, "kith.db"), 5, false).unwrap();
    let restored = open(&other);
    let found = restored.events(FEED, Seq(0), usize::MAX).await.unwrap();
    assert!(found.len() as u64 >= before.seq.0);
    assert!(found[..] == all[..found.len()], "a prefix");
    assert_eq!(restored.epoch().await.unwrap(), 5);
    assert_ne!(store.epoch().await.unwrap(), 5);
    grow(&restored, FEED, &["1"]).await;
}

#[tokio::test]
async fn a_backup_replaces_nothing_and_leaves_nothing_behind() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir);
    grow(&store, FEED, &["1"]).await;
    let target = at(&dir, "there");
    fs::write(&target, "precious").unwrap();
    let refused = store.backup(&target, |_, _| ());
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    assert_eq!(fs::read(&target).unwrap(), b"precious");
    assert!(store.backup(&at(&dir, "none/such"), |_, _| ()).is_err());
    store.backup(&at(&dir, "backup.db"), |_, _| ()).unwrap();
    let names = fs::read_dir(dir.path()).unwrap();
    for name in names.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        assert!(!name.contains("partial") && !name.starts_with("backup.db-"), "{name}");
    }
}

#[tokio::test]
async fn a_restore_replaces_only_what_it_is_told_to() {
    let dir = TempDir::new().unwrap();
    let (db, backup) = (at(&dir, "kith.db"), at(&dir, "backup.db"));
    let store = open(&dir);
    grow(&store, FEED, &["1"]).await;
    store.backup(&backup, |_, _| ()).unwrap();
    let old = store.epoch().await.unwrap();
    grow(&store, FEED, &["2", "3"]).await;
    write(&store, vec![batch(vec![], vec![document("c", "k", "1")])]).await;

    assert!(matches!(restore(&backup, &db, 9, true), Err(StoreError::InUse)));
    drop(store);
    assert!(matches!(restore(&backup, &db, 9, false), Err(StoreError::Failed(_))));
    assert!(matches!(restore(&backup, &db, old, true), Err(StoreError::Invalid(_))));
    assert_eq!(open(&dir).head(FEED).await.unwrap().seq, Seq(3), "untouched until now");

    restore(&backup, &db, 9, true).unwrap();
    let store = open(&dir);
    assert_eq!(store.epoch().await.unwrap(), 9);
    assert_eq!(store.head(FEED).await.unwrap().seq, Seq(1));
    assert_eq!(store.get(vec![name("c", "k")]).await.unwrap(), vec![None]);
    assert_eq!(store.check().unwrap(), vec![]);
    assert_eq!(grow(&store, FEED, &["2"]).await.seq, Seq(2));
}

#[tokio::test]
async fn a_damaged_backup_replaces_nothing() {
    let dir = TempDir::new().unwrap();
    let (db, backup) = (at(&dir, "kith.db"), at(&dir, "backup.db"));
    let store = open(&dir);
    for n in 0..20 {
        grow(&store, FEED, &[&long(n)]).await;
    }
    store.backup(&backup, |_, _| ()).unwrap();
    drop(store);
    // Everywhere, since some places in the file are not in use any more.
    let mut bytes = fs::read(&backup).unwrap();
    let texts: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"xxxx")).collect();
    texts.into_iter().for_each(|at| bytes[at] = b'y');
    fs::write(&backup, bytes).unwrap();
    let refused = restore(&backup, &db, 9, true);
    assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
    assert_eq!(open(&dir).head(FEED).await.unwrap().seq, Seq(20));
}
