//! Circles and streams that are removed within a history, and what is left of them.

use std::collections::{BTreeMap, BTreeSet};

use kith_core::command::Outcome;
use kith_core::decide::gone::{self, Posted};
use kith_core::document::{Doc, Home, Key};
use kith_core::draft::Draft;
use kith_core::event::{Body, Event};
use kith_core::id::{CircleId, FeedId, Seq, StreamId, TopicId, UserId};
use proptest::prelude::*;

use crate::{World, history, steps};

impl World {
    /// Forgets what a removed circle held, as a server does step by step.
    pub(super) fn forget(&mut self, circle: CircleId) {
        let of_circle = |home: &Home| *home == Home::Channel { circle };
        let streams = self.documents.values().filter_map(|doc| match doc {
            Doc::Stream(stream) if of_circle(&stream.home) => Some(stream.id),
            _ => None,
        });
        let streams: BTreeSet<StreamId> = streams.collect();
        let topics = self.documents.values().filter_map(|doc| match doc {
            Doc::Topic(topic) if topic.circle == circle => Some(topic.id),
            _ => None,
        });
        let topics: Vec<TopicId> = topics.collect();
        let users = self.users.clone();
        let mut places = self.places(&streams);
        let of_circle = self
            .documents
            .keys()
            .filter(|key| matches!(key, Key::Step(of, ..) | Key::Steps(of, _) if *of == circle));
        places.extend(of_circle.cloned());
        let posted = self.posted(&streams);
        let forget = |draft: &mut Draft<'_>| {
            users.iter().try_for_each(|user| gone::member(draft, circle, *user, &streams))?;
            places.iter().for_each(|key| draft.put(key.clone(), None));
            topics.iter().try_for_each(|topic| gone::topic(draft, *topic))?;
            streams.iter().try_for_each(|stream| gone::stream(draft, circle, *stream))?;
            for posted in &posted {
                let now = draft.message(posted.stream, posted.seq)?;
                gone::message(draft, circle, posted, now.as_deref())?;
            }
            Ok(Outcome::default())
        };
        self.run(None, forget).unwrap();
        self.gone.extend(streams);
    }

    /// Forgets what a stream held that was removed alone.
    pub(super) fn forget_stream(&mut self, stream: StreamId) {
        let circle = self.documents.keys().find_map(|key| match key {
            Key::GoneStream(circle, of) if *of == stream => Some(*circle),
            _ => None,
        });
        let (circle, streams) = (circle.unwrap(), BTreeSet::from([stream]));
        let (users, places, posted) =
            (self.users.clone(), self.places(&streams), self.posted(&streams));
        let forget = |draft: &mut Draft<'_>| {
            users.iter().try_for_each(|user| gone::preferences(draft, *user, stream))?;
            places.iter().for_each(|key| draft.put(key.clone(), None));
            for posted in &posted {
                let now = draft.message(posted.stream, posted.seq)?;
                gone::message(draft, circle, posted, now.as_deref())?;
            }
            Ok(Outcome::default())
        };
        self.run(None, forget).unwrap();
        self.gone.extend(streams);
    }

    /// How far users read in streams, and which threads they follow there.
    fn places(&self, streams: &BTreeSet<StreamId>) -> Vec<Key> {
        let is_in = |key: &&Key| match key {
            Key::Read(_, stream, _) | Key::Follow(_, stream, _) => streams.contains(stream),
            _ => false,
        };
        self.documents.keys().filter(is_in).cloned().collect()
    }

    /// What was posted in streams.
    fn posted(&self, streams: &BTreeSet<StreamId>) -> Vec<Posted> {
        let by: BTreeMap<(FeedId, Seq), Option<UserId>> =
            self.events.iter().map(|one| ((one.event.feed, one.event.seq), one.event.by)).collect();
        let posted = self.events.iter().filter_map(|drafted| {
            let Event { feed: FeedId::Stream(stream), seq, at, by: Some(author), .. } =
                *drafted.event
            else {
                return None;
            };
            let Body::Posted { thread, reply_to, .. } = &drafted.event.body else { return None };
            let answered = reply_to.and_then(|seq| by.get(&(FeedId::Stream(stream), seq))).copied();
            let (thread, answered) = (*thread, answered.flatten());
            let posted = Posted { stream, seq, at, author, thread, answered };
            streams.contains(&stream).then_some(posted)
        });
        posted.collect()
    }

    /// What is held of circles and streams that were removed is dropped with them: no event tells of each.
    pub(super) fn drop_gone(&self, held: &mut BTreeMap<Key, Doc>) {
        held.retain(|key, _| match key {
            Key::Message(stream, _) | Key::Read(_, stream, _) => !self.gone.contains(stream),
            Key::Member(circle, _) => self.documents.contains_key(&Key::Circle(*circle)),
            _ => true,
        });
    }
}

proptest! {
    #[test]
    fn of_what_was_removed_nothing_is_left(steps in steps()) {
        let world = history(&steps, |_, _, _, _| {});
        let gone = |circle: &CircleId| !world.documents.contains_key(&Key::Circle(*circle));
        let removed: BTreeSet<CircleId> = world.circles.iter().filter(|one| gone(one)).copied().collect();
        let ids = removed.iter().map(ToString::to_string);
        let ids: Vec<String> = ids.chain(world.gone.iter().map(ToString::to_string)).collect();
        for (key, doc) in &world.documents {
            // What is noted of it, and who is banned and invited, is forgotten by its rows.
            let is_row = matches!(
                key,
                Key::GoneCircle(_) | Key::GoneStream(..) | Key::Ban(..) | Key::LastPost(..)
            );
            let Some((_, name)) = key.path().filter(|_| !is_row) else { continue };
            let text = format!("{name} {}", doc.to_json());
            prop_assert!(!ids.iter().any(|id| text.contains(id)), "{text}");
        }
    }
}
