//! The ways a run can break its promises, each with a sentence.

use std::fmt;

/// What kind of promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Acknowledged, but not in the log or not there where it was promised.
    Lost,
    /// Shown to a client, but not in the log or with another content.
    Phantom,
    /// Refused for good, but visible.
    AbortedRead,
    /// One operation at two places, or one event shown twice.
    Duplicate,
    /// A client or the log skipped an event, or came out of order.
    Gap,
    /// Two observers hold different events for one place.
    Disagreement,
    /// Something was shown after the principal's removal was acknowledged.
    AfterFence,
    /// Caught up in words but not at the head.
    Behind,
    /// A place was used twice in one epoch, or an epoch or position went back.
    EpochBack,
    /// A transaction is there in part, or in different orders in its feeds.
    Torn,
    /// The log contradicts itself or cannot be read.
    Malformed,
}

/// One broken promise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each sentence names its fields; `Kind` explains the variants")]
pub enum Violation {
    #[error("operation {op} was acknowledged at {feed} #{seq}, but {}", found(*.logged))]
    Lost { op: String, feed: String, seq: u64, logged: Option<u64> },
    #[error("{client} was shown {feed} #{seq} (epoch {epoch}), {detail}")]
    Phantom { client: String, feed: String, epoch: u64, seq: u64, detail: &'static str },
    #[error("operation {op} was refused, but is {} at {feed} #{seq}", shown(.client.as_deref()))]
    AbortedRead { op: String, feed: String, seq: u64, client: Option<String> },
    #[error("duplicate at {feed} #{seq}: {detail}")]
    Duplicate { feed: String, seq: u64, detail: String },
    #[error("gap at {feed} #{seq}: {detail}")]
    Gap { feed: String, seq: u64, detail: String },
    #[error("disagreement at {feed} #{seq} (epoch {epoch}): {detail}")]
    Disagreement { feed: String, epoch: u64, seq: u64, detail: String },
    #[error("{client} was shown {feed} #{seq} after its fence (record {record})")]
    AfterFence { client: String, feed: String, seq: u64, record: u64 },
    #[error("{who} is at {feed} #{seq} (epoch {epoch}), the end is #{head}")]
    Behind { who: String, feed: String, epoch: u64, seq: u64, head: u64 },
    #[error("went back at {feed} #{seq} (epoch {epoch}): {detail}")]
    EpochBack { feed: String, epoch: u64, seq: u64, detail: String },
    #[error("the transaction of {op} is torn: {detail}")]
    Torn { op: String, detail: String },
    #[error("malformed log at record {record}: {detail}")]
    Malformed { record: u64, detail: String },
}

impl Violation {
    /// The kind of this violation.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Lost { .. } => Kind::Lost,
            Self::Phantom { .. } => Kind::Phantom,
            Self::AbortedRead { .. } => Kind::AbortedRead,
            Self::Duplicate { .. } => Kind::Duplicate,
            Self::Gap { .. } => Kind::Gap,
            Self::Disagreement { .. } => Kind::Disagreement,
            Self::AfterFence { .. } => Kind::AfterFence,
            Self::Behind { .. } => Kind::Behind,
            Self::EpochBack { .. } => Kind::EpochBack,
            Self::Torn { .. } => Kind::Torn,
            Self::Malformed { .. } => Kind::Malformed,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

fn found(logged: Option<u64>) -> String {
    logged.map_or_else(
        || "the log of that feed does not have it".to_owned(),
        |seq| format!("the log has it at #{seq}"),
    )
}

fn shown(client: Option<&str>) -> String {
    client.map_or_else(|| "in the log".to_owned(), |client| format!("shown to {client}"))
}
