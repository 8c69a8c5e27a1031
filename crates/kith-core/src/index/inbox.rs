//! Who finds a message in their inbox: those whom it means, and whom it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::message;
use crate::document::{Doc, Home, Key, Mentions, Message, Note, Whom};
use crate::event::{Body, Event};
use crate::id::{StreamId, UserId};
use crate::reduce::Documents;

type Notes = BTreeMap<Whom, Note>;

/// Puts a message that was just posted into the inboxes of those whom it concerns.
pub(super) fn post<D: Documents>(
    docs: &mut D,
    stream: StreamId,
    event: &Event,
) -> Result<(), D::Error> {
    let (Body::Posted { reply_to, mentions, .. }, Some(author)) = (&event.body, event.by) else {
        return Ok(());
    };
    let answered = match reply_to {
        Some(seq) => message(docs, stream, *seq)?.map(|answered| answered.author),
        None => None,
    };
    let all = notes(docs, stream, author, mentions, answered)?;
    put(
        docs,
        stream,
        (event.at, event.seq),
        all.into_iter().map(|(whom, note)| (whom, Some(note))),
    );
    Ok(())
}

/// Puts a message that now means others, or nobody any more since it is gone, where it belongs. Where
/// the message that it answers is gone, its note stays behind: who finds it looks for the message.
pub(super) fn change<D: Documents>(
    docs: &mut D,
    stream: StreamId,
    before: &Message,
    mentions: Option<&Mentions>,
) -> Result<(), D::Error> {
    let answered = match before.reply_to {
        Some(seq) => message(docs, stream, seq)?.map(|answered| answered.author),
        None => None,
    };
    let old = notes(docs, stream, before.author, &before.mentions, answered)?;
    let new = match mentions {
        Some(mentions) => notes(docs, stream, before.author, mentions, answered)?,
        None => Notes::new(),
    };
    let gone = old.into_keys().filter(|whom| !new.contains_key(whom)).map(|whom| (whom, None));
    let gone: Vec<(Whom, Option<Note>)> = gone.collect();
    let there = new.into_iter().map(|(whom, note)| (whom, Some(note)));
    put(docs, stream, (before.at, before.seq), gone.into_iter().chain(there));
    Ok(())
}

fn put<D: Documents>(
    docs: &mut D,
    stream: StreamId,
    (at, seq): (crate::id::Timestamp, crate::id::Seq),
    notes: impl Iterator<Item = (Whom, Option<Note>)>,
) {
    for (whom, note) in notes {
        let doc = note.map(|note| Doc::Inbox(Arc::new(note)));
        docs.put(Key::Inbox(whom, at, stream, seq), doc);
    }
}

/// Whom a message concerns, and why.
fn notes<D: Documents>(
    docs: &D,
    stream: StreamId,
    author: UserId,
    mentions: &Mentions,
    answered: Option<UserId>,
) -> Result<Notes, D::Error> {
    let mut notes = Notes::new();
    let mention = Note { author, reply: false, mention: true };
    for user in mentions.users.iter().filter(|user| **user != author) {
        notes.insert(Whom::User(*user), mention);
    }
    notes.extend(mentions.roles.iter().map(|role| (Whom::Role(*role), mention)));
    if mentions.everyone {
        let whom = match docs.find(&Key::Stream(stream))? {
            Some(Doc::Stream(found)) => match found.home {
                Home::Channel { circle } => Whom::Circle(circle),
                Home::Direct { .. } | Home::Group { .. } => Whom::Stream(stream),
            },
            _ => Whom::Stream(stream),
        };
        notes.insert(whom, mention);
    }
    if let Some(user) = answered.filter(|user| *user != author) {
        let note = Note { author, reply: true, mention: false };
        notes.entry(Whom::User(user)).or_insert(note).reply = true;
    }
    Ok(notes)
}
