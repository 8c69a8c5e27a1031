//! What an event does to the documents it tells about: the same for servers and clients.
//!
//! A server holds every document; a client may hold some of them. An event about a document that
//! is not held changes nothing, so a client's window stays right without knowing the rest.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::document::EDITS_MAX;
use crate::document::Key;
use crate::document::{Circle, Doc, Home, Mark, Member, Message, ReadMark, Stream, Topic, User};
use crate::event::{Body, Event};
use crate::id::{CircleId, FeedId, Seq, StreamId, TopicId, UserId};
use crate::text::PreferenceKey;
use crate::topic::{Fact, State};

/// Documents that events change.
pub trait Documents {
    /// Why a document cannot be had.
    type Error;

    /// The document, `None` when there is none or it is not held.
    ///
    /// # Errors
    /// When it is not known whether there is one.
    fn find(&self, key: &Key) -> Result<Option<Doc>, Self::Error>;

    /// Puts a document, or removes it.
    fn put(&mut self, key: Key, doc: Option<Doc>);

    /// Folds what happened into the value of a topic.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn happen(&mut self, topic: TopicId, seq: Seq, fact: &Fact) -> Result<(), Self::Error>;
}

/// What a client holds of a feed.
impl Documents for BTreeMap<Key, Doc> {
    type Error = Infallible;

    fn find(&self, key: &Key) -> Result<Option<Doc>, Infallible> {
        Ok(self.get(key).cloned())
    }

    fn put(&mut self, key: Key, doc: Option<Doc>) {
        match doc {
            Some(doc) => self.insert(key, doc),
            None => self.remove(&key),
        };
    }

    fn happen(&mut self, topic: TopicId, seq: Seq, fact: &Fact) -> Result<(), Infallible> {
        if let Some(Doc::State(state)) = self.get_mut(&Key::State(topic)) {
            Arc::make_mut(state).apply(seq, fact);
        }
        Ok(())
    }
}

macro_rules! edit {
    ($name:ident, $variant:ident, $type:ty, $($arg:ident: $arg_type:ty),*) => {
        fn $name<D: Documents>(
            docs: &mut D,
            $($arg: $arg_type,)*
            edit: impl FnOnce(&mut $type),
        ) -> Result<(), D::Error> {
            let key = Key::$variant($($arg),*);
            if let Some(Doc::$variant(mut doc)) = docs.find(&key)? {
                edit(Arc::make_mut(&mut doc));
                docs.put(key, Some(Doc::$variant(doc)));
            }
            Ok(())
        }
    };
}

edit!(edit_stream, Stream, Stream, stream: StreamId);
edit!(edit_message, Message, Message, stream: StreamId, seq: Seq);
edit!(edit_topic, Topic, Topic, topic: TopicId);
edit!(edit_circle, Circle, Circle, circle: CircleId);
edit!(edit_user, User, User, user: UserId);

/// Folds one event into the documents.
///
/// # Errors
/// Only what [`Documents::find`] gives.
pub fn reduce<D: Documents>(docs: &mut D, event: &Event) -> Result<(), D::Error> {
    match event.feed {
        FeedId::Stream(stream) => in_stream(docs, stream, event),
        FeedId::Topic(topic) | FeedId::Live(topic) => in_topic(docs, topic, event),
        FeedId::Circle(circle) => in_circle(docs, circle, event),
        FeedId::User(user) => in_user(docs, user, event),
        FeedId::Site => in_site(docs, event),
        FeedId::Audit(_) => Ok(()),
    }
}

fn in_stream<D: Documents>(docs: &mut D, id: StreamId, event: &Event) -> Result<(), D::Error> {
    match &event.body {
        Body::StreamCreated { home, name, about, deny } => {
            let stream = Stream {
                id,
                home: home.clone(),
                name: name.clone(),
                about: about.clone(),
                archived: false,
                slow_seconds: 0,
                deny: deny.clone(),
                section: None,
                position: 0,
                pins: Vec::new(),
                created_at: event.at,
            };
            docs.put(Key::Stream(id), Some(Doc::Stream(Arc::new(stream))));
            Ok(())
        }
        Body::StreamChanged { name, about, archived, slow_seconds } => {
            edit_stream(docs, id, |stream| {
                stream.name.clone_from(name);
                stream.about.clone_from(about);
                stream.archived = *archived;
                stream.slow_seconds = *slow_seconds;
            })
        }
        Body::StreamNarrowed { deny } => {
            edit_stream(docs, id, |stream| stream.deny.clone_from(deny))
        }
        Body::StreamArranged { section, position } => edit_stream(docs, id, |stream| {
            stream.section.clone_from(section);
            stream.position = *position;
        }),
        Body::StreamRemoved {} => {
            docs.put(Key::Stream(id), None);
            Ok(())
        }
        Body::GroupAdded { users } => edit_stream(docs, id, |stream| {
            if let Home::Group { users: all, .. } = &mut stream.home {
                all.extend(users);
            }
        }),
        Body::GroupLeft { user } => edit_stream(docs, id, |stream| {
            if let Home::Group { users, .. } = &mut stream.home {
                users.remove(user);
            }
        }),
        Body::Pinned { message } => edit_stream(docs, id, |stream| stream.pins.push(*message)),
        Body::Unpinned { message } => {
            edit_stream(docs, id, |stream| stream.pins.retain(|pin| pin != message))
        }
        _ => to_message(docs, id, event),
    }
}

