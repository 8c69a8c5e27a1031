//! Signing in and up by ghostr.

use std::net::IpAddr;
use std::sync::Arc;

use kith_core::command::Command;
use kith_core::id::UserId;
use kith_core::text::UserName;
use kith_hub::HubError;

use super::visit::{Arrival, Visit};
use super::{Dialect, Gateway, Seat};
use crate::door::Shut;

/// What sessions are called in the list of a user's sessions.
const LABEL: &str = "ghostr gateway";

/// Why somebody is not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The user is signed in here.
    Already,
    /// Too many wrong passwords, or the user may not be here.
    Shut,
    /// A wrong password.
    Wrong,
    /// A wrong password, and the last one for a time.
    WrongAndShut,
}

/// What is said of a user before a password is asked for (version 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logon {
    Known,
    New,
    Already,
    Shut,
}

impl Gateway {
    /// Signs somebody in, or up if nobody has the name and not `must_exist`.
    pub(super) async fn login(
        self: &Arc<Self>,
        (dialect, seat, here): (Dialect, Seat, IpAddr),
        name: &str,
        password: &str,
        must_exist: bool,
    ) -> Result<Visit, Refused> {
        let Ok(name) = UserName::parse(name) else { return Err(Refused::Wrong) };
        let address = seat.address;
        let known = self.look_up(&name).await?;
        if known.is_some_and(|user| self.online().contains_key(&user)) {
            return Err(Refused::Already);
        }
        let folded = name.folded();
        if self.lockout.is_shut(&folded, address, self.hub.now()) {
            return Err(Refused::Shut);
        }
        let is_new = known.is_none() && !must_exist && self.takes_new().await;
        let door = &self.door;
        let begun = match is_new {
            true => door.sign_up(name.as_str(), password, LABEL, address).await,
            // A name that nobody has takes as long as a wrong password, and is told as one.
            false => door.sign_in(name.as_str(), password, LABEL, address).await,
        };
        let hash = match begun {
            Ok(hash) => hash,
            Err(Shut::Wrong) => {
                let is_shut = self.lockout.fail(&folded, address, self.hub.now());
                return Err(if is_shut { Refused::WrongAndShut } else { Refused::Wrong });
            }
            // Another password may do.
            Err(Shut::Weak) => return Err(Refused::Wrong),
            Err(Shut::Closed | Shut::Later) => return Err(Refused::Shut),
        };
        let arrival = Arrival { dialect, seat, here, is_new };
        if self.lockout.is_shut(&folded, address, self.hub.now()) {
            // Others guessed at the same time.
            self.undo(&hash).await;
            return Err(Refused::Shut);
        }
        match self.arrive(&hash, arrival).await {
            Ok(visit) => Ok(visit),
            Err(refused) => {
                self.undo(&hash).await;
                Err(refused)
            }
        }
    }

    /// Takes the seat of a user whose session has begun.
    async fn arrive(self: &Arc<Self>, hash: &str, arrival: Arrival) -> Result<Visit, Refused> {
        let session = self.hub.authenticate(hash).await.map_err(|error| failed(&error))?;
        let user = session.user;
        let place = self.home.enter(user).await.map_err(|error| failed(&error))?;
        {
            let mut online = self.online();
            if online.contains_key(&user) {
                return Err(Refused::Already);
            }
            online.insert(user, arrival.seat);
        }
        let connection = arrival.seat.connection;
        match Visit::begin(self, hash, place, arrival).await {
            Ok(visit) => Ok(visit),
            Err(error) => {
                self.stand_up(user, connection);
                Err(failed(&error))
            }
        }
    }

    /// Frees the seat of a user.
    pub(super) fn stand_up(&self, user: UserId, connection: u64) {
        let mut online = self.online();
        if online.get(&user).is_some_and(|seat| seat.connection == connection) {
            online.remove(&user);
        }
    }

    /// Ends a session that was begun for nothing.
    async fn undo(&self, hash: &str) {
        if let Ok(session) = self.hub.authenticate(hash).await {
            let revoke = Command::RevokeSession { session: session.id };
            // It ends by itself otherwise.
            let _ = self.hub.execute(session.user, None, &revoke).await;
        }
    }

    async fn look_up(&self, name: &UserName) -> Result<Option<UserId>, Refused> {
        match self.hub.user_by_name(&name.folded()).await {
            Ok(user) => Ok(Some(user.id)),
            Err(HubError::Refused(_)) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Whether accounts are made for names that nobody has: whoever has one must be able to come in.
    async fn takes_new(&self) -> bool {
        self.options.signup && self.home.is_public().await.unwrap_or(false)
    }

    /// What is said of a user before a password is asked for.
    pub(super) async fn logon(&self, who: &str, address: IpAddr) -> Logon {
        let Ok(name) = UserName::parse(who) else { return Logon::Known };
        let known = match self.look_up(&name).await {
            Ok(known) => known,
            Err(_) => return Logon::Shut,
        };
        if known.is_some_and(|user| self.online().contains_key(&user)) {
            return Logon::Already;
        }
        if self.lockout.is_shut(&name.folded(), address, self.hub.now()) {
            return Logon::Shut;
        }
        if known.is_none() && self.takes_new().await { Logon::New } else { Logon::Known }
    }

    /// How many more passwords may be tried.
    pub(super) fn left(&self, who: &str, address: IpAddr) -> u8 {
        self.lockout.left(who, address)
    }
}

/// The user may not be here, or the hub failed.
fn failed(error: &HubError) -> Refused {
    tracing::info!(%error, "a ghostr client could not sign in");
    Refused::Shut
}
