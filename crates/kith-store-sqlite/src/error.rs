//! From the errors of SQLite and the file system to those of the store.

use std::io;
use std::path::Path;

use kith_store::StoreError;
use rusqlite::{ErrorCode, ffi};

/// What an error of SQLite means to the caller of the store.
#[expect(clippy::needless_pass_by_value, reason = "it maps an error")]
pub(crate) fn from_sqlite(error: rusqlite::Error) -> StoreError {
    use rusqlite::Error;
    let text = error.to_string();
    match error {
        Error::SqliteFailure(failure, _) | Error::SqlInputError { error: failure, .. } => {
            from_code(failure, text)
        }
        // A value of another type or length than was written: the row is not what it was.
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::QueryReturnedNoRows
        | Error::Utf8Error(..) => StoreError::Corrupt(text),
        _ => StoreError::Failed(text),
    }
}

fn from_code(failure: ffi::Error, text: String) -> StoreError {
    match (failure.code, failure.extended_code) {
        (_, ffi::SQLITE_IOERR_CORRUPTFS | ffi::SQLITE_IOERR_DATA) => StoreError::Corrupt(text),
        (_, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => StoreError::ReadOnly(text),
        (ErrorCode::DiskFull, _) => StoreError::Full,
        (ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied, _) => {
            StoreError::ReadOnly(text)
        }
        // Numbers are checked before they are written, so a row in the way is one that the
        // database lost sight of; and the schema is ours, so SQL that does not fit it is damage.
        (
            ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::ConstraintViolation
            | ErrorCode::Unknown,
            _,
        ) => StoreError::Corrupt(text),
        _ => StoreError::Failed(text),
    }
}

/// Whether no write can be trusted after this error until the database is opened again. `committing`:
/// the error is that of a COMMIT, so that it is unknown what reached the disk.
pub(crate) fn poisons(error: &rusqlite::Error, committing: bool) -> bool {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => false,
        Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            true
        }
        _ => committing,
    }
}

/// What an error of the file system at `path` means to the caller of the store.
pub(crate) fn from_io(path: &Path, error: &io::Error) -> StoreError {
    let text = format!("{}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly(text)
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Failed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn every_code_of_sqlite_has_a_meaning() {
        let meaning = |code| from_sqlite(failure(code));
        assert!(matches!(meaning(ffi::SQLITE_FULL), StoreError::Full));
        assert!(matches!(meaning(ffi::SQLITE_READONLY), StoreError::ReadOnly(_)));
        assert!(matches!(meaning(ffi::SQLITE_CANTOPEN), StoreError::ReadOnly(_)));
        assert!(matches!(meaning(ffi::SQLITE_IOERR_FSYNC), StoreError::ReadOnly(_)));
        assert!(matches!(meaning(ffi::SQLITE_IOERR_READ), StoreError::Failed(_)));
        assert!(matches!(meaning(ffi::SQLITE_CORRUPT), StoreError::Corrupt(_)));
        assert!(matches!(meaning(ffi::SQLITE_NOTADB), StoreError::Corrupt(_)));
        assert!(matches!(meaning(ffi::SQLITE_BUSY), StoreError::Failed(_)));
    }

    #[test]
    fn an_unknown_outcome_poisons() {
        assert!(poisons(&failure(ffi::SQLITE_IOERR_FSYNC), true));
        assert!(poisons(&failure(ffi::SQLITE_IOERR_WRITE), false));
        assert!(poisons(&failure(ffi::SQLITE_READONLY), true));
        assert!(!poisons(&failure(ffi::SQLITE_FULL), true));
        assert!(!poisons(&failure(ffi::SQLITE_FULL), false));
    }
}
