//! Files: sent up in pieces from where the upload stands, brought down from where the download stands,
//! and compared with their hash.

mod http;
mod place;

use std::io::SeekFrom;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::{Asked, Http};
use hyper::Method;
use kith_core::file::{Attachment, BlobHash};
use kith_core::id::{CircleId, FileId, Seq, StreamId, UserId};
use kith_core::text::{FileName, OpId};
use kith_proto::error::Problem;
pub use place::{free_path, shared_name};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::address::Address;
use crate::backoff::Backoff;
use crate::transport::TransportError;
use crate::{ClientError, new_op};

/// Bytes that are sent at a time.
const PIECE: u64 = 4 * 1024 * 1024;
/// The most bytes of an answer that is no file.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// The most bytes of a small image: 640 × 640 pixels of 4 bytes, and some.
const THUMBNAIL_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Failures one after another after which it is given up.
const FAILURES_MAX: u32 = 10;

/// Why a file did not come to where it should.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The server says no, or cannot be reached any more.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A file of this machine cannot be read or written.
    #[error("{}: {source}", path.display())]
    Local {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What came is not what was stored.
    #[error("what came is damaged: it was thrown away")]
    Damaged,
}

impl FileError {
    /// Whether it is worth to try again, and after what time the server wants it.
    fn passes(&self) -> Option<Option<Duration>> {
        match self {
            Self::Client(ClientError::Unreachable(_)) => Some(None),
            Self::Client(ClientError::Refused(problem)) => {
                let again = matches!(problem.code.as_str(), "file.offset" | "input.too_slow");
                let for_long = matches!(problem.code.as_str(), "file.too_many" | "store.full");
                let asked = problem.retry_ms.filter(|_| !for_long).map(Duration::from_millis);
                (again || asked.is_some()).then_some(asked)
            }
            _ => None,
        }
    }
}

impl From<TransportError> for FileError {
    fn from(error: TransportError) -> Self {
        Self::Client(ClientError::Unreachable(error))
    }
}

impl From<Problem> for FileError {
    fn from(problem: Problem) -> Self {
        Self::Client(ClientError::Refused(problem))
    }
}

/// How far an upload is.
#[derive(Debug, Deserialize)]
struct Told {
    id: FileId,
    offset: u64,
    file: Option<Attachment>,
}

/// Files of a server, as whoever has a session there.
#[derive(Clone, Debug)]
pub struct Files {
    http: Http,
}

/// Counts failures, and waits.
#[derive(Default)]
struct Patience {
    backoff: Backoff,
    failures: u32,
}

