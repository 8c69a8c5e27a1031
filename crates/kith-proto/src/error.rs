//! Errors as answers: a stable code, a sentence for a person, and when to try again.

use kith_core::refusal::Refusal;
use kith_core::service::Failure;
use serde::{Deserialize, Serialize};

/// A refusal or failure, the same on every surface.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, thiserror::Error,
)]
#[error("{message} ({code})")]
pub struct Problem {
    /// Stable: programs decide by it.
    pub code: String,
    /// A sentence for a person; may change.
    pub message: String,
    /// Milliseconds after which trying again can help; absent if it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_ms: Option<u64>,
    /// Whether the operation may have been done all the same. Say it again with the same operation
    /// id to learn its end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
    /// Of a transaction: which of its changes it is about, counted from 0; absent when it is about
    /// the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<u32>,
    /// With `service.failed` and `topic.refused`: what the provider of the service, or of the guard, said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Box<Failure>>,
}

impl Problem {
    /// A problem that trying again does not help.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self { code, message, retry_ms: None, unknown: false, change: None, failure: None }
    }

    /// A problem that may be over after `retry_ms`.
    #[must_use]
    pub fn later(code: &str, message: impl Into<String>, retry_ms: u64) -> Self {
        Self { retry_ms: Some(retry_ms), ..Self::new(code, message) }
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Self {
        let change = refusal.change().and_then(|place| u32::try_from(place).ok());
        let retry_ms = refusal.retry_ms();
        let failure = refusal.failure().cloned().map(Box::new);
        Self { retry_ms, change, failure, ..Self::new(refusal.code(), refusal.to_string()) }
    }
}

/// The close codes of the WebSocket beyond those of RFC 6455.
pub mod close {
    /// The server restarts; `retry_ms` of the farewell says when to come back (RFC 6455's registry).
    pub const RESTART: u16 = 1012;
    /// Too many connections, or too little memory: come back later.
    pub const OVERLOAD: u16 = 1013;
    /// The first frame did not authenticate, or not in time.
    pub const UNAUTHENTICATED: u16 = 4401;
    /// The session was revoked or has ended.
    pub const REVOKED: u16 = 4402;
    /// Repeated abuse: too many malformed or refused frames.
    pub const ABUSE: u16 = 4408;
    /// The client read too slowly for the server to keep even its answers.
    pub const TOO_SLOW: u16 = 4409;
}
