//! What is found by other ways than its own key: the documents that follow from events and that only
//! the server needs, to list, count and look up.

use std::sync::Arc;

use crate::document::{Author, DirectRef, Doc, Home, Key, Mark, Mentions, Message, NameOwner};
use crate::event::{Body, Event};
use crate::id::{CircleId, FeedId, Seq, StreamId, UserId};
use crate::reduce::Documents;

/// Brings the indexes up to date with an event. To be called before the event is
/// [folded in](crate::reduce::reduce): it needs what an edit or a deletion does away with.
///
/// # Errors
/// Only what [`Documents::find`] gives.
pub fn index<D: Documents>(docs: &mut D, event: &Event) -> Result<(), D::Error> {
    match event.feed {
        FeedId::Stream(stream) => in_stream(docs, stream, event),
        FeedId::Circle(circle) => {
            in_circle(docs, circle, event);
            Ok(())
        }
        FeedId::Site => {
            if let Body::UserRegistered { user, name, .. } = &event.body {
                let owner = NameOwner { user: *user };
                docs.put(Key::Name(name.folded()), Some(Doc::Name(Arc::new(owner))));
            }
            Ok(())
        }
        FeedId::User(_) | FeedId::Audit(_) => Ok(()),
    }
}

fn mark(event: &Event) -> Arc<Mark> {
    Arc::new(Mark { at: event.at })
}

fn in_circle<D: Documents>(docs: &mut D, id: CircleId, event: &Event) {
    if let Body::CircleCreated { public, .. } | Body::CircleChanged { public, .. } = event.body {
        docs.put(Key::PublicCircle(id), public.then(|| Doc::PublicCircle(mark(event))));
    }
}

fn in_stream<D: Documents>(docs: &mut D, id: StreamId, event: &Event) -> Result<(), D::Error> {
    match &event.body {
        Body::StreamCreated { home: Home::Channel { circle }, .. } => {
            docs.put(Key::CircleStream(*circle, id), Some(Doc::CircleStream(mark(event))));
        }
        Body::StreamCreated { home: Home::Direct { users: [low, high] }, .. } => {
            let direct = Doc::Direct(Arc::new(DirectRef { stream: id }));
            docs.put(Key::Direct(*low, *high), Some(direct));
        }
        Body::Posted { thread, mentions, .. } => {
            let Some(author) = event.by else { return Ok(()) };
            list(docs, id, *thread, event.seq, author, Some(event));
            mention(docs, id, event.seq, author, mentions, true);
            let Some(thread) = thread else { return Ok(()) };
            let root = message(docs, id, *thread)?.map(|root| root.author);
            for follower in [Some(author), root].into_iter().flatten() {
                docs.put(Key::Follow(follower, id, *thread), Some(Doc::Follow(mark(event))));
            }
        }
        Body::Edited { message: seq, mentions, .. } => {
            if let Some(before) = message(docs, id, *seq)? {
                mention(docs, id, *seq, before.author, &before.mentions, false);
                mention(docs, id, *seq, before.author, mentions, true);
            }
        }
        Body::Deleted { message: seq, thread } => {
            if let Some(before) = message(docs, id, *seq)? {
                list(docs, id, *thread, *seq, before.author, None);
                mention(docs, id, *seq, before.author, &before.mentions, false);
            }
        }
        _ => {}
    }
    Ok(())
}

fn message<D: Documents>(
    docs: &D,
    stream: StreamId,
    seq: Seq,
) -> Result<Option<Arc<Message>>, D::Error> {
    Ok(match docs.find(&Key::Message(stream, seq))? {
        Some(Doc::Message(message)) => Some(message),
        _ => None,
    })
}

/// Puts a message on the lists by which messages are shown and counted, or takes it off.
fn list<D: Documents>(
    docs: &mut D,
    stream: StreamId,
    thread: Option<Seq>,
    seq: Seq,
    author: UserId,
    posted: Option<&Event>,
) {
    let thread = thread.unwrap_or_default();
    let line = posted.map(|_| Doc::Timeline(Arc::new(Author { author })));
    docs.put(Key::Timeline(stream, thread, seq), line);
    let own = posted.map(|event| Doc::Authored(mark(event)));
    docs.put(Key::Authored(stream, thread, author, seq), own);
}

/// Notes whom a message means, or that it means them no longer.
fn mention<D: Documents>(
    docs: &mut D,
    stream: StreamId,
    seq: Seq,
    author: UserId,
    mentions: &Mentions,
    there: bool,
) {
    let author = Arc::new(Author { author });
    for user in &mentions.users {
        let doc = there.then(|| Doc::MentionUser(Arc::clone(&author)));
        docs.put(Key::MentionUser(*user, stream, seq), doc);
    }
    for role in &mentions.roles {
        let doc = there.then(|| Doc::MentionRole(Arc::clone(&author)));
        docs.put(Key::MentionRole(*role, stream, seq), doc);
    }
    if mentions.everyone {
        docs.put(Key::MentionAll(stream, seq), there.then_some(Doc::MentionAll(author)));
    }
}
