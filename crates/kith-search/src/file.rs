//! The file: made where there is none that can be used, opened, checked, removed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kith_store::index::IndexError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::clock::Clock;

/// "KSea" in ASCII: says in the file's header what it is.
const APPLICATION_ID: i32 = 0x4B53_6561;
/// Another one is made anew: to be raised with whatever changes what stands in the index.
const VERSION: i32 = 2;
const SCHEMA: &str = include_str!("schema.sql");
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Pages of SQLite's log after which it is put into the file: 16 MiB.
const LOG_PAGES: u32 = 4096;
/// What one connection keeps at hand, in KiB.
const CACHE_KIB: i32 = 24 * 1024;

/// A connection to the index, opened again when the file was made anew.
#[derive(Debug)]
pub(crate) struct File {
    path: PathBuf,
    conn: Connection,
    /// How often the file was made anew, and how often it had been when this was opened.
    made: Arc<AtomicU64>,
    seen: u64,
    clock: Arc<Clock>,
}

impl File {
    /// A connection that only reads.
    pub(crate) fn reader(path: &Path, made: Arc<AtomicU64>) -> Result<Self, IndexError> {
        let seen = made.load(Ordering::Acquire);
        let mut conn = connect(path).map_err(from_sqlite)?;
        conn.pragma_update(None, "query_only", true).map_err(from_sqlite)?;
        let clock = Clock::of(&mut conn).map_err(from_sqlite)?;
        Ok(Self { path: path.to_owned(), conn, made, seen, clock })
    }

    /// The connection to the file as it is now, for a search that may take so long: what takes
    /// longer is interrupted.
    pub(crate) fn conn(&mut self, time: Duration) -> Result<&Connection, IndexError> {
        if self.made.load(Ordering::Acquire) != self.seen {
            *self = Self::reader(&self.path, Arc::clone(&self.made))?;
        }
        self.clock.begin(time);
        Ok(&self.conn)
    }
}

/// Opens the file to write, or makes it, or makes it anew.
pub(crate) fn open(path: &Path) -> Result<Connection, IndexError> {
    match try_open(path) {
        Ok(Some(conn)) => return Ok(conn),
        Ok(None) => {}
        Err(IndexError::Damaged(why)) => {
            tracing::warn!(%why, "the search index is damaged, and is made anew");
        }
        Err(error) => return Err(error),
    }
    make(path)
}

/// `None` where there is no index of this version.
pub(crate) fn try_open(path: &Path) -> Result<Option<Connection>, IndexError> {
    if !path.exists() {
        return Ok(None);
    }
    let conn = connect(path).map_err(from_sqlite)?;
    let number = |pragma| conn.query_row(pragma, [], |row| row.get::<_, i32>(0));
    let found = number("PRAGMA application_id")
        .and_then(|id| Ok((id, number("PRAGMA user_version")?)))
        .map_err(from_sqlite)?;
    if found != (APPLICATION_ID, VERSION) {
        return Ok(None);
    }
    configure(&conn).map_err(from_sqlite)?;
    Ok(Some(conn))
}

/// Makes an empty index in the place of whatever there is.
pub(crate) fn make(path: &Path) -> Result<Connection, IndexError> {
    remove(path).map_err(|error| from_io(path, &error))?;
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.create(true).truncate(false).write(true).open(path);
    file.map_err(|error| from_io(path, &error))?;
    let conn = connect(path).map_err(from_sqlite)?;
    let fill = || {
        configure(&conn)?;
        let transaction = conn.unchecked_transaction()?;
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()
    };
    fill().map_err(from_sqlite)?;
    Ok(conn)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(32);
    conn.execute_batch(&format!(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{CACHE_KIB};"
    ))?;
    Ok(conn)
}

/// The settings of the connection that writes. Its commits are whole or not there after a crash, but
/// the last may be missing after a power loss.
fn configure(conn: &Connection) -> rusqlite::Result<()> {
    conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    conn.pragma_update(None, "journal_size_limit", 4 * i64::from(LOG_PAGES) * 4096)
}

/// The index and the files beside it.
fn files(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    })
}

/// Removes the index at `path`, if there is one: it will be made anew. No server may use it.
///
/// # Errors
/// When a file is there and cannot be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    for file in files(path) {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

pub(crate) fn size_bytes(path: &Path) -> u64 {
    files(path).iter().filter_map(|file| Some(fs::metadata(file).ok()?.len())).sum()
}

/// Reads all of the index at `path` and says what is wrong with the file. Blocks.
///
/// # Errors
/// When it cannot be looked at.
pub fn check(path: &Path) -> Result<Vec<String>, IndexError> {
    let Some(conn) = try_open(path)? else { return Ok(Vec::new()) };
    let look = || {
        let mut checked = conn.prepare("PRAGMA quick_check")?;
        let lines = checked.query_map([], |row| row.get::<_, String>(0))?;
        let mut lines = lines.collect::<Result<Vec<_>, _>>()?;
        lines.retain(|line| line != "ok");
        Ok(lines)
    };
    let mut problems = look().map_err(from_sqlite)?;
    if let Err(error) = conn.execute("INSERT INTO token (token) VALUES ('integrity-check')", []) {
        problems.push(error.to_string());
    }
    Ok(problems)
}

#[expect(clippy::needless_pass_by_value, reason = "it maps an error")]
pub(crate) fn from_sqlite(error: rusqlite::Error) -> IndexError {
    use rusqlite::Error;
    if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) {
        return IndexError::Late;
    }
    let text = error.to_string();
    let damaged = match &error {
        Error::SqliteFailure(failure, _) | Error::SqlInputError { error: failure, .. } => matches!(
            failure.code,
            // The schema and what is asked are ours, so what does not fit them is damage.
            ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ConstraintViolation
                | ErrorCode::Unknown
        ),
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::QueryReturnedNoRows
        | Error::Utf8Error(..) => true,
        _ => false,
    };
    if damaged { IndexError::Damaged(text) } else { IndexError::Failed(text) }
}

fn from_io(path: &Path, error: &io::Error) -> IndexError {
    IndexError::Failed(format!("{}: {error}", path.display()))
}
