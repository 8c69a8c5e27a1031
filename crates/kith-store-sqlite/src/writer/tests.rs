//! What the writer does when the disk fails at the worst moment.

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
    let position = schema::position(&conn).expect("it was just made");
    let mut state = State::new(conn, position, None, lock).expect("it can be read");
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
    let (reply, _) = oneshot::channel();
    let job = [Job { work: Work::Commit(one()), reply }];
    assert!(matches!(state.transaction(&job), Err(StoreError::Full)));
    assert_eq!(feed(&state.conn, FEED).unwrap(), None, "rolled back");
    state.commit = |conn| conn.execute_batch("COMMIT");
    let answers = state.transaction(&job).unwrap();
    assert!(answers[0][0].is_ok());
    let (_, head) = feed(&state.conn, FEED).unwrap().unwrap();
    assert_eq!(head.seq, Seq(1));
}

#[tokio::test]
async fn one_job_at_fault_does_not_fail_those_beside_it() {
    let dir = TempDir::new().unwrap();
    let mut state = state(&dir, |conn| conn.execute_batch("COMMIT"));
    // A row that the head does not know of: the append of that feed cannot be written.
    let sql = "INSERT INTO event VALUES (?1, '1', x'00')";
    state.conn.execute(sql, [event_id(state.next_feed, Seq(1))]).unwrap();
    let (first, damaged) = oneshot::channel();
    let (second, fine) = oneshot::channel();
    let other = vec![batch(vec![], vec![document("c", "other", "1")])];
    state.write_all(vec![
        Job { work: Work::Commit(one()), reply: first },
        Job { work: Work::Commit(other), reply: second },
    ]);
    let damaged = damaged.await.unwrap();
    // Tried again alone, the feed got the next number, for which there is room.
    assert!(damaged[0].is_ok(), "{damaged:?}");
    assert!(fine.await.unwrap()[0].is_ok());
}
