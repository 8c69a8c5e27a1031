//! Uploads on their way: one file each, by the id of the file that it becomes.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use kith_core::id::FileId;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use crate::disk::beside;
use crate::{BlobError, make_dir, make_file, sync_dir};

/// A directory with uploads on their way.
#[derive(Clone, Debug)]
pub struct Staging {
    dir: PathBuf,
}

/// An upload that is being written.
#[derive(Debug)]
pub struct Part(tokio::fs::File);

impl Staging {
    /// The uploads in a directory, which is made if it is missing. Blocks.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(dir: &Path) -> Result<Self, BlobError> {
        make_dir(dir)?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// Where an upload is.
    #[must_use]
    pub fn path(&self, id: FileId) -> PathBuf {
        self.dir.join(id.to_string())
    }

    /// An upload to write on from `offset`. What is behind it was never acknowledged, and goes.
    ///
    /// # Errors
    /// When it cannot be written, or is shorter than that.
    pub async fn resume(&self, id: FileId, offset: u64) -> Result<Part, BlobError> {
        let (path, dir) = (self.path(id), self.dir.clone());
        let file = beside(move || {
            let file = match fs::OpenOptions::new().write(true).open(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let made = make_file(&path)?;
                    sync_dir(&dir)?;
                    made
                }
                opened => opened?,
            };
            if file.metadata()?.len() < offset {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            file.set_len(offset)?;
            Ok(file)
        });
        let mut file = tokio::fs::File::from_std(file.await?);
        file.seek(std::io::SeekFrom::Start(offset)).await?;
        Ok(Part(file))
    }

    /// Removes an upload; one that is not there is no error.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub async fn remove(&self, id: FileId) -> Result<(), BlobError> {
        match tokio::fs::remove_file(self.path(id)).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// All uploads of which something is there.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub async fn list(&self) -> Result<Vec<FileId>, BlobError> {
        let dir = self.dir.clone();
        beside(move || {
            let mut found = Vec::new();
            for entry in fs::read_dir(dir)? {
                let name = entry?.file_name();
                found.extend(name.to_str().and_then(|name| name.parse::<FileId>().ok()));
            }
            Ok(found)
        })
        .await
    }

    /// Bytes that are free on the disk, and that it has; `None` where that cannot be told.
    #[must_use]
    pub fn room(&self) -> Option<(u64, u64)> {
        #[cfg(unix)]
        {
            let found = rustix::fs::statvfs(&self.dir).ok()?;
            let of = |blocks: u64| blocks.saturating_mul(found.f_frsize);
            Some((of(found.f_bavail), of(found.f_blocks)))
        }
        #[cfg(not(unix))]
        None
    }
}

impl Part {
    /// Adds to what is there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), BlobError> {
        Ok(self.0.write_all(piece).await?)
    }

    /// Returns when all that was written survives a power loss.
    ///
    /// # Errors
    /// When that cannot be said.
    pub async fn sync(&mut self) -> Result<(), BlobError> {
        self.0.flush().await?;
        Ok(self.0.sync_data().await?)
    }
}

#[cfg(test)]
mod tests {
    use kith_core::id::Timestamp;

    use super::*;

    #[tokio::test]
    async fn an_upload_goes_on_from_what_was_acknowledged() {
        let dir = tempfile::tempdir().unwrap();
        let staging = Staging::open(&dir.path().join("uploads")).unwrap();
        let id = FileId::new(Timestamp(1), 1);
        let mut part = staging.resume(id, 0).await.unwrap();
        part.write(b"black ").await.unwrap();
        part.sync().await.unwrap();
        part.write(b"coffee").await.unwrap();
        part.sync().await.unwrap();
        // The second half was not acknowledged.
        let mut part = staging.resume(id, 6).await.unwrap();
        part.write(b"tea").await.unwrap();
        part.sync().await.unwrap();
        assert_eq!(fs::read(staging.path(id)).unwrap(), b"black tea");
        assert!(staging.resume(id, 100).await.is_err(), "that much was never there");
        assert_eq!(staging.list().await, Ok(vec![id]));
        staging.remove(id).await.unwrap();
        staging.remove(id).await.unwrap();
        assert_eq!(staging.list().await, Ok(Vec::new()));
    }
}
