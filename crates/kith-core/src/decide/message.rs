//! Messages: posted, edited, deleted, reacted to, pinned.

use std::sync::Arc;

use crate::access::{self, InStream};
use crate::command::Outcome;
use crate::decide::{audit, file, stream, tell};
use crate::document::{Doc, Home, Key, Mark, Mentions, Message};
use crate::draft::{Draft, Stop};
use crate::event::{Act, Body};
use crate::id::{FeedId, FileId, Seq, StreamId, TopicId, UserId};
use crate::mention;
use crate::permission::Permission;
use crate::refusal::Refusal;
use crate::text::{Emoji, MessageText};

/// The most different reactions to one message.
pub const REACTIONS_MAX: usize = 50;
/// The most pinned messages of a stream.
pub const PINS_MAX: usize = 100;

/// What a message has to do with.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    /// The message it answers.
    pub(crate) reply_to: Option<Seq>,
    /// The message in whose thread it goes.
    pub(crate) thread: Option<Seq>,
    /// The topic that is shown in it.
    pub(crate) topic: Option<TopicId>,
    /// The files that go with it.
    pub(crate) files: &'a [FileId],
}

pub(crate) fn post(
    draft: &mut Draft<'_>,
    me: UserId,
    id: StreamId,
    text: &MessageText,
    About { reply_to, thread, topic, files }: About<'_>,
) -> Result<Outcome, Stop> {
    let access = access::in_stream(draft, me, id)?;
    writable(draft, me, &access)?;
    if text.is_none() && files.is_empty() {
        return Err(Refusal::Empty { field: "text" }.into());
    }
    wait_turn(draft, me, &access)?;
    if let Some(seq) = reply_to {
        find(draft, id, seq)?;
    }
    if let Some(root) = thread {
        has_thread(draft, id, root)?;
    }
    if let Some(topic) = topic
        && access.circle() != Some(access::in_topic(draft, me, topic)?.topic.circle)
    {
        return Err(Refusal::NoSuchTopic.into());
    }
    let mentions = mentions(draft, me, &access, text)?;
    if !files.is_empty() {
        access.require(Permission::Attach, draft.now)?;
    }
    let files = file::attach(draft, me, files)?;
    let body = Body::Posted { text: text.clone(), reply_to, thread, topic, files, mentions };
    let mut outcome = Outcome::default();
    tell(draft, &mut outcome, FeedId::Stream(id), body)?;
    Ok(outcome)
}

/// Refuses whoever may not write in a stream, or in one of its threads, now.
///
/// # Errors
/// What posting there would be refused with.
pub fn may_write(
    draft: &Draft<'_>,
    me: UserId,
    stream: StreamId,
    thread: Option<Seq>,
) -> Result<(), Stop> {
    writable(draft, me, &access::in_stream(draft, me, stream)?)?;
    thread.map_or(Ok(()), |root| has_thread(draft, stream, root))
}

/// Refuses a message that has no thread.
fn has_thread(draft: &Draft<'_>, stream: StreamId, root: Seq) -> Result<(), Stop> {
    match find(draft, stream, root)?.thread {
        None => Ok(()),
        // Threads do not branch: a thread within a thread would have no place to be shown.
        Some(_) => Err(Refusal::NoSuchMessage(root).into()),
    }
}

fn writable(draft: &Draft<'_>, me: UserId, access: &InStream) -> Result<(), Stop> {
    access.require(Permission::Write, draft.now)?;
    open_to(draft, me, access)
}

/// Refuses everyone where nothing may be added, and those between whom a block stands.
fn open_to(draft: &Draft<'_>, me: UserId, access: &InStream) -> Result<(), Stop> {
    if access.stream.archived {
        return Err(Refusal::Archived.into());
    }
    if let Home::Direct { users } = &access.stream.home {
        for other in users.iter().filter(|user| **user != me) {
            stream::not_blocked(draft, me, *other)?;
        }
    }
    Ok(())
}

/// Refuses whoever posts too soon in a slow stream, and notes the time.
fn wait_turn(draft: &mut Draft<'_>, me: UserId, access: &InStream) -> Result<(), Stop> {
    let wait_ms = u64::from(access.stream.slow_seconds) * 1000;
    if wait_ms == 0 || access.permissions.has(Permission::ManageMessages) {
        return Ok(());
    }
    let stream = access.stream.id;
    if let Some(last) = draft.last_post(stream, me)? {
        let passed = draft.now.since_ms(last.at);
        if passed < wait_ms {
            return Err(Refusal::TooSoon { wait_ms: wait_ms - passed }.into());
        }
    }
    let mark = Doc::LastPost(Arc::new(Mark { at: draft.now }));
    draft.put(Key::LastPost(stream, me), Some(mark));
    Ok(())
}

/// The message, unless it is not there or was deleted.
fn find(draft: &Draft<'_>, stream: StreamId, seq: Seq) -> Result<Arc<Message>, Stop> {
    draft.message(stream, seq)?.ok_or_else(|| Refusal::NoSuchMessage(seq).into())
}

