//! What guests say, to everybody, to one, or to several.

use std::collections::{BTreeSet, HashSet};
use std::sync::{MutexGuard, PoisonError};

use kith_core::command::{self, Command, Outcome};
use kith_core::decide::message::may_write;
use kith_core::document::{GROUP_MAX, Home};
use kith_core::draft::{Draft, Stop};
use kith_core::id::{StreamId, UserId};
use kith_core::text::{MessageText, OpId, UserName};
use kith_hub::HubError;

use super::Gateway;
use super::guest::OURS;
use super::table::Margins;
use super::visit::{Myself, messages};
use crate::follow::Where;
use crate::texts;

/// The most bytes of space before or behind a text that are told as they were written.
const MARGIN_BYTES_MAX: usize = 64;
/// Groups that are remembered.
const GROUPS_MAX: usize = 1000;

/// To whom something is said.
enum Audience {
    Everybody,
    One(UserId),
    Several(BTreeSet<UserId>),
}

impl Myself {
    /// Says a text to the users of these ids, or to everybody.
    pub(super) async fn speak(&self, text: &str, to: &[String]) -> Result<(), HubError> {
        let kind = match to.len() {
            0 => Where::Circle,
            1 => Where::Direct,
            _ => Where::Group,
        };
        let mut users = BTreeSet::new();
        let mut seen = HashSet::new();
        for uid in to.iter().filter(|uid| seen.insert(uid.as_str())) {
            if **uid == *self.uid {
                // Nobody has a conversation with oneself, so nobody else learns of it.
                self.tell_here(&[self.user], kind, text);
            } else if let Some(user) = self.resolve(uid).await? {
                users.insert(user);
            }
        }
        let audience = match (kind, users.first()) {
            (Where::Circle, _) => Audience::Everybody,
            (_, None) => return Ok(()),
            (Where::Direct, Some(user)) => Audience::One(*user),
            (Where::Group, _) => Audience::Several(users),
        };
        let texts = texts::messages(text);
        if texts.is_empty() {
            return self.say_nothing(kind, text, audience).await;
        }
        let last = texts.len() - 1;
        for (place, message) in texts.iter().enumerate() {
            let op = OpId::parse(&format!("muca:{:032x}", self.gateway.hub.random()))?;
            let before =
                if place == 0 { &text[..text.len() - text.trim_start().len()] } else { "" };
            let after = if place == last { &text[text.trim_end().len()..] } else { "" };
            let margins = Margins { before: before.into(), after: after.into() };
            if (before.len() + after.len()).min(MARGIN_BYTES_MAX + 1) <= MARGIN_BYTES_MAX
                && !(before.is_empty() && after.is_empty())
            {
                self.gateway.table.note(op.clone(), margins);
            }
            self.post(&audience, message, op).await?;
        }
        Ok(())
    }

