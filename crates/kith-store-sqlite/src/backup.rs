//! Backups of a database in use, and bringing one back.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use kith_store::StoreError;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;

use crate::error::{from_io, from_sqlite};
use crate::files::{Partial, beside, lock, partial, private, remove, size, sync_directory};
use crate::log::Record;
use crate::tables::Tables;
use crate::{check, log, schema};

/// Pages between two reports of progress: 4 MiB.
const PAGES_PER_STEP: i32 = 1024;

/// Copies the database at `from`, as it is now, to the new file `to`, while it may be written.
///
/// The copy is one file, readable by its owner only, checked completely and durable before it gets
/// its name. `progress` is told the pages done and the pages in all. Blocks for as long as it takes
/// to read and check everything: not for a thread of the async runtime.
///
/// # Errors
/// [`StoreError::Failed`] if `to` exists; [`StoreError::Corrupt`] if the database is damaged: then
/// there is no backup. A failure leaves nothing behind.
pub fn backup(
    from: &Path,
    to: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<(), StoreError> {
    schema::assert_version()?;
    if size(to)?.is_some() {
        return Err(exists(to));
    }
    let copy = Partial(partial(to)?);
    create(&copy.0)?;
    let source = schema::connect(from)?;
    let mut target = schema::connect(&copy.0)?;
    // Read first: what leaves the log meanwhile is in the tables that are copied then.
    let records = log::waiting(from, || schema::position(&source))?;
    copy_pages(&source, &mut target, &mut progress).map_err(from_sqlite)?;
    drop(source);
    recover(&mut target, records)?;
    finish(target, to)?;
    sync_file(&copy.0)?;
    // A link instead of a rename: it never replaces what somebody else put there meanwhile.
    fs::hard_link(&copy.0, to).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(to),
        _ => from_io(to, &error),
    })?;
    drop(copy);
    sync_directory(to)
}

fn copy_pages(
    source: &Connection,
    target: &mut Connection,
    progress: &mut impl FnMut(u64, u64),
) -> rusqlite::Result<()> {
    // One snapshot from the first page to the last: otherwise every commit would begin it anew.
    let snapshot = source.unchecked_transaction()?;
    snapshot.query_row("SELECT commits FROM meta", [], |_| Ok(()))?;
    let backup = Backup::new(&snapshot, target)?;
    loop {
        let step = backup.step(PAGES_PER_STEP)?;
        let now = backup.progress();
        let total = u64::try_from(now.pagecount).unwrap_or(0);
        let remaining = u64::try_from(now.remaining).unwrap_or(0);
        progress(total.saturating_sub(remaining), total);
        match step {
            StepResult::Done => break,
            // Nobody else knows either file's name or may lock it for long.
            StepResult::Busy | StepResult::Locked => std::thread::yield_now(),
            _ => {}
        }
    }
    drop(backup);
    // It only read: dropping the snapshot ends it.
    Ok(())
}

/// Puts what the log held into the tables.
fn recover(conn: &mut Connection, mut records: Vec<Record>) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let version = schema::version(conn, schema::MIGRATIONS.len())?;
    schema::migrate(conn, version, schema::MIGRATIONS, 0)?;
    let tables = schema::position(conn)?;
    records.retain(|record| record.no > tables.commits);
    Tables::new(conn).map_err(from_sqlite)?.recover(conn, &records)
}

/// Checks the copy and makes it a single file without a log beside it.
fn finish(conn: Connection, named: &Path) -> Result<(), StoreError> {
    if schema::version(&conn, schema::MIGRATIONS.len())? == 0 {
        return Err(StoreError::Corrupt("it is empty".to_owned()));
    }
    if let Some(problem) = check::connection(&conn)?.first() {
        let named = named.display();
        return Err(StoreError::Corrupt(format!("{named} does not verify: {}", problem.what)));
    }
    let mode: String = conn
        .query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))
        .map_err(from_sqlite)?;
    if mode != "delete" {
        return Err(StoreError::Failed("the log of the copy cannot be closed".to_owned()));
    }
    conn.close().map_err(|(_, error)| from_sqlite(error))
}

/// Puts the backup `from` in the place of the database `to`, whose epoch becomes `new_epoch`, so
/// that clients learn that numbers they know may be given again.
///
/// The backup is copied and checked completely before anything is replaced; it stays. With `force`
/// a database that exists is replaced. Blocks like [`backup`].
///
/// # Errors
/// [`StoreError::InUse`] if the database is open; [`StoreError::Failed`] if it exists and `force`
/// is not given; [`StoreError::Corrupt`] if the backup is damaged; [`StoreError::Invalid`] if the
/// epoch is that of the backup.
pub fn restore(from: &Path, to: &Path, new_epoch: u64, force: bool) -> Result<(), StoreError> {
    schema::assert_version()?;
    let held = lock(to)?;
    let replaces = size(to)?.is_some() || size(&beside(to, ".mark"))?.is_some();
    if replaces && !force {
        return Err(exists(to));
    }
    if size(&beside(from, "-wal"))?.is_some_and(|bytes| bytes > 0) || log::is_beside(from)? {
        let from = from.display();
        return Err(StoreError::Failed(format!("{from} is a database in use, not a backup")));
    }
    let copy = Partial(partial(to)?);
    copy_file(from, &copy.0)?;
    let conn = schema::connect(&copy.0)?;
    schema::version(&conn, schema::MIGRATIONS.len())?;
    if schema::position(&conn)?.epoch == new_epoch {
        return Err(StoreError::Invalid("the new epoch is that of the backup"));
    }
    conn.execute("UPDATE meta SET epoch = ?1", [new_epoch.cast_signed()]).map_err(from_sqlite)?;
    finish(conn, from)?;
    sync_file(&copy.0)?;
    settle(to)?;
    fs::rename(&copy.0, to).map_err(|error| from_io(to, &error))?;
    sync_directory(to)?;
    // Only now: a crash before leaves the old database, which its mark still guards.
    remove(&beside(to, ".mark"))?;
    sync_directory(to)?;
    drop(held);
    Ok(())
}

/// Takes the logs of the old database away, since they must never be replayed into the new one. What
/// they hold goes into the old file if that is possible, in case the new one never arrives.
fn settle(db: &Path) -> Result<(), StoreError> {
    if size(db)?.is_some_and(|bytes| bytes > 0)
        && let Ok(mut conn) = schema::connect(db)
    {
        // A database too damaged for this is replaced all the same: that is why it is replaced.
        let _ = conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
        if let Ok(records) = log::waiting(db, || schema::position(&conn)) {
            let _ = recover(&mut conn, records);
        }
        drop(conn);
    }
    log::discard(db)?;
    remove(&beside(db, "-wal"))?;
    remove(&beside(db, "-shm"))?;
    sync_directory(db)
}

fn exists(path: &Path) -> StoreError {
    StoreError::Failed(format!("{} exists already", path.display()))
}

fn create(path: &Path) -> Result<File, StoreError> {
    let file = private().read(true).write(true).create_new(true).open(path);
    file.map_err(|error| from_io(path, &error))
}

fn copy_file(from: &Path, to: &Path) -> Result<(), StoreError> {
    let mut source = File::open(from).map_err(|error| from_io(from, &error))?;
    let mut target = create(to)?;
    io::copy(&mut source, &mut target).map_err(|error| from_io(to, &error))?;
    Ok(())
}

fn sync_file(path: &Path) -> Result<(), StoreError> {
    let sync = || File::open(path)?.sync_all();
    sync().map_err(|error| from_io(path, &error))
}