fn to_message<D: Documents>(docs: &mut D, id: StreamId, event: &Event) -> Result<(), D::Error> {
    let Some(by) = event.by else { return Ok(()) };
    match &event.body {
        Body::Posted { text, reply_to, thread, topic, files, mentions } => {
            let message = Message {
                seq: event.seq,
                author: by,
                text: text.clone(),
                reply_to: *reply_to,
                thread: *thread,
                topic: *topic,
                files: files.clone(),
                mentions: mentions.clone(),
                reactions: BTreeMap::new(),
                replies: 0,
                at: event.at,
                edited_at: None,
                edits: Vec::new(),
            };
            docs.put(Key::Message(id, event.seq), Some(Doc::Message(Arc::new(message))));
            match thread {
                Some(root) => edit_message(docs, id, *root, |root| root.replies += 1),
                None => Ok(()),
            }
        }
        Body::Edited { message, text, mentions } => edit_message(docs, id, *message, |message| {
            message.text = text.clone();
            message.mentions = mentions.clone();
            message.edited_at = Some(event.at);
            // One that is folded in again changes nothing.
            message.edits.retain(|seq| *seq != event.seq);
            message.edits.push(event.seq);
            let over = message.edits.len().saturating_sub(EDITS_MAX);
            message.edits.drain(..over);
        }),
        Body::Deleted { message, thread } => {
            docs.put(Key::Message(id, *message), None);
            edit_stream(docs, id, |stream| {
                stream.pins.retain(|pin| pin != message);
            })?;
            match thread {
                Some(root) => edit_message(docs, id, *root, |root| {
                    root.replies = root.replies.saturating_sub(1);
                }),
                None => Ok(()),
            }
        }
        Body::Reacted { message, emoji } => edit_message(docs, id, *message, |message| {
            message.reactions.entry(emoji.clone()).or_default().insert(by);
        }),
        Body::Unreacted { message, emoji } => edit_message(docs, id, *message, |message| {
            if let Some(users) = message.reactions.get_mut(emoji) {
                users.remove(&by);
                if users.is_empty() {
                    message.reactions.remove(emoji);
                }
            }
        }),
        _ => Ok(()),
    }
}

fn in_topic<D: Documents>(docs: &mut D, id: TopicId, event: &Event) -> Result<(), D::Error> {
    match &event.body {
        Body::TopicCreated { circle, name, holds, value, rules, deny } => {
            let topic = Topic {
                id,
                circle: *circle,
                name: name.clone(),
                holds: *holds,
                rules: rules.as_ref().clone(),
                deny: deny.clone(),
                created_at: event.at,
            };
            docs.put(Key::Topic(id), Some(Doc::Topic(Arc::new(topic))));
            let form = rules.form(*holds);
            let value = form.read(value).unwrap_or_else(|_| form.empty());
            docs.put(Key::State(id), Some(Doc::State(Arc::new(State::new(event.seq, value)))));
            Ok(())
        }
        Body::TopicChanged { name, rules } => edit_topic(docs, id, |topic| {
            topic.name = name.clone();
            topic.rules = rules.as_ref().clone();
        }),
        Body::TopicNarrowed { deny } => edit_topic(docs, id, |topic| topic.deny.clone_from(deny)),
        Body::TopicRemoved {} => {
            docs.put(Key::Topic(id), None);
            docs.put(Key::State(id), None);
            Ok(())
        }
        Body::Changed { fact } => docs.happen(id, event.seq, fact),
        _ => Ok(()),
    }
}

