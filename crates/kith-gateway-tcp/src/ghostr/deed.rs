//! What users of ghostr do, as commands and questions of the core.

use std::collections::HashSet;

use kith_core::command::{self, Command, Outcome};
use kith_core::document::User;
use kith_core::draft::Draft;
use kith_core::id::{StreamId, Timestamp, UserId};
use kith_core::refusal::Refusal;
use kith_core::text::{MessageText, UserName};
use kith_hub::HubError;
use std::sync::Arc;

use super::relay::{PORT_MIN, Pair};
use super::visit::Myself;
use crate::people::user;
use crate::texts;

/// What became of something that is done to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Done,
    /// It is oneself.
    Oneself,
    /// There is no such user.
    Nobody,
    /// The user blocks whoever asks.
    Blocked,
    /// It is so already.
    Already,
    /// The rules say no, or there is nothing in the text.
    Refused,
}

/// Where a user can be reached directly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Private {
    Nobody,
    Blocked,
    Oneself,
    Offline,
    /// An address, a port, and the name of the user.
    At(String, u16, String),
}

impl Myself {
    /// The user of a name, whoever that is.
    async fn find(&self, name: &str) -> Result<Option<Arc<User>>, HubError> {
        let Ok(name) = UserName::parse(name) else { return Ok(None) };
        match self.hub().user_by_name(&name.folded()).await {
            Ok(user) => Ok(Some(user)),
            Err(HubError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether one user blocks another.
    async fn blocks(&self, user: UserId, other: UserId) -> Result<bool, HubError> {
        let block = self.hub().look_committed(|draft| draft.block(user, other)).await?;
        Ok(block.is_some())
    }

    /// Writes to somebody directly.
    pub(super) async fn message(&self, to: &str, text: &str) -> Result<Deed, HubError> {
        let me = self.subscriber.user;
        let Some(user) = self.find(to).await? else { return Ok(Deed::Nobody) };
        if user.id == me {
            return Ok(Deed::Oneself);
        }
        if self.blocks(user.id, me).await? {
            return Ok(Deed::Blocked);
        }
        let texts = texts::messages(text);
        if texts.is_empty() {
            return Ok(Deed::Refused);
        }
        for text in &texts {
            match self.write_to(user.id, text).await {
                Ok(_) => {}
                Err(HubError::Refused(Refusal::Blocked)) => return Ok(Deed::Blocked),
                Err(HubError::Refused(Refusal::NoSuchUser)) => return Ok(Deed::Nobody),
                Err(HubError::Refused(_)) => return Ok(Deed::Refused),
                Err(error) => return Err(error),
            }
        }
        Ok(Deed::Done)
    }

    /// One message to a user. ghostr lets one write to whom one blocks, which the core does not: then
    /// the block is lifted, and set again behind the message, in one decision.
    async fn write_to(&self, user: UserId, text: &MessageText) -> Result<Outcome, HubError> {
        let me = self.subscriber.user;
        let transacted = self.hub().transact(Some(me), None, |draft| {
            let blocks = draft.block(me, user)?.is_some();
            if blocks {
                command::decide(draft, me, &Command::Unblock { user })?;
            }
            let opened = command::decide(draft, me, &Command::OpenDirect { user })?;
            let stream = opened.stream.ok_or(Refusal::NoSuchStream)?;
            let outcome = post(draft, me, stream, text)?;
            if blocks {
                command::decide(draft, me, &Command::Block { user })?;
            }
            Ok(outcome)
        });
        transacted.await
    }

    /// Writes to everybody; how many of those who are there it reaches, and who blocks the writer.
    pub(super) async fn broadcast(&self, text: &str) -> Result<(usize, Vec<String>), HubError> {
        let (me, stream) = (self.subscriber.user, self.place.stream);
        let texts = texts::messages(text);
        for text in &texts {
            let posted =
                self.hub().transact(Some(me), None, |draft| post(draft, me, stream, text)).await;
            match posted {
                Ok(_) => {}
                Err(HubError::Refused(refusal)) => {
                    tracing::debug!(%refusal, "a broadcast of ghostr was refused");
                    return Ok((0, Vec::new()));
                }
                Err(error) => return Err(error),
            }
        }
        if texts.is_empty() {
            return Ok((0, Vec::new()));
        }
        let blockers = self.hub().blockers(me, self.place.circle).await?;
        let present = self.present().await?;
        let reached = present.iter().filter(|(user, _)| !blockers.contains(user)).count();
        Ok((reached, self.names(blockers).await?))
    }

    /// Blocks a user, or not any more.
    pub(super) async fn block(&self, who: &str, blocks: bool) -> Result<Deed, HubError> {
        let me = self.subscriber.user;
        let Some(user) = self.find(who).await? else { return Ok(Deed::Nobody) };
        if user.id == me {
            return Ok(Deed::Oneself);
        }
        if self.blocks(me, user.id).await? == blocks {
            return Ok(Deed::Already);
        }
        let user = user.id;
        let command = if blocks { Command::Block { user } } else { Command::Unblock { user } };
        match self.hub().execute(me, None, &command).await {
            Ok(_) => Ok(Deed::Done),
            Err(HubError::Refused(_)) => Ok(Deed::Refused),
            Err(error) => Err(error),
        }
    }

    /// Who else is there, and since when, first who came first.
    async fn present(&self) -> Result<Vec<(UserId, Timestamp)>, HubError> {
        let me = self.subscriber.user;
        let present = self.hub().present(me, self.place.circle).await?;
        let others = present.into_iter().filter(|(user, ..)| *user != me);
        let mut others: Vec<_> = others.map(|(user, _, since)| (user, since)).collect();
        others.sort_by_key(|(_, since)| *since);
        Ok(others)
    }

    async fn names(&self, users: Vec<UserId>) -> Result<Vec<String>, HubError> {
        let mut names = Vec::new();
        for id in users {
            if let Some(user) = user(self.hub(), id).await? {
                names.push(user.name.as_str().to_owned());
            }
        }
        Ok(names)
    }

    /// Who else is there.
    pub(super) async fn who_else(&self) -> Result<Vec<String>, HubError> {
        let users = self.present().await?.into_iter().map(|(user, _)| user).collect();
        self.names(users).await
    }

    /// Who else came less than so many seconds ago, whether they are there still or not.
    pub(super) async fn who_came(&self, seconds: u64) -> Result<Vec<String>, HubError> {
        let me = self.subscriber.user;
        let after = self.ago(seconds);
        let mut users = self.hub().came(me, self.place.circle, after).await?;
        users.retain(|user| *user != me);
        self.names(users).await
    }

    /// Who else is there who does not block this user; of those only who came at most so many seconds
    /// ago (version 1).
    pub(super) async fn who_shows(&self, seconds: Option<u64>) -> Result<Vec<String>, HubError> {
        let me = self.subscriber.user;
        let from = seconds.map(|seconds| self.ago(seconds));
        let blockers = self.hub().blockers(me, self.place.circle).await?;
        let blockers: HashSet<UserId> = blockers.into_iter().collect();
        let mut present = self.present().await?;
        present.retain(|(user, since)| {
            !blockers.contains(user) && from.is_none_or(|from| *since >= from)
        });
        self.names(present.into_iter().map(|(user, _)| user).collect()).await
    }

    fn ago(&self, seconds: u64) -> Timestamp {
        Timestamp(self.hub().now().0.saturating_sub(seconds.saturating_mul(1000)))
    }

    /// Where a user listens for others.
    pub(super) async fn start_private(&self, with: &str) -> Result<Private, HubError> {
        let me = self.subscriber.user;
        let Some(user) = self.find(with).await? else { return Ok(Private::Nobody) };
        if self.blocks(user.id, me).await? {
            return Ok(Private::Blocked);
        }
        if user.id == me {
            return Ok(Private::Oneself);
        }
        let seat = self.gateway.online().get(&user.id).copied();
        let Some((seat, port)) = seat.and_then(|seat| Some((seat, seat.port?))) else {
            return Ok(Private::Offline);
        };
        let name = user.name.as_str().to_owned();
        if seat.address == self.seat.address {
            // They are on one machine, or behind one door: they need nobody between them.
            return Ok(Private::At(seat.address.to_string(), port, name));
        }
        if port < PORT_MIN {
            return Ok(Private::Offline);
        }
        let pair = Pair {
            from: (me, self.seat.address, self.name.clone()),
            to: (user.id, (seat.address, port).into()),
        };
        let opened = self.gateway.relay(self.here, pair).await;
        Ok(match opened {
            Some(opened) => Private::At(opened.ip().to_string(), opened.port(), name),
            None => Private::Offline,
        })
    }
}

fn post(
    draft: &mut Draft<'_>,
    me: UserId,
    stream: StreamId,
    text: &MessageText,
) -> Result<Outcome, kith_core::draft::Stop> {
    let (reply_to, thread, topic, files) = (None, None, None, Vec::new());
    let post = Command::Post { stream, text: text.clone(), reply_to, thread, topic, files };
    command::decide(draft, me, &post)
}
