//! What the log keeps, and what it makes of what it finds.

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const EPOCH: u64 = 7;

fn tables(commits: u64) -> Position {
    Position { epoch: EPOCH, commits }
}

fn place() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("kith.db");
    (dir, path)
}

fn body(no: u64) -> Vec<u8> {
    vec![u8::try_from(no % 256).unwrap(); 5 + usize::try_from(no).unwrap() * 7 % 90]
}

fn numbers(db: &Path, commits: u64) -> Vec<u64> {
    let records = waiting(db, || Ok(tables(commits))).unwrap();
    assert!(records.iter().all(|record| record.body == body(record.no)));
    records.iter().map(|record| record.no).collect()
}

#[test]
fn what_was_appended_is_read_across_both_files() {
    let (_dir, db) = place();
    let mut log = Log::open(&db, EPOCH, 400, true).unwrap();
    for no in 1..=100 {
        // The tables are ten behind.
        log.append(no, &body(no), no.saturating_sub(10)).unwrap();
        let first = no.saturating_sub(10);
        assert_eq!(numbers(&db, first), (first + 1..=no).collect::<Vec<_>>());
    }
    let biggest = log.segments.iter().map(|segment| segment.end).max().unwrap();
    assert!(biggest < 2000, "the files are used again: {biggest}");
    let other = || Ok(Position { epoch: 8, commits: 0 });
    assert!(waiting(&db, other).unwrap().is_empty(), "of another database");
    assert!(waiting(&db, || Ok(tables(50))).is_err(), "what was written over is missed");
    log.remove().unwrap();
    assert!(!is_beside(&db).unwrap());
}

#[test]
fn a_torn_end_is_no_commit_and_damage_before_it_is_found() {
    let (_dir, db) = place();
    let mut log = Log::open(&db, EPOCH, 1 << 20, true).unwrap();
    (1..=3).for_each(|no| log.append(no, &body(no), 0).unwrap());
    let path = beside(&db, ".log1");
    let whole = std::fs::read(&path).unwrap();
    let length = |no| (HEADER + body(no).len()).next_multiple_of(ALIGN);
    let (second, third) = (length(1), length(1) + length(2));
    for at in 0..third + HEADER + body(3).len() {
        let mut torn = whole.clone();
        torn[at] ^= 1;
        std::fs::write(&path, torn).unwrap();
        // Filling is not looked at.
        let filling = (HEADER + body(1).len()..second).contains(&at)
            || (second + HEADER + body(2).len()..third).contains(&at);
        match waiting(&db, || Ok(tables(0))) {
            Ok(records) => assert_eq!(records.len(), if filling { 3 } else { 2 }, "{at}"),
            Err(error) => {
                assert!(at < third && !filling, "{at}: {error}");
                assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
            }
        }
    }
}

#[test]
fn what_leaves_the_log_while_it_is_read_is_not_missed() {
    let (_dir, db) = place();
    let mut log = Log::open(&db, EPOCH, 400, true).unwrap();
    (1..=100).for_each(|no| log.append(no, &body(no), no.saturating_sub(10)).unwrap());
    // The tables were at 50 when it was begun to look, and are at 95 behind the log.
    let looks = std::cell::Cell::new(0);
    let position = || {
        looks.set(looks.get() + 1);
        Ok(tables(if looks.get() == 1 { 50 } else { 95 }))
    };
    let found: Vec<u64> = waiting(&db, position).unwrap().iter().map(|one| one.no).collect();
    assert_eq!(found, [96, 97, 98, 99, 100]);
}

#[test]
fn after_a_failed_sync_the_fate_is_unknown_and_a_full_disk_leaves_nothing() {
    let (_dir, db) = place();
    let mut log = Log::open(&db, EPOCH, 1 << 20, true).unwrap();
    log.append(1, &body(1), 0).unwrap();
    log.sync = |_| Err(io::ErrorKind::Other.into());
    assert!(matches!(log.append(2, &body(2), 0), Err(Failed::Unknown(StoreError::ReadOnly(_)))));
    log.sync = File::sync_data;
    let segment = &mut log.segments[0];
    let record = {
        let mut out = Vec::new();
        encode(EPOCH, 2, &body(2), &mut out);
        out
    };
    segment.write(&record).unwrap();
    let full = io::ErrorKind::StorageFull.into();
    assert!(matches!(segment.undo(&full, log.sync), Failed::Clean(StoreError::Full)));
    assert_eq!(numbers(&db, 0), [1]);
    let never = |_: &File| Err(io::ErrorKind::Other.into());
    assert!(matches!(log.segments[0].undo(&full, never), Failed::Unknown(_)));
}

proptest! {
    #[test]
    fn whatever_lies_there_harms_nobody(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut records = Vec::new();
        let magic = [MAGIC.as_slice(), &bytes].concat();
        prop_assert_eq!(segment(&bytes, EPOCH, &mut records), None);
        prop_assert_eq!(segment(&magic, EPOCH, &mut records), None);
        prop_assert!(records.is_empty());
    }
}