    /// The user of a UID: a guest who is here, or a member of the circle under the name before `@kith`.
    async fn resolve(&self, uid: &str) -> Result<Option<UserId>, HubError> {
        if let Some(seat) = self.gateway.table.seats().into_iter().find(|seat| &*seat.uid == uid) {
            return Ok(Some(seat.user));
        }
        let name = uid.strip_suffix(OURS).and_then(|name| UserName::parse(name).ok());
        let Some(name) = name else { return Ok(None) };
        let hub = &self.gateway.hub;
        let user = match hub.user_by_name(&name.folded()).await {
            Ok(user) => user.id,
            Err(HubError::Refused(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let circle = self.place.circle;
        let member = hub.look_committed(|draft| draft.member(circle, user)).await?;
        Ok(member.map(|_| user).filter(|user| *user != self.user))
    }

    async fn post(
        &self,
        audience: &Audience,
        text: &MessageText,
        op: OpId,
    ) -> Result<Outcome, HubError> {
        let (hub, me) = (&self.gateway.hub, self.user);
        let post = |draft: &mut Draft<'_>, stream: StreamId| {
            let (reply_to, thread, topic, files) = (None, None, None, Vec::new());
            let post = Command::Post { stream, text: text.clone(), reply_to, thread, topic, files };
            command::decide(draft, me, &post)
        };
        match audience {
            Audience::Everybody => {
                hub.transact(Some(me), Some(op), |draft| post(draft, self.place.stream)).await
            }
            Audience::One(user) => {
                let open = Command::OpenDirect { user: *user };
                hub.transact(Some(me), Some(op), |draft| {
                    match command::decide(draft, me, &open)?.stream {
                        Some(stream) => post(draft, stream),
                        None => Ok(Outcome::default()),
                    }
                })
                .await
            }
            Audience::Several(users) => {
                let users = self.reachable(users).await?;
                if users.is_empty() {
                    return Ok(Outcome::default());
                }
                let group = self.group(&users).await?;
                let made = hub.transact(Some(me), Some(op), |draft| {
                    let stream = match group {
                        Some(stream) if is_among(draft, stream, me, &users)? => Some(stream),
                        _ => {
                            let create = Command::CreateGroup { users: users.clone(), name: None };
                            command::decide(draft, me, &create)?.stream
                        }
                    };
                    match stream {
                        Some(stream) => {
                            let outcome = post(draft, stream)?;
                            Ok(Outcome { stream: Some(stream), ..outcome })
                        }
                        None => Ok(Outcome::default()),
                    }
                });
                let outcome = made.await?;
                if let Some(stream) = outcome.stream {
                    self.gateway.remember(everyone(me, &users), stream);
                }
                Ok(outcome)
            }
        }
    }

    /// Those of several who neither block this user nor are blocked, and as many as a group has.
    async fn reachable(&self, users: &BTreeSet<UserId>) -> Result<BTreeSet<UserId>, HubError> {
        let me = self.user;
        let found = self.gateway.hub.look_committed(|draft| {
            let mut all = BTreeSet::new();
            for user in users {
                if draft.block(me, *user)?.is_none() && draft.block(*user, me)?.is_none() {
                    all.insert(*user);
                }
            }
            Ok(all)
        });
        Ok(found.await?.into_iter().take(GROUP_MAX - 1).collect())
    }

    /// The group of exactly these users and this one, if there is one.
    async fn group(&self, users: &BTreeSet<UserId>) -> Result<Option<StreamId>, HubError> {
        let all = everyone(self.user, users);
        if let Some(found) = self.gateway.groups().get(&all) {
            return Ok(Some(*found));
        }
        let conversations = self.gateway.hub.conversations(self.user).await?;
        let found = conversations.iter().find(|stream| match &stream.home {
            Home::Group { users, .. } => users.iter().eq(&all),
            Home::Direct { .. } | Home::Channel { .. } => false,
        });
        Ok(found.map(|stream| stream.id))
    }

    /// A text in which nothing is to be read is no message of the core: only those who are here get it,
    /// where this user may write to them.
    async fn say_nothing(
        &self,
        kind: Where,
        text: &str,
        audience: Audience,
    ) -> Result<(), HubError> {
        let users: Vec<UserId> = match audience {
            Audience::Everybody => {
                let (me, stream) = (self.user, self.place.stream);
                self.gateway.hub.look_committed(|draft| may_write(draft, me, stream, None)).await?;
                let seats = self.gateway.table.seats().into_iter();
                seats.map(|seat| seat.user).filter(|user| *user != self.user).collect()
            }
            Audience::One(user) => {
                self.reachable(&BTreeSet::from([user])).await?.into_iter().collect()
            }
            Audience::Several(users) => self.reachable(&users).await?.into_iter().collect(),
        };
        self.tell_here(&users, kind, text);
        Ok(())
    }

    /// Tells those who are here something that is kept nowhere; not whoever has too much waiting already.
    fn tell_here(&self, users: &[UserId], kind: Where, text: &str) {
        let max = self.gateway.options.queue_bytes;
        for seat in self.gateway.table.seats().iter().filter(|seat| users.contains(&seat.user)) {
            if seat.subscriber.blocked().contains(&self.user) {
                continue;
            }
            for message in messages(kind, text, &self.uid) {
                if seat.subscriber.waiting_bytes() <= max {
                    seat.subscriber.reply(message);
                }
            }
        }
    }
}

/// Whether a stream still is the group of exactly these.
fn is_among(
    draft: &Draft<'_>,
    stream: StreamId,
    me: UserId,
    users: &BTreeSet<UserId>,
) -> Result<bool, Stop> {
    let found = draft.stream(stream)?;
    Ok(found.is_some_and(|stream| match &stream.home {
        Home::Group { users: inside, .. } => inside.iter().eq(&everyone(me, users)),
        Home::Direct { .. } | Home::Channel { .. } => false,
    }))
}

/// All in a group, in the order of their ids.
fn everyone(me: UserId, users: &BTreeSet<UserId>) -> Vec<UserId> {
    let mut all = users.clone();
    all.insert(me);
    all.into_iter().collect()
}

impl Gateway {
    fn groups(&self) -> MutexGuard<'_, std::collections::HashMap<Vec<UserId>, StreamId>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, users: Vec<UserId>, stream: StreamId) {
        let mut groups = self.groups();
        if groups.len() >= GROUPS_MAX {
            groups.clear();
        }
        groups.insert(users, stream);
    }
}
