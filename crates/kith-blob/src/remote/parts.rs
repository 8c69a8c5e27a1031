//! Sending a large content in parts.

use std::path::PathBuf;

use object_store::path::Path as Name;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use tokio::io::AsyncReadExt;

use super::{Remote, told};
use crate::{BlobError, of_source};

/// Bytes that are sent at a time; S3 takes no less than 5 MiB but for the last.
pub(super) const PART: usize = 8 * 1024 * 1024;

impl Remote {
    /// Sends a file in parts. The object is there once all of them are, and not before.
    ///
    /// It ends where nobody waits for it any more as well: parts whose upload is neither completed
    /// nor given up cost room until the bucket's own rules remove them.
    pub(super) async fn send(&self, name: Name, source: PathBuf) -> Result<(), BlobError> {
        let (store, place) = (self.store.clone(), self.place.clone());
        let sending = tokio::spawn(async move {
            let wrong = |error| told::failure(&place, &error);
            let mut file = of_source(tokio::fs::File::open(source).await)?;
            let mut upload = store.put_multipart(&name).await.map_err(wrong)?;
            let sent = match send_all(upload.as_mut(), &mut file, &wrong).await {
                Ok(()) => upload.complete().await.map(drop).map_err(wrong),
                failed @ Err(_) => failed,
            };
            if sent.is_err()
                && let Err(error) = upload.abort().await
            {
                let why = wrong(error);
                tracing::warn!(%why, "parts of a content stay in the bucket until it removes them");
            }
            sent
        });
        sending.await.unwrap_or_else(|error| Err(BlobError::Failed(error.to_string())))
    }
}

async fn send_all(
    upload: &mut dyn MultipartUpload,
    file: &mut tokio::fs::File,
    wrong: impl Fn(object_store::Error) -> BlobError,
) -> Result<(), BlobError> {
    loop {
        let mut part = Vec::with_capacity(PART);
        let read = (&mut *file).take(PART as u64).read_to_end(&mut part).await;
        if of_source(read)? == 0 {
            return Ok(());
        }
        upload.put_part(PutPayload::from(part)).await.map_err(&wrong)?;
    }
}
