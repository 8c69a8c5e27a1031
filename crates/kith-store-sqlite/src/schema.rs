//! Connections with their settings, and the schema with its migrations.

use std::path::Path;
use std::time::Duration;

use kith_store::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::from_sqlite;
use crate::mark::Position;

/// "Kith" in ASCII: says in the file's header whose database this is.
pub(crate) const APPLICATION_ID: i32 = 0x4B69_7468;

/// One text per schema version, each from the version before it. Only ever append to this list.
pub(crate) const MIGRATIONS: &[&str] =
    &[include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// Older versions can damage a database in WAL mode when it is checkpointed at a bad moment.
const SQLITE_LEAST: i32 = 3_051_003;

/// How long a statement waits for another process that looks at the database, such as a shell.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const STATEMENTS_CACHED: usize = 32;

/// Refuses a SQLite that is too old.
pub(crate) fn assert_version() -> Result<(), StoreError> {
    if rusqlite::version_number() >= SQLITE_LEAST {
        return Ok(());
    }
    let found = rusqlite::version();
    Err(StoreError::Failed(format!("SQLite {found} is too old: 3.51.3 or later is needed")))
}

/// Opens an existing file with the settings that every connection has. Closing it leaves the log
/// as it is, so that merely looking at a damaged database changes nothing.
pub(crate) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let conn = Connection::open_with_flags(path, flags)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        conn.busy_timeout(BUSY_TIMEOUT)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
        conn.execute_batch(
            "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
             PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000;",
        )?;
        Ok(conn)
    };
    open().map_err(from_sqlite)
}

/// The schema of the file: 0 for one that was never written.
///
/// # Errors
/// [`StoreError::TooNew`], or [`StoreError::Corrupt`] if it is not a database of Kith.
pub(crate) fn version(conn: &Connection, known: usize) -> Result<usize, StoreError> {
    let number = |pragma| conn.query_row(pragma, [], |row| row.get::<_, i32>(0));
    let read = || {
        let tables = "SELECT count(*) FROM sqlite_schema";
        Ok((number("PRAGMA application_id")?, number("PRAGMA user_version")?, number(tables)?))
    };
    match read().map_err(from_sqlite)? {
        (0, 0, 0) => Ok(0),
        (APPLICATION_ID, found @ 1.., 1..) => {
            let found = found.unsigned_abs();
            let known = u32::try_from(known).unwrap_or(u32::MAX);
            if found > known {
                return Err(StoreError::TooNew { found, known });
            }
            Ok(found as usize)
        }
        _ => Err(StoreError::Corrupt("it is not a database of Kith".to_owned())),
    }
}

/// Brings the schema from version `from` to the end of `migrations`, each step in a transaction. A
/// new database gets the epoch `epoch`.
pub(crate) fn migrate(
    conn: &mut Connection,
    from: usize,
    migrations: &[&str],
    epoch: u64,
) -> Result<(), StoreError> {
    for (done, sql) in migrations.iter().enumerate().skip(from) {
        step(conn, done + 1, sql, epoch).map_err(from_sqlite)?;
    }
    Ok(())
}

fn step(conn: &mut Connection, version: usize, sql: &str, epoch: u64) -> rusqlite::Result<()> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(sql)?;
    if version == 1 {
        let sql = "INSERT INTO meta (only, epoch, commits) VALUES (1, ?1, 0)";
        transaction.execute(sql, [epoch.cast_signed()])?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", i64::try_from(version).unwrap_or(i64::MAX))?;
    transaction.commit()
}

/// Where the tables are: the last commit that is in them.
pub(crate) fn position(conn: &Connection) -> Result<Position, StoreError> {
    let sql = "SELECT epoch, commits FROM meta WHERE only = 1";
    let read = |row: &rusqlite::Row<'_>| {
        let signed = |column| row.get::<_, i64>(column);
        Ok(Position { epoch: signed(0)?.cast_unsigned(), commits: signed(1)?.cast_unsigned() })
    };
    conn.query_row(sql, [], read).map_err(from_sqlite)
}
