//! The accounts of guests.

use std::net::IpAddr;

use kith_core::command::{self, Command};
use kith_core::decide::account::{self, Lifetime, NewAccount};
use kith_core::decide::secret_hash;
use kith_core::document::User;
use kith_core::id::UserId;
use kith_core::text::{DisplayName, Label, UserName};
use kith_hub::HubError;

use super::Gateway;
use crate::door::Shut;
use crate::object::length;

/// The most bytes of a UID in an object: a list that holds nothing else must fit.
const UID_BYTES_MAX: usize = 128;
/// What the UIDs of those end with who are no guests: `NAME@kith`.
pub(super) const OURS: &str = "@kith";
/// After how long without use a session ends: it is looked at every hour.
const IDLE_MS: u64 = 3 * 3600 * 1000;
/// Hexadecimal digits in the name of a guest.
const NAME_DIGITS: usize = 24;
/// What a guest is shown as whose nickname is none.
const NAMELESS: &str = "guest";

/// Why somebody cannot join.
#[derive(Debug)]
pub(super) enum NoGuest {
    /// There is an account with a password in its place, or one that is disabled.
    Taken,
    /// No accounts are made for guests.
    Closed,
    /// Too many were made from this address.
    TooMany,
    /// The hub says no.
    Hub(HubError),
}

impl std::fmt::Display for NoGuest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Taken => f.write_str("the account is not a guest's, or not any more"),
            Self::Closed => f.write_str("gateway.muca.guests is false: no accounts are made"),
            Self::TooMany => f.write_str("too many guests came from this address: wait a minute"),
            Self::Hub(error) => error.fmt(f),
        }
    }
}

impl From<HubError> for NoGuest {
    fn from(error: HubError) -> Self {
        Self::Hub(error)
    }
}

/// Whether somebody may call themselves so: not too long, in one line, and not as those are called who
/// are no guests.
pub(super) fn is_uid(uid: &str) -> bool {
    let is_ours = uid.len() >= OURS.len()
        && uid.is_char_boundary(uid.len() - OURS.len())
        && uid[uid.len() - OURS.len()..].eq_ignore_ascii_case(OURS);
    !uid.trim().is_empty()
        && length(uid) <= UID_BYTES_MAX
        && !uid.chars().any(char::is_control)
        && !is_ours
}

/// A nickname as a guest is shown to everybody else.
fn display_name(name: &str) -> DisplayName {
    let plain: String = name.chars().take(DisplayName::CHARS_MAX).collect();
    let parsed = DisplayName::parse(&plain).or_else(|_| DisplayName::parse(NAMELESS));
    parsed.expect("it is a word")
}

impl Gateway {
    /// The account that is bound to a UID; made if there is none and guests are let in.
    pub(super) async fn guest(
        &self,
        uid: &str,
        name: &str,
        address: IpAddr,
    ) -> Result<UserId, NoGuest> {
        let random = [self.hub.random(), self.hub.random()];
        let secret = self.hub.site_secret("muca", random).await?;
        let hash = secret_hash(&format!("{secret}\n{uid}"));
        let called = format!("muca-{}", &hash[..NAME_DIGITS]);
        let called = UserName::parse(&called).map_err(HubError::from)?;
        let shown = display_name(name);
        match self.hub.user_by_name(&called.folded()).await {
            Ok(user) => {
                self.recognize(&user).await?;
                if user.display_name != shown {
                    let change = Command::ChangeUser { display_name: shown };
                    self.hub.execute(user.id, None, &change).await?;
                }
                Ok(user.id)
            }
            Err(HubError::Refused(_)) => self.new_guest(called, shown, address).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses an account that is not a guest's: of a program, or one with a password.
    async fn recognize(&self, user: &User) -> Result<(), NoGuest> {
        let account = self.hub.look_committed(|draft| draft.account(user.id)).await?;
        let is_guest = account.is_some_and(|one| one.password.is_none() && !one.site_admin);
        if is_guest && user.bot_of.is_none() && !user.disabled {
            Ok(())
        } else {
            Err(NoGuest::Taken)
        }
    }

    async fn new_guest(
        &self,
        name: UserName,
        shown: DisplayName,
        address: IpAddr,
    ) -> Result<UserId, NoGuest> {
        if !self.options.guests {
            return Err(NoGuest::Closed);
        }
        let circle = self.home.circle().await?;
        self.door.admit(address).map_err(|_: Shut| NoGuest::TooMany)?;
        let new = NewAccount {
            name,
            display_name: Some(shown),
            password: None,
            bot_of: None,
            site_admin: false,
        };
        // In the circle or not at all: who may not join leaves no account behind.
        let made = self.hub.transact(None, None, |draft| {
            let mut outcome = account::register(draft, &new, None)?;
            if let Some(user) = outcome.user {
                let joined = command::decide(draft, user, &Command::Join { circle })?;
                outcome.events.extend(joined.events);
            }
            Ok(outcome)
        });
        made.await?.user.ok_or(NoGuest::Hub(HubError::Busy))
    }

    /// Begins a session of a guest; the hash of its token.
    pub(super) async fn begin(&self, user: UserId) -> Result<String, HubError> {
        let hash = secret_hash(&format!("{:032x}{:032x}", self.hub.random(), self.hub.random()));
        let label = Label::parse("muca gateway")?;
        let begun = self.hub.transact(Some(user), None, |draft| {
            let expires_at = draft.now.plus_ms(self.options.session_ms);
            let lifetime = Lifetime { expires_at, idle_ms: IDLE_MS };
            account::start_session(draft, user, &hash, &label, lifetime)
        });
        begun.await?;
        Ok(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_called_as_those_are_who_are_no_guests() {
        for good in ["ann@x.org", "ann", "é", "@kith.example", "kith", "a b"] {
            assert!(is_uid(good), "{good:?}");
        }
        for bad in
            ["", " ", "ana@kith", "ana@KITH", "@kith", "a\nb", &"x".repeat(129), &"é".repeat(22)]
        {
            assert!(!is_uid(bad), "{bad:?}");
        }
    }

    #[test]
    fn every_nickname_can_be_shown() {
        for (name, shown) in [("Ann", "Ann"), ("", NAMELESS), (" \u{202e}", NAMELESS)] {
            assert_eq!(display_name(name).as_str(), shown);
        }
        assert_eq!(display_name(&"x".repeat(100)).as_str(), "x".repeat(64));
    }
}
