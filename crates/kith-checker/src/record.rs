//! One line of a run's log: what was asked, answered, shown, and finally stored.

use serde::{Deserialize, Serialize};

/// One observation. The order of the records is the order in which they were
/// written down; `at` is for the reader only, no verdict depends on a clock.
///
/// As JSON: `{"t":"ok","client":"ann/1","op":"a1","seq":7,"epoch":1}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are explained at their variant")]
pub enum Record {
    /// `client` begins operation `op` on `feed`; write it before sending. A
    /// retry may repeat it with the same feed and body. After a refusal the
    /// next attempt needs a new id.
    Invoke { client: String, op: String, feed: String, body_hash: String, at: u64 },
    /// The operation was acknowledged as event `seq` of its feed.
    Ok { client: String, op: String, seq: u64, epoch: u64 },
    /// The operation was refused for good: it must never become visible.
    Fail { client: String, op: String, code: String },
    /// No answer (connection lost); a later `Ok` or `Fail` settles it.
    Unknown { client: String, op: String },
    /// These operations, one in a feed, are one: all of them are done, or none; write it where their
    /// feeds are known.
    Transaction { parts: Vec<String> },
    /// What the client holds of these feeds, up to the last it was shown of each, is whole: of no
    /// transaction it has one part and lacks another.
    Whole { client: String, feeds: Vec<String> },
    /// An event was shown to the client; `op` is absent for the server's own.
    Deliver {
        client: String,
        feed: String,
        epoch: u64,
        seq: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        op: Option<String>,
        hash: String,
    },
    /// The client was given the state as of `seq`; `seq + 1` comes next. It may
    /// not be older than what the client has seen in this epoch.
    Snapshot { client: String, feed: String, epoch: u64, seq: u64 },
    /// The client was told to start over behind `seq` (also an earlier one).
    Reset { client: String, feed: String, epoch: u64, seq: u64 },
    /// The removal of the client's principal from the feed was acknowledged:
    /// from here to `Granted` nothing of the feed may reach any of its devices.
    /// What was received before must be written down before this record.
    Fence { client: String, feed: String, at: u64 },
    /// The client's principal may see the feed again.
    Granted { client: String, feed: String },
    /// The operator put the feed back to `seq` on purpose; it goes on under the
    /// new `epoch`. Later events of earlier epochs may be missing in the log.
    Restored { feed: String, epoch: u64, seq: u64 },
    /// After the run: the feed's epoch and last event by the server's word.
    Head { feed: String, epoch: u64, seq: u64 },
    /// After the run: one event of the server's full log.
    Logged {
        feed: String,
        epoch: u64,
        seq: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        op: Option<String>,
        hash: String,
    },
    /// The client claims to be caught up (not asked of a fenced one).
    Quiet { client: String, feed: String },
}

/// The principal of a client: the part of its name before the first `/`.
#[must_use]
pub fn principal_of(client: &str) -> &str {
    client.split_once('/').map_or(client, |(principal, _)| principal)
}
