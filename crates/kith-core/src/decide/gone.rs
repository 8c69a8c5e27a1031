//! What is left of a circle or a stream that was removed, and how it goes: each step on its own, so that
//! none is long. Nobody can get at any of it meanwhile, for what it belongs to is not there.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::decide::{file, preference, topic};
use crate::document::{Doc, GoneStream, Key, Mark, Message, Whom};
use crate::draft::{Draft, Stop};
use crate::event::{Body, Leaving};
use crate::id::{CircleId, FeedId, Seq, StreamId, Timestamp, TopicId, UserId};

/// Tells a member that the circle is there no longer, unless they were told: whoever is there just now
/// is told with the removal itself. They count as one who was in it until the [rest](member) is done.
///
/// # Errors
/// [`Stop::Missing`] when a document has to be loaded first.
pub fn tell(draft: &mut Draft<'_>, circle: CircleId, user: UserId) -> Result<(), Stop> {
    if draft.member(circle, user)?.is_some() {
        let (former, at) = (Key::Former(FeedId::Circle(circle), user), draft.now);
        draft.put(former, Some(Doc::Former(Arc::new(Mark { at }))));
        draft.put(Key::Member(circle, user), None);
        let how = Leaving::CircleRemoved;
        draft.emit_unsigned(FeedId::User(user), Body::CircleLeft { circle, how })?;
    }
    Ok(())
}

/// Ends a membership, and has its user prefer nothing about the circle any more; or somebody's who was a
/// member before.
///
/// # Errors
/// As [`tell`].
pub fn member(
    draft: &mut Draft<'_>,
    circle: CircleId,
    user: UserId,
    streams: &BTreeSet<StreamId>,
) -> Result<(), Stop> {
    tell(draft, circle, user)?;
    draft.put(Key::Former(FeedId::Circle(circle), user), None);
    preference::forget(draft, user, Some(circle), streams)
}

/// Has a user prefer nothing any more about a stream that was removed alone.
///
/// # Errors
/// As [`tell`].
pub fn preferences(draft: &mut Draft<'_>, user: UserId, stream: StreamId) -> Result<(), Stop> {
    preference::forget(draft, user, None, &BTreeSet::from([stream]))
}

/// Removes a topic, unless that was done. What it held is forgotten as that of any other.
///
/// # Errors
/// As [`tell`].
pub fn topic(draft: &mut Draft<'_>, id: TopicId) -> Result<(), Stop> {
    match draft.topic(id)? {
        Some(_) => topic::drop_it(draft, id),
        None => Ok(()),
    }
}

/// Removes a stream, unless that was done.
///
/// # Errors
/// As [`tell`].
pub fn stream(draft: &mut Draft<'_>, circle: CircleId, id: StreamId) -> Result<(), Stop> {
    draft.put(Key::CircleStream(circle, id), None);
    if draft.stream(id)?.is_some() {
        draft.emit(FeedId::Stream(id), Body::StreamRemoved {})?;
        let begin = Doc::GoneStream(Arc::new(GoneStream::default()));
        draft.put(Key::GoneStream(circle, id), Some(begin));
    }
    Ok(())
}

/// A message as it was posted.
#[derive(Clone, Copy, Debug)]
pub struct Posted {
    /// Its stream.
    pub stream: StreamId,
    /// Which.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub author: UserId,
    /// In which thread.
    pub thread: Option<Seq>,
    /// Who wrote what it answers.
    pub answered: Option<UserId>,
}

/// Forgets a message, and all by which it was found: what it is `now` says whom it means and what it
/// refers to. Of one that was deleted there is no more than a note that it answered something.
///
/// # Errors
/// As [`tell`].
pub fn message(
    draft: &mut Draft<'_>,
    circle: CircleId,
    posted: &Posted,
    now: Option<&Message>,
) -> Result<(), Stop> {
    let Posted { stream, seq, at, author, thread, answered } = *posted;
    if let Some(user) = answered {
        draft.put(Key::Inbox(Whom::User(user), at, stream, seq), None);
    }
    let Some(now) = now else { return Ok(()) };
    let thread = thread.unwrap_or_default();
    draft.put(Key::Message(stream, seq), None);
    draft.put(Key::Timeline(stream, thread, seq), None);
    draft.put(Key::Authored(stream, thread, author, seq), None);
    for user in &now.mentions.users {
        draft.put(Key::MentionUser(*user, stream, thread, seq), None);
        draft.put(Key::Inbox(Whom::User(*user), at, stream, seq), None);
    }
    for role in &now.mentions.roles {
        draft.put(Key::MentionRole(*role, stream, thread, seq), None);
        draft.put(Key::Inbox(Whom::Role(*role), at, stream, seq), None);
    }
    if now.mentions.everyone {
        draft.put(Key::MentionAll(stream, thread, seq), None);
        draft.put(Key::Inbox(Whom::Circle(circle), at, stream, seq), None);
    }
    for about in &now.files {
        draft.put(Key::FileUse(about.id, stream, seq), None);
        file::let_go(draft, about.id)?;
    }
    Ok(())
}
