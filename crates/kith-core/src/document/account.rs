//! Accounts, their sessions, and who may make one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::is_zero;
use crate::file::Icon;
use crate::id::{SessionId, Timestamp, UserId};
use crate::text::{DisplayName, Label, UserName};

/// A user, as everyone who shares something with them may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// The account.
    pub id: UserId,
    /// Its unique name.
    pub name: UserName,
    /// What it is shown as.
    pub display_name: DisplayName,
    /// The image that it is shown with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<Box<Icon>>,
    /// The human whose program drives this account; `None` for a human.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot_of: Option<UserId>,
    /// A disabled account cannot sign in; its messages stay.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What only the server knows of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// A password hash in PHC form; `None` for a bot, which has tokens alone, and for a guest, who
    /// comes in by a gateway alone.
    pub password: Option<String>,
    /// May administer the site.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub site_admin: bool,
    /// How often all sessions were ended at once: by a new password, or when it was disabled.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub endings: u64,
    /// How a new password can be set without the present one, where an administrator let it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<Reset>,
}

/// A link by which a new password is set, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// The hash of its token, in hexadecimal.
    pub token_hash: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// Anyone.
    Open,
    /// Whoever has an invite to a circle.
    #[default]
    Invite,
    /// Nobody but by the operator.
    Closed,
}

/// What administrators set while the server runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteRules {
    /// Who may make an account; `None` for what the configuration says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Registration>,
}

impl Account {
    /// The account once all its sessions have ended.
    pub(crate) fn ended(&self) -> Self {
        Self { endings: self.endings + 1, ..self.clone() }
    }
}

/// A unique name and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameOwner {
    /// The account with this name.
    pub user: UserId,
}

/// A session, found by the hash of its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// How its user names it.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// What its user sees in the list.
    pub label: Label,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was last used, to the hour.
    pub used_at: Timestamp,
    /// After how many milliseconds without use it ends; 0 for never.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub idle_ms: u64,
    /// The [`Account::endings`] at its beginning: it is void once there are more.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub endings: u64,
}

/// How far behind [`Session::used_at`] may be, in milliseconds: one write an hour is enough.
pub const USED_MS: u64 = 3600 * 1000;

impl Session {
    /// Whether it has ended by itself.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        let idle = self.idle_ms > 0 && self.used_at.plus_ms(self.idle_ms.max(2 * USED_MS)) <= now;
        self.expires_at <= now || idle
    }

    /// Whether its use is to be noted anew: after an hour, or when the clock was set back.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.idle_ms > 0
            && (now.since_ms(self.used_at) >= USED_MS || self.used_at.since_ms(now) >= USED_MS)
    }
}

/// Finds a user's session by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRef {
    /// The hash of the token, in hexadecimal.
    pub token_hash: String,
}
