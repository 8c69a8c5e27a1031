//! Contents on the disk: one file each, in a directory by the first two digits of its hash.

use std::fs;
use std::io::{Error, ErrorKind, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use kith_core::file::BlobHash;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use crate::{BlobError, Blobs, Content, Pieces, make_dir, make_file, of_source, sync_dir};

/// Bytes that are read at a time.
const PIECE: usize = 64 * 1024;

/// A directory with contents.
#[derive(Clone, Debug)]
pub struct Disk {
    dir: PathBuf,
}

impl Disk {
    /// The contents in a directory, which is made if it is missing. Blocks.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(dir: &Path) -> Result<Self, BlobError> {
        make_dir(dir)?;
        // What was being written when the program ended was never acknowledged.
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "part") {
                fs::remove_file(path)?;
            }
        }
        Ok(Self { dir: dir.to_owned() })
    }

    /// The contents in a directory that somebody else may be using: nothing in it is touched.
    #[must_use]
    pub fn look(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Where a content is, if it is there.
    #[must_use]
    pub fn path(&self, hash: BlobHash) -> PathBuf {
        let name = hash.to_string();
        self.dir.join(name.get(..2).unwrap_or_default()).join(name)
    }

    /// Somewhere to write to, which nobody else writes to either in another process.
    fn part(&self) -> std::io::Result<PathBuf> {
        let random = getrandom::u64().map_err(|error| Error::other(error.to_string()))?;
        Ok(self.dir.join(format!("{random:016x}.part")))
    }

    /// Puts a content where it belongs. Blocks.
    fn put(&self, hash: BlobHash, content: &Content) -> Result<(), BlobError> {
        let path = self.path(hash);
        let dir = path.parent().unwrap_or(&path);
        if !dir.exists() {
            make_dir(dir)?;
        }
        if !path.exists() {
            let part = self.part()?;
            write(&path, &part, content).inspect_err(|_| {
                let _ = fs::remove_file(&part);
            })?;
        }
        // It may have been put there a moment ago by somebody who is not done yet.
        Ok(sync_dir(dir)?)
    }
}

fn write(path: &Path, part: &Path, content: &Content) -> Result<(), BlobError> {
    match content {
        Content::File(source) => {
            of_source(fs::File::open(source))?.sync_all()?;
            match fs::hard_link(source, path) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
                // Not every file system has links.
                Err(_) => drop(fs::copy(source, part)?),
            }
        }
        Content::Bytes(bytes) => make_file(part)?.write_all(bytes)?,
    }
    fs::File::open(part)?.sync_all()?;
    Ok(fs::rename(part, path)?)
}

/// Runs what blocks beside the async threads.
pub(crate) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, BlobError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(BlobError::from),
        Err(error) => Err(BlobError::Failed(error.to_string())),
    }
}

#[async_trait]
impl Blobs for Disk {
    async fn keep(&self, hash: BlobHash, content: Content) -> Result<(), BlobError> {
        let disk = self.clone();
        beside(move || Ok(disk.put(hash, &content))).await?
    }

    async fn read(&self, hash: BlobHash, range: Range<u64>) -> Result<Pieces, BlobError> {
        let mut file = match tokio::fs::File::open(self.path(hash)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(BlobError::Missing(hash));
            }
            opened => opened?,
        };
        if range.start > 0 {
            file.seek(std::io::SeekFrom::Start(range.start)).await?;
        }
        let left = range.end.saturating_sub(range.start);
        let pieces =
            futures_util::stream::try_unfold((file, left), |(mut file, left)| async move {
                let size = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
                let mut piece = bytes::BytesMut::with_capacity(size);
                while piece.len() < size {
                    let room = size - piece.len();
                    if (&mut file).take(room as u64).read_buf(&mut piece).await? == 0 {
                        break;
                    }
                }
                let left = left.saturating_sub(piece.len() as u64);
                let piece: Bytes = piece.freeze();
                Ok::<_, BlobError>((!piece.is_empty()).then_some((piece, (file, left))))
            });
        Ok(pieces.boxed())
    }

    async fn size(&self, hash: BlobHash) -> Result<Option<u64>, BlobError> {
        match tokio::fs::metadata(self.path(hash)).await {
            Ok(found) => Ok(Some(found.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn remove(&self, hash: BlobHash) -> Result<(), BlobError> {
        match tokio::fs::remove_file(self.path(hash)).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn list(&self, after: Option<BlobHash>, max: usize) -> Result<Vec<BlobHash>, BlobError> {
        let dir = self.dir.clone();
        beside(move || list(&dir, after, max)).await
    }

    fn file(&self, hash: BlobHash) -> Option<PathBuf> {
        Some(self.path(hash))
    }
}

fn list(dir: &Path, after: Option<BlobHash>, max: usize) -> std::io::Result<Vec<BlobHash>> {
    let from = after.map(|hash| hash.to_string()).unwrap_or_default();
    let first = from.get(..2).unwrap_or_default();
    let mut dirs: Vec<String> = names(dir)?;
    dirs.retain(|name| name.len() == 2 && name.as_str() >= first);
    dirs.sort_unstable();
    let mut found = Vec::new();
    for name in dirs {
        let mut here: Vec<BlobHash> =
            names(&dir.join(&name))?.iter().filter_map(|name| name.parse().ok()).collect();
        here.retain(|hash| after.is_none_or(|after| *hash > after));
        here.sort_unstable();
        found.extend(here);
        if found.len() >= max {
            found.truncate(max);
            break;
        }
    }
    Ok(found)
}

fn names(dir: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_disk_is_a_place_for_contents() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::open(&dir.path().join("blobs")).unwrap();
        crate::conformance::check(&disk, dir.path()).await;
    }

    #[tokio::test]
    async fn two_that_have_a_directory_open_write_to_files_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (Disk::open(dir.path()).unwrap(), Disk::look(dir.path()));
        assert_ne!(one.part().unwrap(), other.part().unwrap());
        let part = one.part().unwrap();
        make_file(&part).unwrap();
        assert_eq!(make_file(&part).unwrap_err().kind(), ErrorKind::AlreadyExists);
    }

    #[tokio::test]
    async fn what_was_half_written_is_gone_when_it_is_opened_again() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::open(dir.path()).unwrap();
        let hash = BlobHash::of(b"tea");
        disk.keep(hash, Content::Bytes(Bytes::from_static(b"tea"))).await.unwrap();
        fs::write(dir.path().join("7.part"), "te").unwrap();
        assert_eq!(Disk::look(dir.path()).list(None, 10).await, Ok(vec![hash]));
        assert!(dir.path().join("7.part").exists(), "who only looks touches nothing");
        let disk = Disk::open(dir.path()).unwrap();
        assert!(!dir.path().join("7.part").exists());
        assert_eq!(disk.list(None, 10).await, Ok(vec![hash]));
    }
}
