//! Carries out what is wished with files, beside everything else.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kith_client::{ClientError, FileError, Files, free_path};
use kith_core::file::Attachment;
use tokio::sync::{Semaphore, mpsc};

use crate::model::{Came, FileCame, FileWish};

/// Files that are carried at a time.
const AT_ONCE: usize = 3;
/// The pause before a server is looked for again that was not there for long.
const AGAIN: Duration = Duration::from_secs(5);

/// Carries wishes with files out, several at a time.
#[derive(Clone)]
pub(super) struct Porter {
    files: Files,
    turns: Arc<Semaphore>,
    told: mpsc::Sender<Came>,
}

impl Porter {
    pub(super) fn new(files: Files, told: mpsc::Sender<Came>) -> Self {
        Self { files, turns: Arc::new(Semaphore::new(AT_ONCE)), told }
    }

    /// Begins to carry one out.
    pub(super) fn carry(&self, ticket: u64, wish: FileWish) {
        let porter = self.clone();
        tokio::spawn(async move {
            let Ok(_turn) = porter.turns.acquire().await else { return };
            let came = loop {
                match porter.attempt(ticket, &wish).await {
                    Ok(came) => break came,
                    // It goes on where it was.
                    Err(FileError::Client(ClientError::Unreachable(_))) => {
                        tokio::time::sleep(AGAIN).await;
                    }
                    Err(error) => break FileCame::Failed(error.to_string()),
                }
            };
            // A program that has ended wants to know nothing.
            let _ = porter.told.send(Came::File(ticket, came)).await;
        });
    }

    async fn attempt(&self, ticket: u64, wish: &FileWish) -> Result<FileCame, FileError> {
        let telling = self.telling(ticket);
        match wish {
            FileWish::Upload { path, name, op } => {
                let about = self.files.upload_as(op, path, name, telling).await?;
                Ok(FileCame::Uploaded(about.id))
            }
            FileWish::Download { stream, message, about, directory } => {
                let path = free(directory.clone(), about.clone()).await?;
                self.files.download((*stream, *message), about, &path, telling).await?;
                Ok(FileCame::Saved(path))
            }
        }
    }

    /// Tells how far it is, as far as somebody listens: what comes later says more.
    fn telling(&self, ticket: u64) -> impl FnMut(u64, u64) + use<> {
        let (told, mut last) = (self.told.clone(), None);
        move |at: u64, bytes: u64| {
            let now = u128::from(at) * 100 / u128::from(bytes.max(1));
            if last != Some(now) {
                last = Some(now);
                let _ = told.try_send(Came::File(ticket, FileCame::Progress { at, bytes }));
            }
        }
    }
}

/// A path where nothing is, looked for on a thread that may wait for a disk.
async fn free(directory: PathBuf, about: Attachment) -> Result<PathBuf, FileError> {
    let dir = directory.clone();
    let found = tokio::task::spawn_blocking(move || free_path(&dir, &about)).await;
    let source = std::io::ErrorKind::AlreadyExists.into();
    found.ok().flatten().ok_or(FileError::Local { path: directory, source })
}
