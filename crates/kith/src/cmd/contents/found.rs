//! What is in a place under a hash: whether it is what the hash says, and the content itself.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use kith_blob::{BlobError, Blobs, Content, Pieces};
use kith_core::file::BlobHash;
use kith_hub::Environment;
use tokio::io::AsyncWriteExt;

use crate::environment::SystemEnvironment;

/// The largest content that is held in memory on its way.
const HELD_BYTES_MAX: u64 = 1024 * 1024;

/// How a content was found.
pub(super) enum Found<T = ()> {
    /// It is what its hash says.
    Whole(T),
    /// It is something else.
    Damaged,
    /// It is a file that cannot be read.
    Unread(Error),
    /// It is not there, or was removed meanwhile.
    Gone,
}

/// Why a content was not brought.
#[derive(Debug)]
pub(super) enum FetchError {
    /// The place that it is in.
    Blob(BlobError),
    /// The directory that it was to be written to.
    Scratch(Error),
}

/// Reads a content and compares it with its hash.
///
/// # Errors
/// When its place cannot be reached.
pub(super) async fn compare(blobs: &dyn Blobs, hash: BlobHash) -> Result<Found, BlobError> {
    if let Some(path) = blobs.file(hash) {
        return Ok(compare_file(path, hash).await);
    }
    let Some((_, mut pieces)) = read(blobs, hash).await? else { return Ok(Found::Gone) };
    let mut hasher = kith_blob::Hasher::default();
    while let Some(piece) = pieces.try_next().await? {
        hasher.update(&piece);
    }
    Ok(if hasher.hash() == hash { Found::Whole(()) } else { Found::Damaged })
}

/// Brings a content that is what its hash says: where it is, in memory, or in a file within `scratch`,
/// which is made for its owner only.
///
/// # Errors
/// When its place cannot be reached, or the file cannot be written.
pub(super) async fn fetch(
    blobs: &dyn Blobs,
    hash: BlobHash,
    scratch: &Path,
) -> Result<Found<Content>, FetchError> {
    if let Some(path) = blobs.file(hash) {
        return Ok(compare_file(path.clone(), hash).await.with(Content::File(path)));
    }
    let read = read(blobs, hash).await.map_err(FetchError::Blob)?;
    let Some((size, mut pieces)) = read else { return Ok(Found::Gone) };
    let mut sink = match size <= HELD_BYTES_MAX {
        true => Sink::Memory(Vec::new()),
        false => Sink::file(scratch, hash).await.map_err(FetchError::Scratch)?,
    };
    let mut hasher = kith_blob::Hasher::default();
    while let Some(piece) = pieces.try_next().await.map_err(FetchError::Blob)? {
        hasher.update(&piece);
        sink.write(&piece).await.map_err(FetchError::Scratch)?;
    }
    let content = sink.content().await.map_err(FetchError::Scratch)?;
    Ok(if hasher.hash() == hash { Found::Whole(content) } else { Found::Damaged })
}

impl Found {
    /// The same, with what was found.
    fn with<T>(self, what: T) -> Found<T> {
        match self {
            Self::Whole(()) => Found::Whole(what),
            Self::Damaged => Found::Damaged,
            Self::Unread(error) => Found::Unread(error),
            Self::Gone => Found::Gone,
        }
    }
}

/// Compares what is in a file with its hash.
async fn compare_file(path: PathBuf, hash: BlobHash) -> Found {
    let hashed = tokio::task::spawn_blocking(move || kith_blob::hash_file(&path)).await;
    match hashed.map_err(Error::other).flatten() {
        Ok(found) if found == hash => Found::Whole(()),
        Ok(_) => Found::Damaged,
        Err(error) if error.kind() == ErrorKind::NotFound => Found::Gone,
        Err(error) => Found::Unread(error),
    }
}

/// A content in pieces, and how many bytes it has; `None` where it is not there.
async fn read(blobs: &dyn Blobs, hash: BlobHash) -> Result<Option<(u64, Pieces)>, BlobError> {
    let Some(size) = blobs.size(hash).await? else { return Ok(None) };
    match blobs.read(hash, 0..size).await {
        Err(BlobError::Missing(_)) => Ok(None),
        read => Ok(Some((size, read?))),
    }
}

/// Where a content is put while it is read.
enum Sink {
    Memory(Vec<u8>),
    File(tokio::fs::File, PathBuf),
}

impl Sink {
    /// A file of its own, of which no other command knows the name.
    async fn file(scratch: &Path, hash: BlobHash) -> Result<Self, Error> {
        let path = scratch.join(format!("{hash}-{:032x}", SystemEnvironment.random()));
        let (dir, made) = (scratch.to_owned(), path.clone());
        let opened = tokio::task::spawn_blocking(move || {
            kith_blob::make_dir(&dir)?;
            kith_blob::make_file(&made)
        });
        let file = opened.await.map_err(Error::other)??;
        Ok(Self::File(tokio::fs::File::from_std(file), path))
    }

    async fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        match self {
            Self::Memory(held) => {
                held.extend_from_slice(piece);
                Ok(())
            }
            Self::File(file, _) => file.write_all(piece).await,
        }
    }

    async fn content(self) -> Result<Content, Error> {
        Ok(match self {
            Self::Memory(held) => Content::Bytes(held.into()),
            Self::File(mut file, path) => {
                file.flush().await?;
                Content::File(path)
            }
        })
    }
}
