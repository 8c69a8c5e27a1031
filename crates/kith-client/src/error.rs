//! Why something asked of the client did not come about.

use kith_proto::error::Problem;

use crate::address::AddressError;
use crate::transport::TransportError;

/// Why something did not come about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The server says no; nothing was changed. With `retry_ms` trying again can help.
    #[error("{0}")]
    Refused(Problem),
    /// The server does not let this client in, now or any longer: it will not connect again.
    #[error("{0}")]
    Stopped(Problem),
    /// The server cannot be reached. Only the first connection fails with this; later ones are
    /// tried again for as long as it takes.
    #[error("{0}")]
    Unreachable(#[from] TransportError),
    /// There was no connection to send a signal on; signals are not kept.
    #[error("not connected")]
    NotConnected,
    /// The connection was lost while a call of a service was open: it may have been done.
    #[error("the connection was lost: the call may have been done")]
    Unknown,
    /// A call of a service that this client had to answer has ended before.
    #[error("the call has ended")]
    Ended,
    /// The client was closed before the answer came.
    #[error("the client was closed")]
    Closed,
    /// The address is none.
    #[error("{0}")]
    Address(#[from] AddressError),
    /// The server's answer is not one to what was asked, or cannot be read.
    #[error("the server gave an answer that does not fit the question")]
    Unexpected,
    /// This machine gives no random numbers, so an operation cannot be named.
    #[error("this system gives no random numbers")]
    NoRandomness,
}

impl ClientError {
    /// The problem that the server told, if it told one.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) | Self::Stopped(problem) => Some(problem),
            _ => None,
        }
    }
}
