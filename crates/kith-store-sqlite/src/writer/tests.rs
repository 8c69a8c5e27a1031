//! What the writer does when the disk fails at the worst moment.

use std::time::Duration;

use kith_core::id::Seq;
use kith_store::conformance::{FEED, append, batch, document};
use rusqlite::ffi;
use tempfile::TempDir;

use super::*;
use crate::{Options, SqliteStore, files, schema};

fn failure(code: i32) -> rusqlite::Result<()> {
    Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
}

/// The state of a writer whose commits end with `commit`.
fn state(dir: &TempDir, commit: fn(&Connection) -> rusqlite::Result<()>) -> State {
    let path = dir.path().join("kith.db");
    drop(SqliteStore::open(&path, Options::default()).expect("a new database"));
    let lock = files::lock(&path).expect("nobody else has it");
    let conn = schema::connect(&path).expect("it was just made");
    let delay = Delay { bytes: 1 << 20, time: Duration::from_secs(3600), synced: true };
    let mut state = State::new(conn, None, lock, delay).expect("it can be read");
    state.commit = commit;
    state
}

fn one() -> Vec<Batch> {
    let event = append(FEED, Head::default(), &["1"]);
    vec![batch(vec![event], vec![document("c", "k", "1")])]
}

#[tokio::test]
async fn after_a_failed_sync_no_write_is_accepted() {
    let dir = TempDir::new().unwrap();
    let writer = Writer::start(state(&dir, |_| failure(ffi::SQLITE_IOERR_FSYNC))).unwrap();
    for _ in 0..3 {
        let answer = writer.write(Work::Commit(one())).await;
        assert!(matches!(answer[..], [Err(StoreError::ReadOnly(_))]), "{answer:?}");
    }
    let prune = Work::Prune { collection: "c", before: "z".to_owned(), limit: 1 };
    let answer = writer.write(prune).await;
    assert!(matches!(answer[..], [Err(StoreError::ReadOnly(_))]), "{answer:?}");
    drop(writer);
    // Opened again it can be written, from what really is there.
    let path = dir.path().join("kith.db");
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    assert_eq!(store.check().unwrap(), vec![]);
    let end = kith_store::conformance::grow(&store, FEED, &["again"]).await;
    assert_eq!(end.seq, Seq(1));
}

#[tokio::test]
async fn a_full_disk_at_commit_leaves_nothing_and_is_survived() {
    let dir = TempDir::new().unwrap();
    let mut state = state(&dir, |_| failure(ffi::SQLITE_FULL));
    let Err((StoreError::Full, job)) = state.transaction(vec![one()]) else { panic!("not full") };
    assert_eq!(state.head(FEED).unwrap(), Head::default(), "rolled back");
    assert!(state.backlog.is_empty() && state.overlay.head(FEED).is_none());
    state.commit = |conn| conn.execute_batch("COMMIT");
    let answers = state.transaction(job).unwrap();
    assert!(answers[0][0].is_ok());
    assert_eq!(state.head(FEED).unwrap().seq, Seq(1));
    assert_eq!(feed(&state.conn, FEED).unwrap(), None, "not in the tables yet");
    state.settle().unwrap();
    let (_, head) = feed(&state.conn, FEED).unwrap().unwrap();
    assert_eq!(head.seq, Seq(1));
    assert!(state.backlog.is_empty() && state.overlay.head(FEED).is_none());
}

#[tokio::test]
async fn what_cannot_go_into_the_tables_waits_and_stays_readable() {
    let dir = TempDir::new().unwrap();
    let mut state = state(&dir, |conn| conn.execute_batch("COMMIT"));
    // A row that the head does not know of: the tables cannot take the append of that feed.
    let sql = "INSERT INTO event VALUES (?1, '1', x'00')";
    let id = crate::rows::event_id(1, Seq(1));
    state.conn.execute(sql, [id]).unwrap();
    assert!(state.transaction(vec![one()]).unwrap()[0][0].is_ok());
    assert!(state.settle().is_err());
    assert_eq!((state.backlog.part().len(), state.head(FEED).unwrap().seq), (1, Seq(1)));
    assert!(state.conn.is_autocommit(), "undone");
    let level = state.conn.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0));
    assert_eq!(level.unwrap(), 2, "commits are synced as before");
    state.conn.execute("DELETE FROM event WHERE id = ?1", [id]).unwrap();
    state.settle().unwrap();
    assert_eq!(feed(&state.conn, FEED).unwrap().unwrap().1.seq, Seq(1));
}

#[tokio::test]
async fn a_run_takes_over_what_the_one_before_left() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("kith.db");
    let mut left = state(&dir, |conn| conn.execute_batch("COMMIT"));
    let mut head = Head::default();
    for text in ["1", "2", "3"] {
        let event = append(FEED, head, &[text]);
        head = event.follow(head).unwrap();
        let written = vec![batch(vec![event], vec![document("c", "k", text)])];
        assert!(left.transaction(vec![written]).unwrap()[0][0].is_ok());
    }
    let position = left.position;
    // As a killed process leaves it.
    drop(left);
    assert_eq!(crate::check(&path).unwrap(), vec![]);
    assert_eq!(schema::position(&schema::connect(&path).unwrap()).unwrap(), position);
    let copy = dir.path().join("copy.db");
    crate::backup(&path, &copy, |_, _| {}).unwrap();
    for path in [&path, &copy] {
        let store = SqliteStore::open(path, Options::default()).unwrap();
        let events = kith_store::Store::events(&store, FEED, Seq(0), 9).await.unwrap();
        assert_eq!(events.len(), 3);
        let keys = vec![kith_store::conformance::name("c", "k")];
        let found = kith_store::Store::get(&store, keys).await.unwrap();
        assert_eq!(found, vec![Some("3".into())]);
        assert_eq!(store.check().unwrap(), vec![]);
    }
}

#[tokio::test]
async fn a_damaged_commit_that_waits_is_found() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("kith.db");
    let mut left = state(&dir, |conn| conn.execute_batch("COMMIT"));
    assert!(left.transaction(vec![one()]).unwrap()[0][0].is_ok());
    left.conn.execute("UPDATE pending SET body = CAST(body || x'00' AS BLOB)", []).unwrap();
    drop(left);
    let problems = crate::check(&path).unwrap();
    assert!(problems.iter().any(|problem| problem.what.contains("Commit")), "{problems:?}");
    let opened = SqliteStore::open(&path, Options::default());
    assert!(matches!(opened, Err(StoreError::Corrupt(_))), "{opened:?}");
}
