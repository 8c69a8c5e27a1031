//! Who of a circle is there, and who may not come.

use kith_core::document::User;
use kith_core::id::{Timestamp, UserId};
use kith_core::text::Line;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::frame::Status;

/// A user who is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Present {
    /// Who.
    pub user: UserId,
    /// How.
    pub status: Status,
    /// Since when they have had a connection.
    pub since: Timestamp,
}

/// A user who may not join a circle again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Banned {
    /// Who, for they are no member whose name could be asked for.
    pub user: User,
    /// Who banned them.
    pub by: UserId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Line>,
    /// When.
    pub at: Timestamp,
}
