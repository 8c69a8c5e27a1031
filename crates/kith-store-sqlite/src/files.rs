//! The files beside the database: the lock, the names, and making a change of names durable.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use kith_store::StoreError;

use crate::error::from_io;

/// The path of a companion file: the database's name with `suffix` appended.
pub(crate) fn beside(db: &Path, suffix: &str) -> PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A name beside `path` that nobody else uses, for a file that is not complete yet.
pub(crate) fn partial(path: &Path) -> Result<PathBuf, StoreError> {
    Ok(beside(path, &format!(".{:016x}.partial", random()?)))
}

/// 64 random bits.
pub(crate) fn random() -> Result<u64, StoreError> {
    getrandom::u64().map_err(|error| StoreError::Failed(format!("no random numbers: {error}")))
}

/// The directory that holds `path`.
pub(crate) fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes created, renamed and removed names in the directory of `path` durable.
pub(crate) fn sync_directory(path: &Path) -> Result<(), StoreError> {
    let directory = directory(path);
    let sync = || File::open(directory)?.sync_all();
    sync().map_err(|error| from_io(directory, &error))
}

/// Creates the directory of the database if it is missing, open to its owner only, and takes the
/// database's lock, which the file holds until it is closed.
pub(crate) fn lock(db: &Path) -> Result<File, StoreError> {
    let directory = directory(db);
    if !directory.exists() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory).map_err(|error| from_io(directory, &error))?;
    }
    let path = beside(db, ".lock");
    let mut options = private();
    options.create(true).write(true).truncate(false);
    let file = options.open(&path).map_err(|error| from_io(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(TryLockError::Error(error)) => Err(from_io(&path, &error)),
    }
}

/// Options to open a file that, if it is created, only its owner can read.
pub(crate) fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The size of a file, in bytes; `None` if there is none.
pub(crate) fn size(path: &Path) -> Result<Option<u64>, StoreError> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(found.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(from_io(path, &error)),
    }
}

/// Removes a file that may be missing.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(from_io(path, &error)),
        _ => Ok(()),
    }
}

/// A file that is removed again unless it was moved to its final name before.
pub(crate) struct Partial(pub(crate) PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            // What cannot be removed is left with a name that says what it is.
            let _ = remove(&beside(&self.0, suffix));
        }
    }
}
