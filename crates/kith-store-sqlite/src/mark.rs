//! The high-water mark: a small file that remembers how far the database once was.
//!
//! SQLite replays its log only up to the first damaged frame, so one flipped bit there silently
//! drops confirmed commits. A database that is behind its mark has lost some and is not opened.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kith_store::StoreError;

use crate::error::from_io;
use crate::files::{beside, private};

/// Where the database was when the mark was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) epoch: u64,
    /// Transactions since the database was made.
    pub(crate) commits: u64,
}

/// The mark of one open database.
#[derive(Debug)]
pub(crate) struct Mark {
    path: PathBuf,
    every: Duration,
    written: Option<(Instant, Position)>,
}

impl Mark {
    pub(crate) fn new(db: &Path, every: Duration) -> Self {
        Self { path: beside(db, ".mark"), every, written: None }
    }

    /// Writes the mark unless it was written less than the interval ago. A mark that cannot be
    /// written leaves an older one, which is still true, so this is no error.
    pub(crate) fn advance(&mut self, now: Position) {
        let due = self.written.is_none_or(|(at, last)| last != now && at.elapsed() >= self.every);
        if due {
            self.write(now);
        }
    }

    /// Writes the mark if it is not this already.
    pub(crate) fn finish(&mut self, now: Position) {
        if self.written.is_none_or(|(_, last)| last != now) {
            self.write(now);
        }
    }

    fn write(&mut self, now: Position) {
        self.written = Some((Instant::now(), now));
        if let Err(error) = write(&self.path, now) {
            tracing::warn!(path = %self.path.display(), %error, "the mark was not written");
        }
    }
}

/// Two equal lines, so that a flipped bit shows.
pub(crate) fn text(position: Position) -> String {
    let line = format!("kith {:016x} {}\n", position.epoch, position.commits);
    line.repeat(2)
}

fn write(path: &Path, position: Position) -> io::Result<()> {
    let new = beside(path, ".new");
    let mut file = private().create(true).write(true).truncate(true).open(&new)?;
    file.write_all(text(position).as_bytes())?;
    file.sync_all()?;
    // If the rename is lost the older mark stays, which is as true.
    fs::rename(&new, path)
}

/// The mark beside the database; `None` if there is none.
///
/// # Errors
/// [`StoreError::Corrupt`] if the file is not a mark.
pub(crate) fn read(db: &Path) -> Result<Option<Position>, StoreError> {
    let path = beside(db, ".mark");
    match fs::read(&path) {
        Ok(bytes) => parse(&bytes).map(Some).ok_or_else(|| {
            let path = path.display();
            StoreError::Corrupt(format!("{path} is damaged: check the database, then remove it"))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(from_io(&path, &error)),
    }
}

pub(crate) fn parse(bytes: &[u8]) -> Option<Position> {
    let all = std::str::from_utf8(bytes).ok()?;
    let (epoch, commits) = all.lines().next()?.strip_prefix("kith ")?.split_once(' ')?;
    let epoch = u64::from_str_radix(epoch, 16).ok()?;
    let position = Position { epoch, commits: commits.parse().ok()? };
    (text(position) == all).then_some(position)
}

/// Compares the database with its mark. Another epoch is another database, such as one that was
/// just restored.
///
/// # Errors
/// [`StoreError::Corrupt`] if the database is behind.
pub(crate) fn compare(mark: Option<Position>, database: Position) -> Result<(), StoreError> {
    let Some(mark) = mark else { return Ok(()) };
    if mark.epoch == database.epoch && database.commits < mark.commits {
        let lost = mark.commits - database.commits;
        return Err(StoreError::Corrupt(format!(
            "it lost its last {lost} commits or more; restore from a backup"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_written_and_any_flip_shows() {
        let position = Position { epoch: u64::MAX, commits: 1234 };
        let bytes = text(position).into_bytes();
        assert_eq!(parse(&bytes), Some(position));
        for index in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[index] ^= 1 << bit;
                assert_eq!(parse(&flipped), None);
            }
            assert_eq!(parse(&bytes[..index]), None);
        }
    }
}
