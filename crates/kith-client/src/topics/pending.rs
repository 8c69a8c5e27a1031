//! A transaction of the program that the server has not decided, or whose events are not all here.

use std::collections::{BTreeMap, BTreeSet};

use kith_core::command::{Command, Place};
use kith_core::id::{FeedId, Seq, TopicId};
use kith_core::refusal::Refusal;
use kith_core::text::{ElementId, Label, OpId};
use kith_core::topic::{Asked, Change, Condition, Fact, Kind, Splice, Spot, State, Value, compose};

use super::chain::{Edit, pass};
use super::followed::Held;

/// How far a transaction is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// Not sent yet.
    Held,
    /// Sent, and not answered.
    Asked {
        /// Which change as it was asked for each of those is that were sent.
        places: Vec<u32>,
        /// A snapshot came that may have it already.
        doubtful: bool,
    },
    /// Done; its events have these places.
    Done(Vec<Place>),
}

/// One change of a transaction.
#[derive(Clone, Debug)]
struct Part {
    topic: TopicId,
    change: Change,
    /// An edit of a string, as it is on the text after the parts and transactions before it.
    edit: Option<Splice>,
    /// It is part of the value that the server told.
    arrived: bool,
}

/// What goes along with the changes of a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Along {
    /// What must hold before.
    pub when: Vec<Condition>,
    /// What makes it one step with the user's last one, when that has the same: all of a drag, say.
    pub group: Option<Label>,
}

impl From<Vec<Condition>> for Along {
    fn from(when: Vec<Condition>) -> Self {
        Self { when, group: None }
    }
}

/// A transaction that is not decided, or whose events are not all here.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) op: OpId,
    parts: Vec<Part>,
    along: Along,
    pub(super) stand: Stand,
    /// One of its events came.
    pub(super) is_here: bool,
}

impl Pending {
    pub(super) fn new(op: OpId, changes: Vec<Asked>, along: Along) -> Self {
        let part = |Asked { topic, change }| Part { topic, change, edit: None, arrived: false };
        let parts = changes.into_iter().map(part).collect();
        Self { op, parts, along, stand: Stand::Held, is_here: false }
    }

    pub(super) fn topics(&self) -> impl Iterator<Item = TopicId> {
        self.parts.iter().map(|part| part.topic)
    }

    pub(super) fn touches(&self, topic: TopicId) -> bool {
        self.topics().any(|one| one == topic)
    }

    /// The strings in which it edits a text that others may have edited as well.
    pub(super) fn edited(&self) -> impl Iterator<Item = TopicId> {
        self.parts.iter().filter(|part| part.edit.is_some()).map(|part| part.topic)
    }

