//! What is answered to somebody who has signed in.

use bytes::Bytes;
use kith_hub::HubError;

use super::ask::Ask;
use super::deed::{Deed, Private};
use super::visit::Myself;
use super::{Dialect, v1, v2};

/// What is answered where the server could not.
const REFUSED: &str = "REFUSED";

/// What is answered, and what instead when the user's access is taken before it is written.
pub(super) struct Answer {
    pub(super) now: Vec<Bytes>,
    pub(super) instead: Bytes,
}

impl From<Vec<Bytes>> for Answer {
    fn from(now: Vec<Bytes>) -> Self {
        let instead = now.first().cloned().unwrap_or_default();
        Self { now, instead }
    }
}

impl Myself {
    /// Does what is asked, and says so.
    pub(super) async fn answer(&self, ask: &Ask) -> Result<Answer, HubError> {
        match self.dialect {
            Dialect::V1 => self.answer_v1(ask).await,
            Dialect::V2 => self.answer_v2(ask).await,
        }
    }

    async fn answer_v2(&self, ask: &Ask) -> Result<Answer, HubError> {
        let one = |bytes: Bytes| Answer::from(vec![bytes]);
        Ok(match ask {
            Ask::Login { .. } | Ask::Logon { .. } | Ask::Auth { .. } => {
                one(v2::refused(super::Refused::Already))
            }
            Ask::Message { to, text } => {
                let status = match self.message(to, text).await? {
                    Deed::Done => "SUCCESS",
                    Deed::Oneself => "MESSAGE_SELF",
                    Deed::Nobody => "USER_NOT_EXIST",
                    Deed::Blocked => "USER_BLOCKED",
                    Deed::Already | Deed::Refused => REFUSED,
                };
                one(v2::status("message", status))
            }
            Ask::Broadcast { text } => {
                let (sent, blockers) = self.broadcast(text).await?;
                one(v2::counted(sent, blockers.len()))
            }
            Ask::Block { who } => {
                let done = self.block(who, true).await?;
                one(v2::status("block", blocking(done, "USER_ALREADY_BLOCKED")))
            }
            Ask::Unblock { who } => {
                let done = self.block(who, false).await?;
                one(v2::status("unblock", blocking(done, "USER_ALREADY_UNBLOCKED")))
            }
            Ask::WhoElse => names("whoelse", &self.who_else().await?),
            Ask::WhoElseSince { seconds } => names("whoelsesince", &self.who_came(*seconds).await?),
            Ask::StartPrivate { with } => one(match self.start_private(with).await? {
                Private::Nobody => v2::no_private("USER_NOT_EXIST"),
                Private::Blocked => v2::no_private("USER_BLOCKED"),
                Private::Oneself => v2::no_private("USER_SELF"),
                Private::Offline => v2::no_private("USER_OFFLINE"),
                Private::At(address, port, name) => v2::private(&address, port, &name),
            }),
            Ask::Unknown { action } => one(v2::unknown(action)),
            // The connection does that.
            Ask::Logout => Vec::new().into(),
        })
    }

    async fn answer_v1(&self, ask: &Ask) -> Result<Answer, HubError> {
        let one = |bytes: Bytes| Answer::from(vec![bytes]);
        let me = self.name.as_str();
        Ok(match ask {
            Ask::Logon { who } => {
                let address = self.seat.address;
                one(v1::logon(self.gateway.logon(who, address).await))
            }
            Ask::Message { to, text } => match self.message(to, text).await? {
                Deed::Oneself => v1::message(me, me, text).into(),
                Deed::Blocked => one(v1::not_delivered(me, to, &format!("{to} has blocked you"))),
                Deed::Done | Deed::Nobody | Deed::Already | Deed::Refused => Vec::new().into(),
            },
            Ask::Broadcast { text } => match self.broadcast(text).await?.1.first() {
                Some(first) => {
                    let why = "Your message could not be delivered to some recipients";
                    one(v1::not_delivered(me, first, why))
                }
                None => Vec::new().into(),
            },
            Ask::WhoElse => whoelse(me, &self.who_shows(None).await?),
            Ask::WhoElseSince { seconds } => whoelse(me, &self.who_shows(Some(*seconds)).await?),
            Ask::Block { who } => {
                let done = self.block(who, true).await?;
                let error = error_of(done, who, "already blocked");
                one(v1::blocking("BLOCK", who, me, error.as_deref().map_or(Ok(()), Err)))
            }
            Ask::Unblock { who } => {
                let done = self.block(who, false).await?;
                let error = error_of(done, who, "is not blocked");
                one(v1::blocking("UNBLOCK", who, me, error.as_deref().map_or(Ok(()), Err)))
            }
            Ask::StartPrivate { with } => {
                let place = match self.start_private(with).await? {
                    Private::At(address, port, _) => Some((address, port)),
                    Private::Nobody | Private::Blocked | Private::Oneself | Private::Offline => {
                        None
                    }
                };
                let place = place.as_ref().map(|(address, port)| (address.as_str(), *port));
                one(v1::private(with, me, place))
            }
            Ask::Auth { .. } => one(v1::auth(false, self.gateway.left(me, self.seat.address))),
            Ask::Login { .. } | Ask::Logout | Ask::Unknown { .. } => Vec::new().into(),
        })
    }
}

fn names(action: &str, names: &[String]) -> Answer {
    Answer { now: vec![v2::names(action, names)], instead: v2::names(action, &[]) }
}

fn whoelse(me: &str, names: &[String]) -> Answer {
    Answer { now: vec![v1::names(me, names)], instead: v1::names(me, &[]) }
}

fn blocking(done: Deed, already: &'static str) -> &'static str {
    match done {
        Deed::Done => "SUCCESS",
        Deed::Oneself => "MESSAGE_SELF",
        Deed::Nobody => "USER_NOT_EXIST",
        Deed::Already => already,
        Deed::Blocked | Deed::Refused => REFUSED,
    }
}

fn error_of(done: Deed, who: &str, already: &str) -> Option<String> {
    // A name that is none may be as long as a message.
    let who = crate::object::beginning(who, 64);
    match done {
        Deed::Done => None,
        Deed::Oneself => Some("Error. Cannot block self".to_owned()),
        Deed::Nobody => Some(format!("Error. {who} does not exist")),
        Deed::Already => Some(format!("Error. {who} {already}")),
        Deed::Blocked | Deed::Refused => Some("Error. Refused".to_owned()),
    }
}
