//! The log: every commit is one record here, durable before anybody is told of it.
//!
//! There are two files, `x.log1` and `x.log2`. Records are appended to one until it is full and all
//! commits of the other are in the tables; then the other is written from its beginning. A record is
//! [`MAGIC`], the length of its body (32 bits), the number of the commit (64 bits), a sum (16 bytes
//! of BLAKE3 over the database's epoch, the number and the body) and the body, filled up to a
//! multiple of 8 bytes; numbers are little-endian. What a file holds of an earlier round has
//! numbers that the tables have already.
//!
//! A record is written when all before it are durable. So after a crash the last one may be torn, and
//! a bad one with a good one behind it is damage.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use kith_store::StoreError;

use crate::error::from_io;
use crate::files::{beside, private, remove, size};
use crate::mark::Position;

const MAGIC: [u8; 4] = *b"Kith";
const HEADER: usize = 32;
const ALIGN: usize = 8;
/// How far a file is filled with zeros ahead: writing over what is there makes a sync cheaper.
const AHEAD: usize = 256 * 1024;
const SUFFIXES: [&str; 2] = [".log1", ".log2"];

/// One commit as it was read back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) no: u64,
    pub(crate) body: Vec<u8>,
}

/// Why an append failed.
#[derive(Debug)]
pub(crate) enum Failed {
    /// Nothing of it is there.
    Clean(StoreError),
    /// It may be there, or not.
    Unknown(StoreError),
}

#[derive(Debug)]
struct Segment {
    path: PathBuf,
    file: File,
    /// Where the next record goes.
    end: usize,
    /// Bytes that were written at least once.
    size: usize,
    /// The last commit in it.
    last: u64,
}

/// The two files, open for writing.
#[derive(Debug)]
pub(crate) struct Log {
    segments: [Segment; 2],
    current: usize,
    epoch: u64,
    /// Bytes after which the other file is next.
    segment_bytes: usize,
    record: Vec<u8>,
    /// How a record is made durable; tests make it fail.
    pub(crate) sync: fn(&File) -> io::Result<()>,
}

impl Log {
    /// An empty log. All that it held must be in the tables.
    pub(crate) fn open(
        db: &Path,
        epoch: u64,
        segment_bytes: usize,
        synced: bool,
    ) -> Result<Self, StoreError> {
        let open = |suffix| {
            let path = beside(db, suffix);
            let mut options = private();
            let file = options.create(true).write(true).truncate(true).open(&path);
            let file = file.map_err(|error| from_io(&path, &error))?;
            Ok(Segment { path, file, end: 0, size: 0, last: 0 })
        };
        let [first, second] = SUFFIXES;
        Ok(Self {
            segments: [open(first)?, open(second)?],
            current: 0,
            epoch,
            segment_bytes,
            record: Vec::new(),
            sync: if synced { File::sync_data } else { |_| Ok(()) },
        })
    }

    /// Makes commit `no` durable; all up to `settled` are in the tables.
    pub(crate) fn append(&mut self, no: u64, body: &[u8], settled: u64) -> Result<(), Failed> {
        encode(self.epoch, no, body, &mut self.record);
        let full = self.segments[self.current].end + self.record.len() > self.segment_bytes;
        if full && self.segments[1 - self.current].last <= settled {
            self.current = 1 - self.current;
            self.segments[self.current].end = 0;
        }
        let segment = &mut self.segments[self.current];
        if let Err(error) = segment.write(&self.record) {
            return Err(segment.undo(&error, self.sync));
        }
        if let Err(error) = (self.sync)(&segment.file) {
            return Err(Failed::Unknown(StoreError::ReadOnly(format!(
                "{}: {error}",
                segment.path.display()
            ))));
        }
        segment.end += self.record.len();
        segment.last = no;
        Ok(())
    }

    /// Takes the files away. All that they hold must be in the tables.
    pub(crate) fn remove(self) -> Result<(), StoreError> {
        self.segments.iter().try_for_each(|segment| remove(&segment.path))
    }
}

impl Segment {
    fn write(&mut self, record: &[u8]) -> io::Result<()> {
        let end = self.end + record.len();
        if end > self.size {
            let size = end.next_multiple_of(AHEAD);
            self.file.write_all_at(&vec![0; size - self.size], self.size as u64)?;
            self.size = size;
        }
        self.file.write_all_at(record, self.end as u64)
    }