fn in_circle<D: Documents>(docs: &mut D, id: CircleId, event: &Event) -> Result<(), D::Error> {
    match &event.body {
        Body::CircleCreated { name, public, roles, everyone } => {
            let Some(owner) = event.by else { return Ok(()) };
            let circle = Circle {
                id,
                name: name.clone(),
                about: None,
                icon: None,
                public: *public,
                idle_seconds: 0,
                owner,
                roles: roles.clone(),
                everyone: *everyone,
                members: 0,
                created_at: event.at,
            };
            docs.put(Key::Circle(id), Some(Doc::Circle(Arc::new(circle))));
            Ok(())
        }
        Body::CircleChanged { name, about, icon, public, idle_seconds } => {
            edit_circle(docs, id, |circle| {
                circle.icon.clone_from(icon);
                circle.idle_seconds = *idle_seconds;
                circle.name = name.clone();
                circle.about.clone_from(about);
                circle.public = *public;
            })
        }
        Body::CircleRemoved { .. } => {
            docs.put(Key::Circle(id), None);
            Ok(())
        }
        Body::OwnerChanged { owner } => edit_circle(docs, id, |circle| circle.owner = *owner),
        Body::RoleSet { role, to } => edit_circle(docs, id, |circle| {
            circle.roles.insert(*role, to.clone());
        }),
        Body::RoleRemoved { role } => edit_circle(docs, id, |circle| {
            circle.roles.remove(role);
        }),
        Body::MemberJoined { user } => {
            let member = Member {
                user: *user,
                nickname: None,
                roles: std::collections::BTreeSet::new(),
                timed_out_until: None,
                joined_at: event.at,
            };
            docs.put(Key::Member(id, *user), Some(Doc::Member(Arc::new(member))));
            edit_circle(docs, id, |circle| circle.members += 1)
        }
        Body::MemberChanged { member } => {
            docs.put(Key::Member(id, member.user), Some(Doc::Member(Arc::new(member.clone()))));
            Ok(())
        }
        Body::MemberLeft { user, .. } => {
            docs.put(Key::Member(id, *user), None);
            edit_circle(docs, id, |circle| circle.members = circle.members.saturating_sub(1))
        }
        _ => Ok(()),
    }
}

fn in_user<D: Documents>(docs: &mut D, id: UserId, event: &Event) -> Result<(), D::Error> {
    let mark = || Arc::new(Mark { at: event.at });
    let (key, doc) = match &event.body {
        Body::CircleJoined { circle } => (Key::Joined(id, *circle), Some(Doc::Joined(mark()))),
        Body::CircleLeft { circle, .. } => (Key::Joined(id, *circle), None),
        Body::ConversationOpened { stream } => {
            (Key::Conversation(id, *stream), Some(Doc::Conversation(mark())))
        }
        Body::ConversationLeft { stream } => (Key::Conversation(id, *stream), None),
        Body::ReadTo { stream, thread, seq } => (
            Key::Read(id, *stream, thread.unwrap_or_default()),
            Some(Doc::Read(Arc::new(ReadMark { seq: *seq }))),
        ),
        Body::Blocked { user } => (Key::Block(id, *user), Some(Doc::Block(mark()))),
        Body::Unblocked { user } => (Key::Block(id, *user), None),
        Body::PreferenceSet { key, value } => return prefer(docs, id, key, value),
        _ => return Ok(()),
    };
    docs.put(key, doc);
    Ok(())
}

fn prefer<D: Documents>(
    docs: &mut D,
    user: UserId,
    key: &PreferenceKey,
    value: &Json,
) -> Result<(), D::Error> {
    let place = Key::Preferences(user);
    let mut preferences = match docs.find(&place)? {
        Some(Doc::Preferences(preferences)) => preferences,
        _ => Arc::default(),
    };
    let values = &mut Arc::make_mut(&mut preferences).values;
    match value {
        Json::Null => values.remove(key),
        value => values.insert(key.clone(), value.clone()),
    };
    docs.put(place, Some(Doc::Preferences(preferences)));
    Ok(())
}

fn in_site<D: Documents>(docs: &mut D, event: &Event) -> Result<(), D::Error> {
    match &event.body {
        Body::UserRegistered { user, name, display_name, bot_of } => {
            let registered = User {
                id: *user,
                name: name.clone(),
                display_name: display_name.clone(),
                avatar: None,
                bot_of: *bot_of,
                disabled: false,
                created_at: event.at,
            };
            docs.put(Key::User(*user), Some(Doc::User(Arc::new(registered))));
            Ok(())
        }
        Body::UserChanged { user, display_name, avatar, disabled } => {
            edit_user(docs, *user, |user| {
                user.display_name = display_name.clone();
                user.avatar.clone_from(avatar);
                user.disabled = *disabled;
            })
        }
        _ => Ok(()),
    }
}
