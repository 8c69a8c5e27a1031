//! Files on their way: their names, their sums, and how they are read and written block by block.

#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use crate::hex::Hex;

/// Files are summed, kept and sent again by blocks of so many bytes.
pub const BLOCK_BYTES: u64 = 1024 * 1024;
/// How many bytes of a file may be on their way, beyond what was kept.
pub const WINDOW_BYTES: u64 = 8 * BLOCK_BYTES;
/// The longest name of a file that is made of what was offered, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// Names that mean a device on some systems, whatever follows a dot.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8",
    "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// A safe name of a file, made of the one that it was offered under: without directories, without what
/// reorders or hides letters, not hidden, not a device.
#[must_use]
pub fn safe_name(offered: &str) -> String {
    let last = offered.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_bad = |c: char| {
        c.is_control()
            || matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let clean: String = last.chars().map(|c| if is_bad(c) { '_' } else { c }).collect();
    let clean = clean.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let mut end = clean.len().min(NAME_BYTES_MAX);
    while !clean.is_char_boundary(end) {
        end -= 1;
    }
    let name = clean[..end].trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    let stem = name.split('.').next().unwrap_or_default().to_lowercase();
    match name {
        "" => "file".to_owned(),
        _ if DEVICES.contains(&stem.as_str()) => format!("_{name}"),
        _ => name.to_owned(),
    }
}

/// The sum over the blocks of a file: each over the sum before it and the block, so that a browser can
/// work it out as well, which has no hash that takes a file bit by bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum([u8; 32]);

impl Sum {
    /// That of no blocks, of a file of so many bytes.
    #[must_use]
    pub fn of(size: u64) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(b"kith private file 1");
        context.update(&size.to_be_bytes());
        Self::end(context)
    }

    /// That with one more block.
    #[must_use]
    pub fn with(self, block: &[u8]) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(&self.0);
        context.update(block);
        Self::end(context)
    }

    fn end(context: Context) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }

    /// As it is told.
    #[must_use]
    pub fn hex(self) -> Hex<32> {
        Hex(self.0)
    }
}

/// How many bytes the block has that begins at `at`.
#[must_use]
pub fn block_at(at: u64, size: u64) -> u64 {
    size.saturating_sub(at).min(BLOCK_BYTES)
}

/// A file that is sent.
#[derive(Debug)]
pub struct Source {
    file: File,
    size: u64,
    /// The sums at the begin of each block that was read.
    sums: Vec<Sum>,
}

impl Source {
    /// Opens a file and says how long it is.
    ///
    /// # Errors
    /// Those of the system, and where it is no file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let known = file.metadata()?;
        if !known.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no file"));
        }
        let size = known.len();
        Ok(Self { file, size, sums: vec![Sum::of(size)] })
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether the first `at` bytes, whole blocks or all, have this sum: what was kept of them is good.
    #[must_use]
    pub fn agrees(&self, at: u64, sum: &Hex<32>) -> bool {
        let is_border = at.is_multiple_of(BLOCK_BYTES) || at == self.size;
        let place = usize::try_from(at.div_ceil(BLOCK_BYTES)).unwrap_or(usize::MAX);
        is_border && self.sums.get(place).is_some_and(|known| known.hex() == *sum)
    }

    /// The sum over all of it, once it was read.
    #[must_use]
    pub fn sum(&self) -> Option<Sum> {
        let blocks = usize::try_from(self.size.div_ceil(BLOCK_BYTES)).unwrap_or(usize::MAX);
        self.sums.get(blocks).copied()
    }

    /// The block that begins at `at`; blocks are read in their order, or again.
    ///
    /// # Errors
    /// Those of the system, and where the file was changed meanwhile.
    pub fn block(&mut self, at: u64) -> io::Result<Vec<u8>> {
        let length = usize::try_from(block_at(at, self.size)).unwrap_or(0);
        let mut bytes = vec![0; length];
        self.file.seek(SeekFrom::Start(at))?;
        self.file.read_exact(&mut bytes)?;
        let place = usize::try_from(at / BLOCK_BYTES).unwrap_or(usize::MAX);
        let changed = || io::Error::new(io::ErrorKind::InvalidData, "the file was changed");
        let next = self.sums.get(place).ok_or_else(changed)?.with(&bytes);
        match self.sums.get(place + 1) {
            Some(known) if *known != next => Err(changed()),
            Some(_) => Ok(bytes),
            None => {
                self.sums.push(next);
                Ok(bytes)
            }
        }
    }
}

/// A file that is taken: written beside its place, and moved there when it is whole.
#[derive(Debug)]
pub struct Sink {
    file: File,
    part: PathBuf,
    path: PathBuf,
    size: u64,
    kept: u64,
    sum: Sum,
    is_whole: bool,
}

impl Sink {
    /// Begins to write a file of so many bytes. Neither it nor its part may be there.
    ///
    /// # Errors
    /// Those of the system.
    pub fn create(path: &Path, size: u64) -> io::Result<Self> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = OpenOptions::new().write(true).create_new(true).open(&part)?;
        let (path, sum) = (path.to_owned(), Sum::of(size));
        Ok(Self { file, part, path, size, kept: 0, sum, is_whole: false })
    }

    /// How many bytes were kept.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.kept
    }

    /// The sum over them.
    #[must_use]
    pub fn sum(&self) -> Sum {
        self.sum
    }

    /// Keeps the next block.
    ///
    /// # Errors
    /// Those of the system, and where it is not so long as the next block is.
    pub fn keep(&mut self, block: &[u8]) -> io::Result<()> {
        if block.len() as u64 != block_at(self.kept, self.size) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.file.write_all(block)?;
        self.kept += block.len() as u64;
        self.sum = self.sum.with(block);
        Ok(())
    }

    /// Gives the file its name, where it is whole and its sum is this.
    ///
    /// # Errors
    /// Those of the system, and where it is not so; then nothing is left of it.
    pub fn finish(mut self, sum: &Hex<32>) -> io::Result<PathBuf> {
        if self.kept != self.size || self.sum.hex() != *sum {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "what arrived is damaged"));
        }
        self.file.sync_all()?;
        // Unlike renaming, linking takes no other file's place.
        match fs::hard_link(&self.part, &self.path) {
            Ok(()) => fs::remove_file(&self.part)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            // Not every file system has links.
            Err(_) => fs::rename(&self.part, &self.path)?,
        }
        self.is_whole = true;
        Ok(self.path.clone())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if !self.is_whole {
            // What cannot be removed is in the way of nobody but its own name.
            let _ = fs::remove_file(&self.part);
        }
    }
}
