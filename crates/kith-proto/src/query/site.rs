//! What those are told who administer the site.

use std::collections::BTreeMap;

use kith_core::document::{Registration, User};
use kith_core::file::Icon;
use kith_core::id::{CircleId, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The site as its administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Site {
    /// The version of the program.
    pub version: String,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// Who may make an account.
    pub registration: Registration,
    /// Whether that can be changed while the server runs: the operator has not set it.
    pub registration_changes: bool,
    /// How many accounts there are.
    pub users: u64,
    /// How many circles there are.
    pub circles: u64,
    /// How many files there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub files: u64,
    /// How many bytes they have, with the uploads that are coming.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub files_bytes: u64,
    /// The memory of the server's process; absent where the system does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Where the data is on a disk: how much there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// What the operator set, and where; secrets are not among it.
    pub settings: Vec<Setting>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// How much data there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Storage {
    /// What the database takes, its log included.
    pub database_bytes: u64,
    /// What is free on its disk.
    pub free_bytes: u64,
    /// When the data was last backed up by this program; absent where it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_at: Option<Timestamp>,
}

/// A setting and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: Json,
    /// Where it came from, for people: `default`, a file, a variable or a flag.
    pub source: String,
}

/// An account as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountCard {
    /// Who.
    pub user: User,
    /// Administers the site.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub site_admin: bool,
    /// Has a password: is neither a program nor a guest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub password: bool,
    /// How many sessions it has.
    pub sessions: u32,
    /// When one of them was last used, to the hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Timestamp>,
    /// How many circles it is in.
    pub circles: u64,
    /// Whether it has a connection now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub there: bool,
}

/// A circle as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SizedCircle {
    /// The circle.
    pub id: CircleId,
    /// Its name.
    pub name: String,
    /// The image that it is shown with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<Box<Icon>>,
    /// Anyone may join.
    pub public: bool,
    /// Who owns it.
    pub owner: UserId,
    /// How many members it has.
    pub members: u64,
    /// Its streams, archived ones too.
    pub streams: u32,
    /// Its topics.
    pub topics: u32,
    /// What has happened in its streams.
    pub events: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What the server counts: read twice, that is what happened between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// The server's time.
    pub now: Timestamp,
    /// What is so now, by the names of the metrics.
    pub gauges: BTreeMap<String, u64>,
    /// What was counted since the server started, by the names of the metrics.
    pub counters: BTreeMap<String, u64>,
    /// How long things took, by the names of the metrics.
    pub times: BTreeMap<String, Times>,
    /// Refusals by code.
    pub refusals: BTreeMap<String, u64>,
}

/// How long things took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Times {
    /// Upper bounds in microseconds; a last bucket has what took longer than all.
    pub bounds_us: Vec<u64>,
    /// How many took at most as long as each bound and longer than the one before.
    pub buckets: Vec<u64>,
    /// The sum, in microseconds.
    pub sum_us: u64,
}
