//! One request over a connection of its own, and its answer as it comes.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper::header::{AUTHORIZATION, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use kith_core::file::BlobHash;
use kith_core::text::OpId;
use kith_proto::error::Problem;
use serde::Deserialize;
use tokio::time::timeout;

use super::FileError;
use crate::ClientError;
use crate::address::Address;
use crate::transport::{TransportError, dial};

/// How long the head of an answer may take: the server may have to read and to look into a file.
const HEAD: Duration = Duration::from_secs(120);
/// How long the next piece of an answer may take.
const PIECE: Duration = Duration::from_secs(30);
/// The most bytes of a refusal.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

/// A server, as whoever has a session there.
#[derive(Clone)]
pub(super) struct Http {
    address: Address,
    token: String,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What is asked.
pub(super) struct Asked {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Asked {
    pub(super) fn new(method: Method, path: &str) -> Self {
        Self { method, path: path.to_owned(), headers: Vec::new(), body: Bytes::new() }
    }

    fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn op(self, op: &OpId) -> Self {
        self.header("idempotency-key", op.as_str().to_owned())
    }

    pub(super) fn offset(self, at: u64) -> Self {
        self.header("upload-offset", at.to_string())
    }

    /// The part of a content from there on; the whole where it is another content.
    pub(super) fn from(self, at: u64, hash: BlobHash) -> Self {
        if at == 0 {
            return self;
        }
        self.header("range", format!("bytes={at}-")).header("if-range", format!("\"{hash}\""))
    }

    pub(super) fn json(self, body: &serde_json::Value) -> Self {
        let mut asked = self.header("content-type", "application/json".to_owned());
        asked.body = body.to_string().into();
        asked
    }

    pub(super) fn body(self, body: Vec<u8>) -> Self {
        let mut asked = self.header("content-type", "application/octet-stream".to_owned());
        asked.body = body.into();
        asked
    }
}

/// An answer, as it comes.
pub(super) struct Answered {
    address: Address,
    body: Incoming,
    /// Whether it is the part that was asked for.
    pub(super) is_part: bool,
}

impl Http {
    pub(super) fn new(address: Address, token: &str) -> Self {
        Self { address, token: token.to_owned() }
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    /// What the server refuses, or that it cannot be reached.
    pub(super) async fn send(&self, asked: &Asked) -> Result<Answered, FileError> {
        let answered = timeout(HEAD, self.exchange(asked)).await;
        let late =
            || FileError::from(TransportError::new(&self.address, "no answer in time".to_owned()));
        let (status, body) = answered.map_err(|_| late())??;
        let is_part = status == StatusCode::PARTIAL_CONTENT;
        let mut answer = Answered { address: self.address.clone(), body, is_part };
        if status.is_success() {
            return Ok(answer);
        }
        let told = answer.whole_within(REFUSAL_BYTES_MAX).await?;
        Err(refusal(&told).map_or_else(|| ClientError::Unexpected.into(), FileError::from))
    }

    async fn exchange(&self, asked: &Asked) -> Result<(StatusCode, Incoming), FileError> {
        let lost = |error: hyper::Error| {
            FileError::from(TransportError::new(&self.address, error.to_string()))
        };
        let mut request = Request::builder()
            .method(asked.method.clone())
            .uri(self.address.path(&format!("/api/v1{}", asked.path)))
            .header(HOST, self.address.authority())
            .header(AUTHORIZATION, format!("Bearer {}", self.token));
        for (name, value) in &asked.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(asked.body.clone()));
        let request = request.map_err(|_| ClientError::Unexpected)?;
        let socket = dial(&self.address).await?;
        let (mut sender, connection) = handshake(TokioIo::new(socket)).await.map_err(lost)?;
        // It ends with the answer.
        tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(lost)?;
        Ok((response.status(), response.into_body()))
    }
}

impl Answered {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// When it does not come.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, FileError> {
        loop {
            let Ok(frame) = timeout(PIECE, self.body.frame()).await else {
                return Err(self.cut());
            };
            match frame {
                None => return Ok(None),
                Some(Err(_)) => return Err(self.cut()),
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
            }
        }
    }

    /// That it ended before its end.
    pub(super) fn cut(&self) -> FileError {
        TransportError::new(&self.address, "the connection was lost".to_owned()).into()
    }

    /// All of an answer that has at most so many bytes.
    ///
    /// # Errors
    /// When it does not come, or is larger.
    pub(super) async fn whole(mut self, bytes_max: usize) -> Result<Vec<u8>, FileError> {
        self.whole_within(bytes_max).await
    }

    async fn whole_within(&mut self, bytes_max: usize) -> Result<Vec<u8>, FileError> {
        let mut whole = Vec::new();
        while let Some(piece) = self.next().await? {
            if whole.len() + piece.len() > bytes_max {
                return Err(ClientError::Unexpected.into());
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }
}

/// A problem after RFC 9457, as the server tells them.
fn refusal(bytes: &[u8]) -> Option<Problem> {
    #[derive(Deserialize)]
    struct Told {
        code: String,
        detail: String,
        retry_ms: Option<u64>,
        #[serde(default)]
        unknown: bool,
    }
    let Told { code, detail, retry_ms, unknown } = serde_json::from_slice(bytes).ok()?;
    Some(Problem { retry_ms, unknown, ..Problem::new(&code, detail) })
}
