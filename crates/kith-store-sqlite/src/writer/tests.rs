//! What the writer does when the disk fails at the worst moment.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kith_core::id::Seq;
use kith_store::Store as _;
use kith_store::conformance::{FEED, append, batch, document, grow, name};
use tempfile::TempDir;

use super::*;
use crate::backlog::{Delay, Task};
use crate::rows::event_id;
use crate::tables::Tables;
use crate::{Options, SqliteStore, files, schema};

/// A writer and a settler that wait for orders.
struct Threads {
    state: State,
    settler: Settler,
}

impl Threads {
    fn new(path: &Path) -> Self {
        if !path.exists() {
            drop(SqliteStore::open(path, Options::default()).expect("a new database"));
        }
        let lock = files::lock(path).expect("nobody else has it");
        let connect = || schema::connect(path).expect("it was just made");
        let conn = connect();
        let position = schema::position(&conn).expect("it is whole");
        let log = Log::open(path, position.epoch, 1 << 20, true).expect("there is room");
        let delay = Delay { bytes: 1 << 20, time: Duration::from_secs(3600) };
        let tables = Tables::new(&conn).expect("it is whole");
        let overlay = Overlay::new(position.commits);
        let backlog = Backlog::new(delay, position.commits);
        let settler = Settler { conn, tables, backlog, overlay };
        let state = State::new(connect(), log, position, None, lock, &settler);
        Self { state, settler }
    }

    /// Commits one event and one document.
    fn commit(&mut self, text: &str) -> Result<Vec<Answer>, Failed> {
        let head = self.state.head(FEED).unwrap();
        let event = append(FEED, head, &[text]);
        self.state.transaction(vec![vec![batch(vec![event], vec![document("c", "k", text)])]])
    }

    fn settle(&mut self) {
        self.settler.backlog.close();
        let Some(Task::Settle(groups)) = self.settler.backlog.next() else { panic!("nothing") };
        self.settler.settle(&groups);
    }
}

fn place() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("kith.db");
    (dir, path)
}

#[tokio::test]
async fn after_a_failed_sync_no_write_is_accepted() {
    let (_dir, path) = place();
    let mut threads = Threads::new(&path);
    threads.state.log.sync = |_| Err(io::ErrorKind::Other.into());
    let writer = Writer::start(threads.state, threads.settler).unwrap();
    for _ in 0..3 {
        let event = append(FEED, Head::default(), &["1"]);
        let answer = writer.write(Work::Commit(vec![batch(vec![event], vec![])])).await;
        assert!(matches!(answer[..], [Err(StoreError::ReadOnly(_))]), "{answer:?}");
    }
    let prune = Work::Prune { collection: "c", before: "z".to_owned(), limit: 1 };
    let answer = writer.write(prune).await;
    assert!(matches!(answer[..], [Err(StoreError::ReadOnly(_))]), "{answer:?}");
    drop(writer);
    // Opened again it can be written, from what really is there.
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    assert_eq!(store.check().unwrap(), vec![]);
    let before = store.head(FEED).await.unwrap();
    let end = grow(&store, FEED, &["again"]).await;
    assert_eq!(end.seq, before.seq.next());
}

#[tokio::test]
async fn what_cannot_go_into_the_tables_waits_and_stays_readable() {
    let (_dir, path) = place();
    let mut threads = Threads::new(&path);
    // A row that the head does not know of: the tables cannot take the append of that feed.
    let row = event_id(1, Seq(1));
    let sql = "INSERT INTO event VALUES (?1, '1', x'00')";
    threads.settler.conn.execute(sql, [row]).unwrap();
    assert!(threads.commit("1").unwrap()[0][0].is_ok());
    threads.settle();
    assert!(!threads.settler.backlog.is_empty());
    assert_eq!(threads.state.head(FEED).unwrap().seq, Seq(1));
    assert!(threads.settler.conn.is_autocommit(), "undone");
    let why = threads.settler.backlog.failure();
    assert!(matches!(why, Some(StoreError::Corrupt(_))), "{why:?}");
    // Mended, the next run finds it in the log.
    threads.settler.conn.execute("DELETE FROM event WHERE id = ?1", [row]).unwrap();
    drop(threads);
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    assert_eq!(store.head(FEED).await.unwrap().seq, Seq(1));
    assert_eq!(store.check().unwrap(), vec![]);
}

#[tokio::test]
async fn a_run_takes_over_what_the_one_before_left() {
    let (dir, path) = place();
    let mut left = Threads::new(&path);
    assert!(left.commit("1").unwrap()[0][0].is_ok());
    left.settle();
    assert!(left.state.backlog.is_empty() && left.state.overlay.head(FEED).is_none());
    for text in ["2", "3"] {
        assert!(left.commit(text).unwrap()[0][0].is_ok());
    }
    let commits = left.state.position.commits;
    // As a killed process leaves it.
    drop(left);
    assert_eq!(crate::check(&path).unwrap(), vec![]);
    let copy = dir.path().join("copy.db");
    crate::backup(&path, &copy, |_, _| {}).unwrap();
    let refused = crate::restore(&path, &dir.path().join("other.db"), 1, false);
    assert!(matches!(refused, Err(StoreError::Failed(_))), "in use: {refused:?}");
    for path in [&path, &copy] {
        let store = SqliteStore::open(path, Options::default()).unwrap();
        assert_eq!(store.events(FEED, Seq(0), 9).await.unwrap().len(), 3);
        assert_eq!(store.get(vec![name("c", "k")]).await.unwrap(), vec![Some("3".into())]);
        assert_eq!(store.check().unwrap(), vec![]);
        drop(store);
        assert_eq!(schema::position(&schema::connect(path).unwrap()).unwrap().commits, commits);
        assert!(!log::is_beside(path).unwrap(), "closed, all is in one file");
    }
}

#[tokio::test]
async fn a_damaged_commit_that_waits_is_found() {
    let (_dir, path) = place();
    let mut left = Threads::new(&path);
    for text in ["1", "2"] {
        assert!(left.commit(text).unwrap()[0][0].is_ok());
    }
    drop(left);
    let log = files::beside(&path, ".log1");
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    let problems = crate::check(&path).unwrap();
    assert!(problems.iter().any(|problem| problem.what.contains("commit 1 ")), "{problems:?}");
    let opened = SqliteStore::open(&path, Options::default());
    assert!(matches!(opened, Err(StoreError::Corrupt(_))), "{opened:?}");
}
