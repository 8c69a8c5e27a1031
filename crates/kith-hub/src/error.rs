//! Why the hub did not do what was asked.

use kith_core::refusal::Refusal;
use kith_store::StoreError;

/// Why the hub did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// The rules say no.
    #[error(transparent)]
    Refused(Refusal),
    /// Too much is waiting; nothing was done.
    #[error("too much is waiting here: try again")]
    Busy,
    /// The server is stopping; if the operation was taken already, it may have been done.
    #[error("the server is stopping")]
    Closed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An operation decided before this one failed to commit, so this one was not done.
    #[error("an earlier operation failed: try again")]
    Superseded,
}

impl HubError {
    /// Part of the protocol.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Busy => "server.busy",
            Self::Closed => "server.stopping",
            Self::Store(StoreError::Full) => "store.full",
            Self::Store(StoreError::ReadOnly(_)) => "store.read_only",
            Self::Store(StoreError::Corrupt(_)) => "store.damaged",
            Self::Store(_) => "store.failed",
            Self::Superseded => "server.superseded",
        }
    }

    /// After how many milliseconds trying again can help.
    #[must_use]
    pub fn retry_ms(&self) -> Option<u64> {
        match self {
            Self::Refused(refusal) => refusal.retry_ms(),
            Self::Busy | Self::Superseded => Some(100),
            Self::Closed => Some(1000),
            Self::Store(StoreError::Full | StoreError::ReadOnly(_) | StoreError::Failed(_)) => {
                Some(10_000)
            }
            Self::Store(_) => None,
        }
    }

    /// Whether the operation may have been done all the same: the store failed at a moment when it
    /// may have written already. When in doubt it is unknown; saying the operation again settles it.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Busy | Self::Superseded => false,
            Self::Store(StoreError::Conflict { .. } | StoreError::Invalid(_)) => false,
            Self::Closed | Self::Store(_) => true,
        }
    }
}

impl From<Refusal> for HubError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