    /// Does it for the first time, on the values that are shown; what they are then.
    pub(super) fn try_first<'a>(
        &mut self,
        held: impl Fn(TopicId) -> Option<&'a Held>,
    ) -> Result<BTreeMap<TopicId, State>, Refusal> {
        let mut states: BTreeMap<TopicId, State> = BTreeMap::new();
        let several = self.parts.len() > 1;
        for (place, part) in self.parts.iter_mut().enumerate() {
            let Some(held) = held(part.topic) else { continue };
            let copy = || State::new(held.seq, held.shown().value.clone());
            let state = states.entry(part.topic).or_insert_with(copy);
            name(&mut part.change, &self.op, place, held.ground(), state);
            // Each counts on the one before it.
            let seq = Seq(held.seq.0 + 1 + place as u64);
            let fact = state.resolve(seq, &part.change).map_err(|refusal| match several {
                true => Refusal::Part { place, refusal: Box::new(refusal) },
                false => refusal,
            })?;
            if let Fact::Splice(splice) = &fact {
                part.edit = Some(splice.clone());
            }
            state.apply(seq, &fact);
        }
        Ok(states)
    }

    /// Does it again, on `states` and on what is held where those have nothing; all of it, or
    /// nothing where it no longer fits. `done` counts the changes: each counts on those before it.
    pub(super) fn try_again<'a>(
        &self,
        states: &mut BTreeMap<TopicId, State>,
        done: &mut u64,
        held: impl Fn(TopicId) -> Option<&'a Held>,
    ) {
        let mut tried: BTreeMap<TopicId, State> = BTreeMap::new();
        for part in &self.parts {
            let Some(held) = held(part.topic) else { continue };
            *done += 1;
            let seq = Seq(held.seq.0 + *done);
            let now = tried.remove(&part.topic).or_else(|| match self.parts.len() {
                // Nothing has to be put back when the only one does not fit.
                1 => states.remove(&part.topic),
                _ => states.get(&part.topic).cloned(),
            });
            let mut state =
                now.unwrap_or_else(|| State::new(held.seq, held.ground().value.clone()));
            let asked = part.edit.as_ref().map(|edit| edit.asked(None));
            match state.resolve(seq, asked.as_ref().unwrap_or(&part.change)) {
                Ok(fact) => state.apply(seq, &fact),
                Err(_) if self.parts.len() > 1 => return,
                Err(_) => {}
            }
            tried.insert(part.topic, state);
        }
        states.extend(tried);
    }

    /// Takes a later transaction in, if both are edits of one string that touch, and neither is
    /// sent. Gives the name under which both go then.
    pub(super) fn join(&mut self, later: &Self) -> Option<OpId> {
        let topic = self.only_edits()?;
        if self.stand != Stand::Held || later.only_edits() != Some(topic) {
            return None;
        }
        let edits = self.parts.iter().chain(&later.parts).filter_map(|part| part.edit.clone());
        let [edit] = <[Splice; 1]>::try_from(compose(&edits.collect::<Vec<_>>())).ok()?;
        let change = edit.asked(None);
        self.parts = vec![Part { topic, change, edit: Some(edit), arrived: false }];
        Some(self.op.clone())
    }

    /// The string that it edits, if it does nothing else and nothing goes along.
    fn only_edits(&self) -> Option<TopicId> {
        let topic = self.parts.first()?.topic;
        let plain = |part: &Part| part.topic == topic && part.edit.is_some();
        (self.along == Along::default() && self.parts.iter().all(plain)).then_some(topic)
    }

    /// The command that asks for it, which counts as sent. `seqs` tells the last events of topics.
    pub(super) fn ask(&mut self, seqs: impl Fn(TopicId) -> Option<Seq>) -> Command {
        let (mut changes, mut places) = (Vec::new(), Vec::new());
        // Texts whose edits have all been told, and those that this transaction replaced: on these
        // nobody else edits in between.
        let (mut told, mut replaced) = (BTreeSet::new(), BTreeSet::new());
        for (place, part) in self.parts.iter().enumerate() {
            let topic = part.topic;
            let asked: Vec<Change> = match &part.edit {
                Some(edit) if replaced.contains(&topic) => vec![edit.asked(None)],
                Some(_) if told.insert(topic) => {
                    let edits = self.parts.iter().skip(place).filter(|part| part.topic == topic);
                    let edits = edits.map_while(|part| part.edit.clone());
                    let edits = compose(&edits.collect::<Vec<_>>());
                    edits.iter().map(|edit| edit.asked(seqs(topic))).collect()
                }
                Some(_) => Vec::new(),
                None => {
                    replaced.insert(topic);
                    vec![part.change.clone()]
                }
            };
            places.extend(asked.iter().map(|_| u32::try_from(place).unwrap_or(u32::MAX)));
            changes.extend(asked.into_iter().map(|change| Asked { topic, change }));
        }
        self.stand = Stand::Asked { places, doubtful: false };
        let Along { when, group } = self.along.clone();
        Command::Change { changes, when, group }
    }

    /// Which change as it was asked for one is that was sent.
    pub(super) fn asked_as(&self, sent: u32) -> Option<u32> {
        match &self.stand {
            Stand::Asked { places, .. } => places.get(usize::try_from(sent).ok()?).copied(),
            Stand::Held | Stand::Done(_) => None,
        }
    }

    /// A snapshot may have it already.
    pub(super) fn doubt(&mut self) {
        if let Stand::Asked { doubtful, .. } = &mut self.stand {
            *doubtful = true;
        }
    }

    /// Its events in a topic are of a history that is no more.
    pub(super) fn forget_places(&mut self, topic: TopicId) {
        if let Stand::Done(places) = &mut self.stand {
            places.retain(|place| place.feed != FeedId::Topic(topic));
        }
    }

    /// Whether it was done and all its events are here.
    pub(super) fn is_reached(&self, reached: impl Fn(TopicId, Seq) -> bool) -> bool {
        let Stand::Done(places) = &self.stand else { return false };
        places.iter().all(|place| match place.feed {
            FeedId::Topic(topic) => reached(topic, place.seq),
            _ => true,
        })
    }

    /// What it did to a topic is part of the value that the server told.
    pub(super) fn arrive(&mut self, topic: TopicId) {
        let there = self.parts.iter_mut().filter(|part| part.topic == topic);
        there.for_each(|part| part.arrived = true);
    }

    /// What takes its edits back, for those that were made after them.
    pub(super) fn undoing(&self) -> BTreeMap<TopicId, Vec<Edit>> {
        let mut edits: BTreeMap<TopicId, Vec<Edit>> = BTreeMap::new();
        for part in self.parts.iter().rev().filter(|part| !part.arrived) {
            let back = match &part.edit {
                Some(edit) => Edit::Splice(edit.inverse()),
                None => Edit::Whole,
            };
            edits.entry(part.topic).or_default().push(back);
        }
        edits
    }

    /// Reckons its edits of a string over earlier ones; what those do to the text after it.
    pub(super) fn shift(&mut self, topic: TopicId, mut earlier: Vec<Edit>) -> Vec<Edit> {
        for part in &mut self.parts {
            if part.topic != topic || part.arrived {
                continue;
            }
            earlier = match &mut part.edit {
                Some(edit) => pass(edit, earlier),
                // It replaces the text, whatever that is.
                None => Vec::new(),
            };
        }
        earlier
    }
}

/// Says what is meant in a way that means the same later: elements by their names, with names for
/// those that come new, and places in a text on the text that is shown.
fn name(change: &mut Change, op: &OpId, place: usize, ground: &State, shown: &State) {
    let spot = match change {
        Change::Insert { element, .. } if element.is_none() && shown.kind() == Kind::List => {
            *element = ElementId::parse(&format!("{op}.{place}")).ok();
            return;
        }
        Change::Splice { after, .. } => {
            *after = None;
            return;
        }
        Change::Remove(spot) | Change::Replace { spot, .. } | Change::Move { from: spot, .. } => {
            spot
        }
        _ => return,
    };
    let (Value::List(elements), Value::List(known)) = (&shown.value, &ground.value) else { return };
    let Spot::At(at) = *spot else { return };
    let from_end =
        usize::try_from(at.unsigned_abs()).ok().and_then(|at| elements.len().checked_sub(at));
    let at = if at < 0 { from_end } else { usize::try_from(at).ok() };
    let Some(meant) = at.and_then(|at| elements.get(at)).map(|one| &one.element) else { return };
    // A name that is only guessed yet means nothing to the server.
    if !meant.is_given() || known.iter().any(|one| one.element == *meant) {
        *spot = Spot::Element(meant.clone());
    }
}