    /// Where there is no room for a record, the part that was written is made no record at all.
    fn undo(&mut self, error: &io::Error, sync: fn(&File) -> io::Result<()>) -> Failed {
        let why = from_io(&self.path, error);
        let undone = || {
            if self.end < self.size {
                self.file.write_all_at(&[0; ALIGN], self.end as u64)?;
                sync(&self.file)?;
            }
            io::Result::Ok(())
        };
        if matches!(why, StoreError::Full) && undone().is_ok() {
            return Failed::Clean(why);
        }
        Failed::Unknown(StoreError::ReadOnly(why.to_string()))
    }
}

fn sum(epoch: u64, no: u64, body: &[u8]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&epoch.to_le_bytes()).update(&no.to_le_bytes()).update(body);
    let mut sum = [0; 16];
    hasher.finalize_xof().fill(&mut sum);
    sum
}

fn encode(epoch: u64, no: u64, body: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&MAGIC);
    // A group of commits is bounded far below 32 bits.
    out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&no.to_le_bytes());
    out.extend_from_slice(&sum(epoch, no, body));
    out.extend_from_slice(body);
    out.resize(out.len().next_multiple_of(ALIGN), 0);
}

/// The record at the beginning of `bytes`, and its length there; `None` if there is no good one.
fn decode(epoch: u64, bytes: &[u8]) -> Option<(u64, &[u8], usize)> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let (magic, header) = header.split_first_chunk::<4>()?;
    let (length, header) = header.split_first_chunk::<4>()?;
    let (no, stored) = header.split_first_chunk::<8>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if *magic != MAGIC || rest.len() < length {
        return None;
    }
    let (no, body) = (u64::from_le_bytes(*no), &rest[..length]);
    (sum(epoch, no, body) == stored).then(|| (no, body, (HEADER + length).next_multiple_of(ALIGN)))
}

/// The commits that the tables do not have, in order. The database may be in use.
///
/// # Errors
/// [`StoreError::Corrupt`] if one is damaged or missing, and there are later ones.
pub(crate) fn waiting(
    db: &Path,
    tables: impl Fn() -> Result<Position, StoreError>,
) -> Result<Vec<Record>, StoreError> {
    let found = read(db, tables()?.epoch)?;
    // Looked at once more, behind the log: what has left that is in the tables by then.
    found.after(tables()?.commits)
}

/// What both files hold.
struct Found {
    records: Vec<Record>,
    /// The highest number behind a bad record.
    beyond: Option<u64>,
}

fn read(db: &Path, epoch: u64) -> Result<Found, StoreError> {
    let (mut records, mut beyond) = (Vec::new(), None);
    for suffix in SUFFIXES {
        let path = beside(db, suffix);
        if size(&path)?.is_some() {
            let bytes = std::fs::read(&path).map_err(|error| from_io(&path, &error))?;
            beyond = beyond.max(segment(&bytes, epoch, &mut records));
        }
    }
    Ok(Found { records, beyond })
}

impl Found {
    fn after(self, commits: u64) -> Result<Vec<Record>, StoreError> {
        let Self { mut records, beyond } = self;
        records.retain(|record| record.no > commits);
        records.sort_by_key(|record| record.no);
        let whole = records.iter().zip(commits + 1..).take_while(|(one, no)| one.no == *no).count();
        let last = commits + whole as u64;
        if records.len() > whole || beyond.is_some_and(|no| no > last) {
            let lost = last + 1;
            return Err(StoreError::Corrupt(format!("commit {lost} is not as it was written")));
        }
        Ok(records)
    }
}

/// Reads the records of one file that follow each other, and the highest number of a good record
/// behind those.
pub(crate) fn segment(bytes: &[u8], epoch: u64, records: &mut Vec<Record>) -> Option<u64> {
    let (mut at, mut last) = (0, None);
    while let Some((no, body, length)) = decode(epoch, &bytes[at..])
        && last.is_none_or(|last| no == last + 1)
    {
        records.push(Record { no, body: body.to_vec() });
        last = Some(no);
        at = (at + length).min(bytes.len());
    }
    let rest = (at..bytes.len()).step_by(ALIGN);
    rest.filter_map(|at| decode(epoch, &bytes[at..]).map(|(no, ..)| no)).max()
}

/// Whether there are commits beside a file that claims to be complete.
pub(crate) fn is_beside(db: &Path) -> Result<bool, StoreError> {
    for suffix in SUFFIXES {
        if size(&beside(db, suffix))?.is_some_and(|bytes| bytes > 0) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes the log of a database away.
pub(crate) fn discard(db: &Path) -> Result<(), StoreError> {
    SUFFIXES.iter().try_for_each(|suffix| remove(&beside(db, suffix)))
}

#[cfg(test)]
mod tests;