impl Patience {
    /// Waits where `error` may pass, and gives it back where it may not.
    async fn after(&mut self, error: FileError) -> Result<(), FileError> {
        let Some(asked) = error.passes().filter(|_| self.failures < FAILURES_MAX) else {
            return Err(error);
        };
        self.failures += 1;
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|_| ClientError::NoRandomness)?;
        tokio::time::sleep(self.backoff.pause(asked, u64::from_le_bytes(random))).await;
        Ok(())
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Files {
    /// The files of the server at `address`, with the token of a session.
    #[must_use]
    pub fn new(address: Address, token: &str) -> Self {
        Self { http: Http::new(address, token) }
    }

    /// Sends a file up; messages can then refer to it. `told` is told how many bytes are there, and of
    /// how many. After a lost connection it goes on from what has arrived.
    ///
    /// # Errors
    /// What the server refuses, such as `file.too_large` and `file.type`; when it cannot be reached for
    /// long; when the file cannot be read.
    pub async fn upload(
        &self,
        path: &Path,
        name: &FileName,
        told: impl FnMut(u64, u64),
    ) -> Result<Attachment, FileError> {
        self.upload_as(&new_op()?, path, name, told).await
    }

    /// The same under a name: what was given up goes on where it was under the same one, also after
    /// [`FileError`]s.
    ///
    /// # Errors
    /// As for [`Files::upload`].
    pub async fn upload_as(
        &self,
        op: &OpId,
        path: &Path,
        name: &FileName,
        mut told: impl FnMut(u64, u64),
    ) -> Result<Attachment, FileError> {
        let local = |source| FileError::Local { path: path.to_owned(), source };
        let mut file = tokio::fs::File::open(path).await.map_err(local)?;
        let bytes = file.metadata().await.map_err(local)?.len();
        let hash = hash_of(path).await.map_err(local)?;
        let mut patience = Patience::default();
        let (mut id, mut at) = (None, None);
        loop {
            let step = async {
                let Some(id) = id else { return self.begin(op, name, bytes, hash).await };
                let Some(at) = at else {
                    return self.ask(Asked::new(Method::GET, &path_of(id))).await;
                };
                file.seek(SeekFrom::Start(at)).await.map_err(local)?;
                let size = usize::try_from(PIECE.min(bytes.saturating_sub(at))).unwrap_or(0);
                let mut piece = vec![0; size];
                file.read_exact(&mut piece).await.map_err(local)?;
                self.ask(Asked::new(Method::PATCH, &path_of(id)).offset(at).body(piece)).await
            };
            match step.await {
                Ok(now) => {
                    told(now.offset, bytes);
                    if let Some(file) = now.file {
                        return Ok(file);
                    }
                    if at != Some(now.offset) {
                        patience.reset();
                    }
                    (id, at) = (Some(now.id), Some(now.offset));
                }
                Err(error) => {
                    patience.after(error).await?;
                    // What arrived is known to the server alone.
                    at = None;
                }
            }
        }
    }

    /// Brings the small image of a file that a message refers to: PNG or JPEG, within 640 × 640 pixels.
    ///
    /// # Errors
    /// What the server refuses, such as `file.not_found` where there is none; when it cannot be reached,
    /// or sends more than an image of this size takes.
    pub async fn thumbnail(
        &self,
        (stream, message): (StreamId, Seq),
        file: FileId,
    ) -> Result<Vec<u8>, FileError> {
        let path = format!("/streams/{stream}/messages/{message}/files/{file}/thumbnail");
        self.bring(&path).await
    }

    /// The small square image that a user is shown with, a JPEG or PNG of at most 192 × 192 pixels.
    ///
    /// # Errors
    /// `user.not_found` of whom one may not know, `file.not_found` of whoever has none; when the server
    /// cannot be reached.
    pub async fn avatar(&self, user: UserId) -> Result<Vec<u8>, FileError> {
        self.bring(&format!("/users/{user}/avatar")).await
    }

    /// The small square image that a circle is shown with, as [`avatar`](Self::avatar).
    ///
    /// # Errors
    /// `circle.not_found`, and as there.
    pub async fn icon(&self, circle: CircleId) -> Result<Vec<u8>, FileError> {
        self.bring(&format!("/circles/{circle}/icon")).await
    }

    /// Brings an image that the server made.
    async fn bring(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let answer = self.http.send(&Asked::new(Method::GET, path)).await?;
        answer.whole(THUMBNAIL_BYTES_MAX).await
    }

    async fn begin(
        &self,
        op: &OpId,
        name: &FileName,
        bytes: u64,
        hash: BlobHash,
    ) -> Result<Told, FileError> {
        let body = serde_json::json!({ "name": name, "bytes": bytes, "hash": hash });
        self.ask(Asked::new(Method::POST, "/files").op(op).json(&body)).await
    }

    async fn ask(&self, asked: Asked) -> Result<Told, FileError> {
        let answer = self.http.send(&asked).await?.whole(ANSWER_BYTES_MAX).await?;
        serde_json::from_slice(&answer).map_err(|_| ClientError::Unexpected.into())
    }

    /// Brings a file down that a message refers to, into a new file. What was brought of it before, into
    /// `to` with `.part` behind it, is not brought again. `told` is told how many bytes are there, and of
    /// how many.
    ///
    /// # Errors
    /// What the server refuses; when it cannot be reached for long; when the file is there already, or
    /// cannot be written; [`FileError::Damaged`].
    pub async fn download(
        &self,
        (stream, message): (StreamId, Seq),
        about: &Attachment,
        to: &Path,
        mut told: impl FnMut(u64, u64),
    ) -> Result<(), FileError> {
        let address = format!("/streams/{stream}/messages/{message}/files/{}", about.id);
        let mut part = to.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let local = |source| FileError::Local { path: part.clone(), source };
        if tokio::fs::try_exists(to).await.map_err(local)? {
            let source = std::io::ErrorKind::AlreadyExists.into();
            return Err(FileError::Local { path: to.to_owned(), source });
        }
        let mut options = tokio::fs::OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(&part).await.map_err(local)?;
        let mut at = file.metadata().await.map_err(local)?.len();
        let mut patience = Patience::default();
        while at < about.bytes {
            let from = at;
            let step = async {
                let asked = Asked::new(Method::GET, &address).from(at, about.hash);
                let mut answer = self.http.send(&asked).await?;
                if !answer.is_part && at > 0 {
                    // It is told from the beginning, whatever was asked.
                    file.set_len(0).await.map_err(local)?;
                    at = 0;
                }
                while let Some(piece) = answer.next().await? {
                    file.write_all(&piece).await.map_err(local)?;
                    at += piece.len() as u64;
                    told(at.min(about.bytes), about.bytes);
                    if at > about.bytes {
                        return Err(FileError::Damaged);
                    }
                }
                if at < about.bytes { Err(answer.cut()) } else { Ok(()) }
            };
            if let Err(error) = step.await {
                if at > from {
                    patience.reset();
                }
                patience.after(error).await?;
            }
        }
        file.flush().await.map_err(local)?;
        file.sync_all().await.map_err(local)?;
        if at > about.bytes || hash_of(&part).await.map_err(local)? != about.hash {
            tokio::fs::remove_file(&part).await.map_err(local)?;
            return Err(FileError::Damaged);
        }
        // Whoever put something there meanwhile keeps it.
        let put = match tokio::fs::hard_link(&part, to).await {
            Ok(()) => tokio::fs::remove_file(&part).await,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(error),
            Err(_) => tokio::fs::rename(&part, to).await,
        };
        put.map_err(|source| FileError::Local { path: to.to_owned(), source })
    }
}

fn path_of(id: FileId) -> String {
    format!("/files/{id}")
}

/// The hash of what is in a file, found beside the async threads.
async fn hash_of(path: &Path) -> std::io::Result<BlobHash> {
    let path = path.to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(std::fs::File::open(path)?)?;
        Ok(BlobHash::from(*hasher.finalize().as_bytes()))
    });
    hashed.await.map_err(std::io::Error::other)?
}
