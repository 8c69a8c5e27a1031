//! What happened since the room last looked, told to clients as topicsync tells it.

use std::cmp::Reverse;
use std::sync::Arc;

use bytes::Bytes;
use kith_core::event::{Body, Event};
use kith_core::id::{FeedId, Seq, Timestamp, TopicId, UserId};
use kith_core::text::OpId;
use kith_core::topic::Fact;
use kith_hub::Item;
use serde_json::Value as Json;

use super::client::text;
use super::{Ended, Followed, Room};
use crate::merge::WAIT;
use crate::message;
use crate::plan::{Done, Listed, step};
use crate::told::told;
use crate::trail::{Entry, Turn, adds};
use crate::wire::{Type, What, Wire, negative};

/// Bytes taken from the mailbox at a time.
const BATCH: usize = 1024 * 1024;

/// A transaction of a client, which was done.
pub(super) struct Own {
    pub(super) op: OpId,
    /// What was done, for those who come later.
    pub(super) done: Vec<Done>,
    /// What is told, each with whether it may wait.
    pub(super) told: Vec<(Wire, bool)>,
    pub(super) action_id: String,
}

/// What is not known any more.
#[derive(Default)]
struct Lost {
    /// Feeds that have to be followed anew.
    feeds: Vec<FeedId>,
    /// Which topics the user may read.
    rights: bool,
}

/// What happened in one transaction: all of it has these in common.
type Mark = (Option<OpId>, Option<UserId>, Timestamp);

/// Something that others did.
struct Foreign {
    /// What is told of it, each with whether it may wait.
    wires: Vec<(Wire, bool)>,
    /// The place of what it takes back, or does again.
    back: Option<u64>,
    again: Option<u64>,
}

impl Room {
    /// Takes in all that was committed, and tells clients. `own` is what a client did and of which
    /// nobody was told yet.
    pub(super) async fn catch_up(&mut self, own: Option<Own>) -> Result<(), Ended> {
        // Whole transactions: what one of them did to several topics is all there then.
        self.hub.settled().await?;
        for client in self.clients.values_mut() {
            client.look();
        }
        if let Some(own) = &own {
            self.list_own(own).await?;
        }
        self.take_notices().await?;
        let mut items = Vec::new();
        loop {
            let mut batch = Vec::new();
            self.me.take(BATCH, &mut batch);
            if batch.is_empty() {
                break;
            }
            items.append(&mut batch);
        }
        let taken = self.take_in(items, own);
        self.me.wrote();
        let Lost { feeds, rights } = taken?;
        let rights = rights || feeds.iter().any(|feed| matches!(feed, FeedId::Circle(_)));
        for feed in feeds {
            self.follow_feed(feed).await?;
        }
        if rights {
            self.refresh().await?;
        }
        Ok(())
    }