/// Who is meant by `text`: only those who can read it and do not block its author. Names that mean
/// nobody, and mentions that the author may not make, are plain text.
fn mentions(
    draft: &Draft<'_>,
    me: UserId,
    access: &InStream,
    text: &MessageText,
) -> Result<Mentions, Stop> {
    let mut mentions = Mentions::default();
    let may_mention_all = access.permissions.has(Permission::MentionAll);
    for name in mention::names(text.as_str()) {
        if name == "everyone" {
            mentions.everyone = may_mention_all;
            continue;
        }
        if let Some(owner) = draft.name_owner(name.clone())? {
            let user = owner.user;
            let readable = match access::in_stream(draft, user, access.stream.id) {
                Ok(_) => true,
                Err(Stop::Refused(_)) => false,
                Err(missing) => return Err(missing),
            };
            if user != me && readable && draft.block(user, me)?.is_none() {
                mentions.users.insert(user);
            }
        } else if let Some(standing) = access.standing.as_ref().filter(|_| may_mention_all) {
            let roles = &standing.circle.roles;
            let named = roles
                .iter()
                .find(|(_, role)| role.name.as_str().to_lowercase().replace(' ', "-") == name);
            mentions.roles.extend(named.map(|(id, _)| *id));
        }
    }
    Ok(mentions)
}

pub(crate) fn edit(
    draft: &mut Draft<'_>,
    me: UserId,
    id: StreamId,
    seq: Seq,
    text: &MessageText,
) -> Result<Outcome, Stop> {
    let access = access::in_stream(draft, me, id)?;
    let message = find(draft, id, seq)?;
    if message.author != me {
        return Err(Refusal::NotAuthor.into());
    }
    writable(draft, me, &access)?;
    if text.is_none() && message.files.is_empty() {
        return Err(Refusal::Empty { field: "text" }.into());
    }
    let mentions = mentions(draft, me, &access, text)?;
    let mut outcome = Outcome::default();
    let body = Body::Edited { message: seq, text: text.clone(), mentions };
    tell(draft, &mut outcome, FeedId::Stream(id), body)?;
    Ok(outcome)
}

pub(crate) fn delete(
    draft: &mut Draft<'_>,
    me: UserId,
    id: StreamId,
    seq: Seq,
) -> Result<Outcome, Stop> {
    let access = access::in_stream(draft, me, id)?;
    let message = find(draft, id, seq)?;
    if message.author != me {
        access.require(Permission::ManageMessages, draft.now)?;
        if let Some(circle) = access.circle() {
            let author = message.author;
            audit(draft, circle, Act::MessageDeleted { stream: id, message: seq, author })?;
        }
    }
    file::detach(draft, &message.files)?;
    let mut outcome = Outcome::default();
    let body = Body::Deleted { message: seq, thread: message.thread };
    tell(draft, &mut outcome, FeedId::Stream(id), body)?;
    Ok(outcome)
}

pub(crate) fn react(
    draft: &mut Draft<'_>,
    me: UserId,
    id: StreamId,
    seq: Seq,
    emoji: &Emoji,
) -> Result<Outcome, Stop> {
    let access = access::in_stream(draft, me, id)?;
    access.require(Permission::React, draft.now)?;
    let message = find(draft, id, seq)?;
    open_to(draft, me, &access)?;
    let mut outcome = Outcome::default();
    match message.reactions.get(emoji) {
        Some(users) if users.contains(&me) => return Ok(outcome),
        None if message.reactions.len() >= REACTIONS_MAX => {
            return Err(Refusal::TooMany { max: REACTIONS_MAX }.into());
        }
        _ => {}
    }
    let body = Body::Reacted { message: seq, emoji: emoji.clone() };
    tell(draft, &mut outcome, FeedId::Stream(id), body)?;
    Ok(outcome)
}

pub(crate) fn unreact(
    draft: &mut Draft<'_>,
    me: UserId,
    id: StreamId,
    seq: Seq,
    emoji: &Emoji,
) -> Result<Outcome, Stop> {
    access::in_stream(draft, me, id)?;
    let message = find(draft, id, seq)?;
    let mut outcome = Outcome::default();
    if message.reactions.get(emoji).is_some_and(|users| users.contains(&me)) {
        let body = Body::Unreacted { message: seq, emoji: emoji.clone() };
        tell(draft, &mut outcome, FeedId::Stream(id), body)?;
    }
    Ok(outcome)
}

pub(crate) fn pin(
    draft: &mut Draft<'_>,
    me: UserId,
    id: StreamId,
    seq: Seq,
    pinned: bool,
) -> Result<Outcome, Stop> {
    let access = access::in_stream(draft, me, id)?;
    // In a conversation everyone may pin; in a circle those who manage messages.
    if access.standing.is_some() {
        access.require(Permission::ManageMessages, draft.now)?;
    }
    find(draft, id, seq)?;
    let mut outcome = Outcome::default();
    if access.stream.pins.contains(&seq) == pinned {
        return Ok(outcome);
    }
    if pinned && access.stream.pins.len() >= PINS_MAX {
        return Err(Refusal::TooMany { max: PINS_MAX }.into());
    }
    let body = if pinned { Body::Pinned { message: seq } } else { Body::Unpinned { message: seq } };
    tell(draft, &mut outcome, FeedId::Stream(id), body)?;
    Ok(outcome)
}
