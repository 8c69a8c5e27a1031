//! What is found by other ways than its own key: the documents that follow from events and that only
//! the server needs, to list, count and look up.

use std::sync::Arc;

use crate::document::{
    Author, DirectRef, Doc, Home, Key, Mark, Mentions, Message, NameOwner, TopicRef,
};
use crate::event::{Body, Event};
use crate::file::Attachment;
use crate::id::{CircleId, FeedId, Seq, StreamId, TopicId, UserId};
use crate::reduce::Documents;

mod inbox;

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
        FeedId::Topic(topic) => in_topic(docs, topic, event),
        FeedId::User(_) | FeedId::Audit(_) | FeedId::Live(_) => Ok(()),
    }
}

fn mark(event: &Event) -> Arc<Mark> {
    Arc::new(Mark { at: event.at })
}

fn in_circle<D: Documents>(docs: &mut D, id: CircleId, event: &Event) {
    match event.body {
        Body::CircleCreated { public, .. } | Body::CircleChanged { public, .. } => {
            docs.put(Key::PublicCircle(id), public.then(|| Doc::PublicCircle(mark(event))));
        }
        Body::CircleRemoved { .. } => docs.put(Key::PublicCircle(id), None),
        Body::MemberJoined { user } => docs.put(Key::Former(event.feed, user), None),
        Body::MemberLeft { user, .. } => left(docs, user, event),
        _ => {}
    }
}

/// Who was in a circle or group once.
fn left<D: Documents>(docs: &mut D, user: UserId, event: &Event) {
    docs.put(Key::Former(event.feed, user), Some(Doc::Former(mark(event))));
}

fn in_topic<D: Documents>(docs: &mut D, id: TopicId, event: &Event) -> Result<(), D::Error> {
    let before = match docs.find(&Key::Topic(id))? {
        Some(Doc::Topic(topic)) => Some((topic.circle, topic.name.clone())),
        _ => None,
    };
    let (circle, name) = match (&event.body, before.as_ref().map(|(circle, _)| *circle)) {
        (Body::TopicCreated { circle, name, .. }, _) => (*circle, Some(name)),
        (Body::TopicChanged { name, .. }, Some(circle)) => (circle, Some(name)),
        (Body::TopicRemoved {}, Some(circle)) => (circle, None),
        _ => return Ok(()),
    };
    if let Some((circle, before)) = before {
        docs.put(Key::TopicName(circle, before), None);
    }
    if let Some(name) = name {
        let named = Doc::TopicName(Arc::new(TopicRef { topic: id }));
        docs.put(Key::TopicName(circle, name.clone()), Some(named));
    }
    Ok(())
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
        Body::StreamRemoved {} => {
            if let Some(Doc::Stream(stream)) = docs.find(&Key::Stream(id))?
                && let Home::Channel { circle } = stream.home
            {
                docs.put(Key::CircleStream(circle, id), None);
            }
        }
        Body::GroupAdded { users } => {
            for user in users {
                docs.put(Key::Former(event.feed, *user), None);
            }
        }
        Body::GroupLeft { user } => left(docs, *user, event),
        Body::Posted { thread, mentions, files, .. } => {
            let Some(author) = event.by else { return Ok(()) };
            let place = Place { stream: id, thread: thread.unwrap_or_default(), seq: event.seq };
            place.list(docs, author, Some(event));
            place.mention(docs, author, mentions, Some(event));
            inbox::post(docs, id, event)?;
            place.refer(docs, files, Some(event));
            if let Some(thread) = thread {
                let root = message(docs, id, *thread)?.map(|root| root.author);
                [Some(author), root]
                    .into_iter()
                    .flatten()
                    .for_each(|who| place.follow(docs, who, event));
            }
        }
        Body::Edited { message: seq, mentions, .. } => {
            if let Some(before) = message(docs, id, *seq)? {
                let thread = before.thread.unwrap_or_default();
                let place = Place { stream: id, thread, seq: *seq };
                place.mention(docs, before.author, &before.mentions, None);
                place.mention(docs, before.author, mentions, Some(event));
                inbox::change(docs, id, &before, Some(mentions))?;
            }
        }
        Body::Deleted { message: seq, thread } => {
            if let Some(before) = message(docs, id, *seq)? {
                let thread = thread.unwrap_or_default();
                let place = Place { stream: id, thread, seq: *seq };
                place.list(docs, before.author, None);
                place.mention(docs, before.author, &before.mentions, None);
                inbox::change(docs, id, &before, None)?;
                place.refer(docs, &before.files, None);
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

/// Where a message is: in its stream (thread 0) or in a thread of it.
#[derive(Clone, Copy)]
struct Place {
    stream: StreamId,
    thread: Seq,
    seq: Seq,
}

impl Place {
    /// Puts the message on the lists by which messages are shown and counted, or takes it off.
    fn list<D: Documents>(self, docs: &mut D, author: UserId, posted: Option<&Event>) {
        let Self { stream, thread, seq } = self;
        let line = posted.map(|_| Doc::Timeline(Arc::new(Author { author })));
        docs.put(Key::Timeline(stream, thread, seq), line);
        let own = posted.map(|event| Doc::Authored(mark(event)));
        docs.put(Key::Authored(stream, thread, author, seq), own);
    }

    /// Notes to which files the message refers, or that it refers to them no longer.
    fn refer<D: Documents>(self, docs: &mut D, files: &[Attachment], posted: Option<&Event>) {
        for file in files {
            let doc = posted.map(|event| Doc::FileUse(mark(event)));
            docs.put(Key::FileUse(file.id, self.stream, self.seq), doc);
        }
    }

    /// Notes whom the message means, or that it means them no longer. Whoever is meant by name in a
    /// thread follows it: what nobody looks at must not count for ever.
    fn mention<D: Documents>(
        self,
        docs: &mut D,
        author: UserId,
        mentions: &Mentions,
        event: Option<&Event>,
    ) {
        let Self { stream, thread, seq } = self;
        let author = Arc::new(Author { author });
        for user in &mentions.users {
            let doc = event.map(|_| Doc::MentionUser(Arc::clone(&author)));
            docs.put(Key::MentionUser(*user, stream, thread, seq), doc);
            if let Some(event) = event.filter(|_| thread != Seq(0)) {
                self.follow(docs, *user, event);
            }
        }
        for role in &mentions.roles {
            let doc = event.map(|_| Doc::MentionRole(Arc::clone(&author)));
            docs.put(Key::MentionRole(*role, stream, thread, seq), doc);
        }
        if mentions.everyone {
            let doc = event.map(|_| Doc::MentionAll(author));
            docs.put(Key::MentionAll(stream, thread, seq), doc);
        }
    }

    fn follow<D: Documents>(self, docs: &mut D, user: UserId, event: &Event) {
        let doc = Some(Doc::Follow(mark(event)));
        docs.put(Key::Follow(user, self.stream, self.thread), doc);
    }
}