    /// Notes the topics that a client made and removed.
    async fn list_own(&mut self, own: &Own) -> Result<(), Ended> {
        for done in &own.done {
            match (done.listed, &done.wire.what) {
                (Some(Listed::Made(id)), What::AddKey { value, .. }) => {
                    let boundary = value.get("boundary_value").cloned().unwrap_or_default();
                    if let Some(topic) = self.look_up(id).await? {
                        self.add(topic, crate::entry::boundary(&boundary));
                    }
                }
                (Some(Listed::Gone), What::PopKey { key, .. }) => {
                    self.forget(key);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Deals with what was taken from the mailbox.
    fn take_in(&mut self, items: Vec<Item>, mut own: Option<Own>) -> Result<Lost, Ended> {
        let mut lost = Lost::default();
        let mut group: Vec<Arc<Event>> = Vec::new();
        for item in items {
            match item {
                Item::Event(delivery) => {
                    self.one_more(&delivery.event, &mut group, &mut own);
                    lost.rights |= self.concerns_me(&delivery.event);
                }
                Item::Events(all) => {
                    for delivery in all {
                        self.one_more(&delivery.event, &mut group, &mut own);
                    }
                }
                Item::Reply(marker) => {
                    self.transaction(&mut group, &mut own);
                    self.arrive(&marker);
                }
                Item::Lagged(feeds) => lost.feeds.extend(feeds),
                Item::Closed(closed) => match closed.feed {
                    FeedId::Topic(topic) | FeedId::Live(topic) => self.went(topic, false),
                    _ if closed.removed => {
                        return Err(Ended("the circle was removed".to_owned()));
                    }
                    _ => return Err(Ended("the user is not in the circle".to_owned())),
                },
                Item::Bundle(bundle) => {
                    for delivery in bundle.events() {
                        self.one_more(&delivery.event, &mut group, &mut own);
                        lost.rights |= self.concerns_me(&delivery.event);
                    }
                }
                Item::Newest(_) | Item::Signal(_) | Item::Aware(_) => {}
                Item::Told(_) | Item::Offered(_) => {}
            }
        }
        self.transaction(&mut group, &mut own);
        if let Some(own) = own {
            self.tell_own(own);
        }
        Ok(lost)
    }

    /// Adds an event to those of its transaction, and takes those in that were of another.
    fn one_more(&mut self, event: &Arc<Event>, group: &mut Vec<Arc<Event>>, own: &mut Option<Own>) {
        if group.first().is_some_and(|first| mark(first) != mark(event)) {
            self.transaction(group, own);
        }
        group.push(Arc::clone(event));
    }

    /// Whether an event of the circle may change what the user may read.
    fn concerns_me(&self, event: &Event) -> bool {
        match &event.body {
            Body::MemberChanged { member } => member.user == self.user,
            Body::RoleSet { .. } | Body::RoleRemoved { .. } | Body::OwnerChanged { .. } => true,
            _ => false,
        }
    }

    /// Takes in what happened together.
    fn transaction(&mut self, group: &mut Vec<Arc<Event>>, own: &mut Option<Own>) {
        let events = std::mem::take(group);
        let Some(first) = events.first() else { return };
        let is_own = own.as_ref().is_some_and(|own| first.op.as_ref() == Some(&own.op));
        let done = own.take_if(|_| is_own);
        let mut foreign = Vec::new();
        // What a guard did along with the client, and after how many of its own changes.
        let mut effects: Vec<(usize, Vec<(Wire, bool)>)> = Vec::new();
        let mut before = 0;
        for event in &events {
            let (FeedId::Topic(topic) | FeedId::Live(topic)) = event.feed else { continue };
            match (&event.body, &done) {
                (Body::Changed { fact }, Some(own)) => {
                    let place = Some((topic, event.seq));
                    match own.done.iter().position(|done| done.place == place) {
                        Some(at) => {
                            before = at + 1;
                            self.happened(topic, event.seq, fact, own);
                        }
                        None => {
                            let told = self.did(topic, event.seq, fact);
                            effects.extend(told.map(|one| (before, one.wires)));
                        }
                    }
                }
                (Body::Changed { fact }, None) => {
                    foreign.extend(self.did(topic, event.seq, fact));
                }
                // The value is as it was.
                _ => {
                    if let Some(followed) = self.followed.get_mut(&topic) {
                        followed.seq = event.seq.max(followed.seq);
                    }
                }
            }
        }
        match done {
            Some(mut own) => {
                for (at, wires) in effects.into_iter().rev() {
                    let at = at.min(own.told.len());
                    own.told.splice(at..at, wires);
                }
                self.tell_own(own);
            }
            None => self.tell_foreign(foreign),
        }
    }

    /// Folds in what a client did.
    fn happened(&mut self, topic: TopicId, seq: Seq, fact: &Fact, own: &Own) {
        self.order += 1;
        let Some(followed) = self.followed.get_mut(&topic).filter(|one| seq > one.seq) else {
            return;
        };
        followed.state.apply(seq, fact);
        followed.seq = seq;
        let done = own.done.iter().find(|done| done.place == Some((topic, seq)));
        let Some(done) = done else { return };
        let (order, id) = (self.order, done.wire.id.clone());
        followed.note(order, fact, std::slice::from_ref(&done.wire), id, done.is_stateful);
    }

    /// Folds in what others did, and says how it is told.
    fn did(&mut self, topic: TopicId, seq: Seq, fact: &Fact) -> Option<Foreign> {
        self.order += 1;
        let order = self.order;
        let known = self.known.get(self.names.get(&topic)?)?;
        let rules = known.topic.rules.clone();
        let is = Type::of(known.topic.form())?;
        let numbers = Arc::clone(&self.numbers);
        let new_id = || super::new_id(&numbers);
        let followed = self.followed.get_mut(&topic).filter(|one| seq > one.seq)?;
        let needs_before = matches!(
            fact,
            Fact::Put { .. } | Fact::Drop { .. } | Fact::Rename { .. } | Fact::Move { .. }
        );
        let before = needs_before.then(|| followed.state.clone());
        followed.state.apply(seq, fact);
        followed.seq = seq;
        let mut whats = told(fact, before.as_ref().unwrap_or(&followed.state), &followed.state);
        if whats.is_empty() {
            return None;
        }
        let can_turn = fact.can_turn_back() && !rules.no_undo;
        let turn = if can_turn { followed.trail.turn(fact) } else { Turn::New };
        if let (Turn::Back(entry) | Turn::Again(entry), [what]) = (&turn, whats.as_mut_slice()) {
            as_added(what, &entry.fact, matches!(turn, Turn::Back(_)));
        }
        let result = match &turn {
            Turn::Back(entry) => entry.versions.as_ref().map(|(before, _)| before.clone()),
            Turn::Again(entry) => entry.versions.as_ref().map(|(_, after)| after.clone()),
            Turn::New => None,
        };
        let count = whats.len();
        let mut base = followed.versions.as_ref().map(|versions| versions.now().to_owned());
        let mut wires = Vec::new();
        for (place, mut what) in whats.into_iter().enumerate() {
            let id = match &turn {
                Turn::Again(entry) if count == 1 => entry.id.clone(),
                _ => new_id(),
            };
            if let Some(base) = &mut base {
                let last = place + 1 == count;
                let after = result.clone().filter(|_| last).unwrap_or_else(new_id);
                fill(&mut what, base, after);
                if let Some(step) = step(base.clone(), &what, &id) {
                    base.clone_from(&step.after);
                }
            }
            wires.push(Wire { topic: Arc::clone(&followed.name), is, what, id });
        }
        let (back, again) = match &turn {
            Turn::Back(entry) => (Some(entry.order), None),
            Turn::Again(entry) => (None, Some(entry.order)),
            Turn::New => (None, None),
        };
        let id = wires.first().map(|wire| wire.id.clone()).unwrap_or_default();
        followed.note(order, fact, &wires, id, can_turn && matches!(turn, Turn::New));
        let wires = wires.into_iter().map(|wire| (wire, rules.merge)).collect();
        Some(Foreign { wires, back, again })
    }

    /// Tells of a transaction of others: what takes back, or does again, in the order that has.
    fn tell_foreign(&mut self, mut foreign: Vec<Foreign>) {
        if foreign.iter().all(|one| one.back.is_some()) {
            foreign.sort_by_key(|one| Reverse(one.back));
        } else if foreign.iter().all(|one| one.again.is_some()) {
            foreign.sort_by_key(|one| one.again);
        }
        let wires = foreign.into_iter().flat_map(|one| one.wires).collect();
        self.tell_some(wires, "");
    }

    fn tell_own(&mut self, own: Own) {
        for done in &own.done {
            let (Some((topic, seq)), what) = (done.place, &done.wire.what) else { continue };
            if done.wire.is == Type::String
                && !self.followed.contains_key(&topic)
                && let Some(step) = step(String::new(), what, &done.wire.id)
            {
                self.left.insert(topic, (seq, step.after));
            }
        }
        self.tell_some(own.told, &own.action_id);
    }

    /// Tells what must be told at once, and keeps what may wait.
    pub(super) fn tell_some(&mut self, wires: Vec<(Wire, bool)>, action_id: &str) {
        let (later, now): (Vec<_>, Vec<_>) = wires.into_iter().partition(|(_, merge)| *merge);
        let now: Vec<Wire> = now.into_iter().map(|(wire, _)| wire).collect();
        self.tell(&now, action_id);
        let mut is_much = false;
        for (wire, _) in later {
            is_much |= self.waiting.push(wire);
            if self.due.is_none() {
                self.due = Some(self.hub.pass(WAIT));
            }
        }
        if is_much {
            self.send_waiting();
        }
    }

    /// Tells what waited, after what happened meanwhile.
    pub(super) async fn flush(&mut self) -> Result<(), Ended> {
        self.due = None;
        self.catch_up(None).await?;
        self.send_waiting();
        Ok(())
    }

    /// Tells what waited.
    pub(super) fn send_waiting(&mut self) {
        self.due = None;
        if !self.waiting.is_empty() {
            let wires = self.waiting.take();
            self.tell(&wires, "clock");
        }
    }

    /// Tells each client what it follows of this, in one message.
    pub(super) fn tell(&self, wires: &[Wire], action_id: &str) {
        let mut whole: Option<Bytes> = None;
        for client in self.clients.values() {
            let mine: Vec<&Wire> =
                wires.iter().filter(|wire| client.names.contains(&wire.topic)).collect();
            if mine.is_empty() {
                continue;
            }
            let is_whole = mine.len() == wires.len();
            let frame = match whole.clone().filter(|_| is_whole) {
                Some(frame) => frame,
                None => text(&message::update(mine, action_id)),
            };
            if is_whole {
                whole = Some(frame.clone());
            }
            client.send(frame);
        }
    }
}

impl Followed {
    /// Notes the versions that a change made, and the change itself where it can be taken back.
    fn note(&mut self, order: u64, fact: &Fact, wires: &[Wire], id: String, is_new: bool) {
        let mut versions = None;
        if let Some(known) = &mut self.versions {
            let before = known.now().to_owned();
            for wire in wires {
                if let Some(step) = step(known.now().to_owned(), &wire.what, &wire.id) {
                    known.push(step);
                }
            }
            versions = Some((before, known.now().to_owned()));
        }
        if is_new && fact.can_turn_back() {
            self.trail.push(Entry { order, fact: fact.clone(), id, versions });
        }
    }
}

/// What all events of one transaction have in common.
fn mark(event: &Event) -> Mark {
    (event.op.clone(), event.by, event.at)
}

/// Gives an edit of a string its versions.
fn fill(what: &mut What, now: &str, after: String) {
    if let What::InsertText { base, result, .. } | What::DeleteText { base, result, .. } = what {
        now.clone_into(base);
        *result = after;
    }
}

/// Tells what was taken back, or done again, of an addition as one, where the numbers come out the same.
fn as_added(what: &mut What, then: &Fact, back: bool) {
    let (What::Set { value, old }, Fact::Add { by, .. }) = (&*what, then) else { return };
    let by = Json::Number(by.clone());
    let by = if back { negative(&by) } else { by };
    if let Json::Number(number) = &by
        && adds(value, number, old)
    {
        *what = What::Add { by };
    }
}
