//! Where the contents of files are: the trait that every place for them implements, the disk, a
//! bucket of a store that speaks S3, and what is still on its way up.
//!
//! A content is called by its BLAKE3 hash and by nothing else: no name that a person chose is ever
//! part of a path. What is there never changes, so that it may be written twice.

#[cfg(any(test, feature = "testing"))]
pub mod bucket;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod disk;
mod remote;
pub mod sniff;
mod staging;
mod watched;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use kith_core::file::BlobHash;

pub use disk::Disk;
pub use remote::{Remote, place};
pub use staging::{Part, Staging};
pub use watched::Watched;

/// The directory of contents within that of files.
pub const BLOBS: &str = "blobs";

/// A content on its way out, in pieces.
pub type Pieces = BoxStream<'static, Result<Bytes, BlobError>>;

/// Why a content was not stored or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// There is no room.
    #[error("there is no room for the files")]
    Full,
    /// It is not there.
    #[error("the content {0} is not there")]
    Missing(BlobHash),
    /// What was to be stored could not be read, which says nothing of the place.
    #[error("what is to be stored cannot be read: {0}")]
    Source(String),
    /// Anything else; trying again may help.
    #[error("the files cannot be reached: {0}")]
    Failed(String),
}

impl From<std::io::Error> for BlobError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::Full,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// What came of reading what is to be stored.
fn of_source<T>(read: std::io::Result<T>) -> Result<T, BlobError> {
    read.map_err(|error| BlobError::Source(error.to_string()))
}

/// A content to be stored.
#[derive(Clone, Debug)]
pub enum Content {
    /// What is in this file, which stays as it is and is not written to any more.
    File(PathBuf),
    /// This.
    Bytes(Bytes),
}

/// A place for contents.
#[async_trait]
pub trait Blobs: std::fmt::Debug + Send + Sync + 'static {
    /// Stores a content under its hash, durably: neither a crash nor a power loss undoes it. One
    /// that is there already stays.
    ///
    /// # Errors
    /// When there is no room, what is to be stored cannot be read, or the place cannot be reached.
    async fn keep(&self, hash: BlobHash, content: Content) -> Result<(), BlobError>;

    /// The bytes `range` of a content, in pieces; less where it ends before.
    ///
    /// # Errors
    /// [`BlobError::Missing`], or when the place cannot be reached.
    async fn read(&self, hash: BlobHash, range: Range<u64>) -> Result<Pieces, BlobError>;

    /// How many bytes a content has; `None` when it is not there.
    ///
    /// # Errors
    /// When the place cannot be reached.
    async fn size(&self, hash: BlobHash) -> Result<Option<u64>, BlobError>;

    /// Removes a content; one that is not there is no error.
    ///
    /// # Errors
    /// When the place cannot be reached.
    async fn remove(&self, hash: BlobHash) -> Result<(), BlobError>;

    /// The hashes of up to `max` contents that follow `after`, in order.
    ///
    /// # Errors
    /// When the place cannot be reached.
    async fn list(&self, after: Option<BlobHash>, max: usize) -> Result<Vec<BlobHash>, BlobError>;

    /// Asks whether the place answers, as cheaply as it can.
    ///
    /// # Errors
    /// When it cannot be reached.
    async fn probe(&self) -> Result<(), BlobError> {
        self.list(None, 1).await.map(drop)
    }

    /// The file that a content is in, where contents are files of this machine.
    fn file(&self, hash: BlobHash) -> Option<PathBuf> {
        let _ = hash;
        None
    }
}

/// All that a server needs for files.
#[derive(Clone, Debug)]
pub struct Depot {
    /// Where contents are, and whether that answers.
    pub blobs: Arc<Watched>,
    /// What is still on its way up.
    pub staging: Staging,
}

impl Depot {
    /// On the disk, in one directory, which is made if it is missing. Blocks.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn on_disk(dir: &std::path::Path) -> Result<Self, BlobError> {
        Self::with(Arc::new(Disk::open(&dir.join(BLOBS))?), dir)
    }

    /// Contents in this place, and what is still on its way up in a directory. Blocks.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn with(blobs: Arc<dyn Blobs>, dir: &std::path::Path) -> Result<Self, BlobError> {
        let blobs = Arc::new(Watched::new(blobs));
        Ok(Self { blobs, staging: Staging::open(&dir.join("uploads"))? })
    }
}

/// Finds the hash of what comes in pieces.
#[derive(Clone, Debug, Default)]
pub struct Hasher(blake3::Hasher);

impl Hasher {
    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all that came.
    #[must_use]
    pub fn hash(&self) -> BlobHash {
        BlobHash::from(*self.0.finalize().as_bytes())
    }
}

/// The BLAKE3 hash of what is in a file. Blocks.
///
/// # Errors
/// When it cannot be read.
pub fn hash_file(path: &std::path::Path) -> std::io::Result<BlobHash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(std::fs::File::open(path)?)?;
    Ok(BlobHash::from(*hasher.finalize().as_bytes()))
}

/// Makes a directory for its owner only, if it is missing, and sees to it that it stays. Blocks.
///
/// # Errors
/// When it cannot be made.
pub fn make_dir(dir: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        sync_dir(parent)?;
    }
    Ok(())
}

/// Makes a file for its owner only, to be written. Blocks.
///
/// # Errors
/// When it cannot be made, or is there already.
pub fn make_file(path: &std::path::Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Has what was made, renamed or removed in a directory survive a power loss.
fn sync_dir(dir: &std::path::Path) -> std::io::Result<()> {
    #[cfg(unix)]
    std::fs::File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}
