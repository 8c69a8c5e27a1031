//! What needs to see inside: migrations, and databases that are not ours.

use kith_store::conformance::{FEED, append, grow, name};
use rusqlite::params;
use tempfile::TempDir;

use super::*;
use crate::schema::{APPLICATION_ID, MIGRATIONS};

const SCHEMA_1: &str = include_str!("schema/1.sql");

/// A database as the first release made it, with one event and one document.
fn made_by_schema_1(path: &Path) {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(SCHEMA_1).unwrap();
    conn.execute("INSERT INTO meta VALUES (1, 77, 5)", []).unwrap();
    let event = append(FEED, Head::default(), &["{\"a\":1}"]).events.remove(0);
    conn.execute("INSERT INTO feed VALUES (3, 'site', 1, ?1)", [event.hash.0]).unwrap();
    let id = (3_i64 << 32) + 1;
    conn.execute("INSERT INTO event VALUES (?1, ?2, ?3)", params![id, event.body, event.hash.0])
        .unwrap();
    let sum = rows::sum("c", "k", "[]");
    conn.execute("INSERT INTO document VALUES ('c', 'k', '[]', ?1)", [sum]).unwrap();
    conn.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    conn.pragma_update(None, "user_version", 1).unwrap();
}

#[tokio::test]
async fn a_database_of_schema_1_opens_with_all_it_holds() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("kith.db");
    made_by_schema_1(&path);
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    assert_eq!(store.epoch().await.unwrap(), 77);
    assert_eq!(store.events(FEED, Seq(0), 9).await.unwrap().len(), 1);
    assert_eq!(store.get(vec![name("c", "k")]).await.unwrap(), vec![Some("[]".into())]);
    assert_eq!(grow(&store, FEED, &["2"]).await.seq, Seq(2));
    assert_eq!(store.check().unwrap(), vec![]);
}

#[test]
fn a_migration_keeps_the_rows_and_a_failed_one_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("kith.db");
    made_by_schema_1(&path);
    let mut conn = schema::connect(&path).unwrap();
    let second = "ALTER TABLE feed ADD COLUMN extra INTEGER NOT NULL DEFAULT 9;";
    let third = "UPDATE meta SET epoch = 1; UPDATE no_such_table SET a = 1;";
    let all = [MIGRATIONS[0], second, third];
    assert!(schema::migrate(&mut conn, 1, &all, 0).is_err());
    assert_eq!(schema::version(&conn, 3).unwrap(), 2, "the second is done, the third undone");
    assert_eq!(schema::position(&conn).unwrap().epoch, 77);
    let extra: i64 = conn.query_row("SELECT extra FROM feed", [], |row| row.get(0)).unwrap();
    assert_eq!(extra, 9);
    assert_eq!(check::connection(&conn).unwrap(), vec![]);
    // Going on where it stopped.
    schema::migrate(&mut conn, 2, &[MIGRATIONS[0], second, "SELECT 1"], 0).unwrap();
    assert_eq!(schema::version(&conn, 3).unwrap(), 3);
}

#[test]
fn a_newer_schema_is_refused_and_nothing_written() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("kith.db");
    made_by_schema_1(&path);
    let conn = Connection::open(&path).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    let before = std::fs::read(&path).unwrap();
    let opened = SqliteStore::open(&path, Options::default());
    let known = u32::try_from(MIGRATIONS.len()).unwrap();
    assert!(
        matches!(opened, Err(StoreError::TooNew { found: 99, known: k }) if k == known),
        "{opened:?}"
    );
    assert!(std::fs::read(&path).unwrap() == before, "not a byte changed");
}

#[test]
fn the_database_of_another_program_is_refused_and_nothing_written() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("other.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("CREATE TABLE a (b)").unwrap();
    drop(conn);
    let before = std::fs::read(&path).unwrap();
    let opened = SqliteStore::open(&path, Options::default());
    assert!(matches!(opened, Err(StoreError::Corrupt(_))), "{opened:?}");
    assert!(std::fs::read(&path).unwrap() == before, "not a byte changed");
}

#[test]
fn the_settings_are_what_they_should_be() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("kith.db");
    drop(SqliteStore::open(&path, Options::default()).unwrap());
    let conn = schema::connect(&path).unwrap();
    configure(&conn, &Options::default()).unwrap();
    let value = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    let wanted = [
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("trusted_schema", 0),
        ("cell_size_check", 1),
        ("mmap_size", 0),
        ("busy_timeout", 5000),
        ("wal_autocheckpoint", i64::from(LOG_PAGES)),
        ("application_id", i64::from(APPLICATION_ID)),
    ];
    for (name, wanted) in wanted {
        if name == "mmap_size" {
            // Not compiled in, or 0.
            let size = conn.query_row("PRAGMA mmap_size", [], |row| row.get::<_, i64>(0));
            assert!(size.is_err() || size == Ok(0));
        } else {
            assert_eq!(value(name), wanted, "{name}");
        }
    }
    let mode = |path: &Path| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&files::beside(&path, ".mark")), 0o600);
}
