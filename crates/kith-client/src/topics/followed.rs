//! One topic that is followed: what the server says it is, and what is shown of it.

use kith_core::document::Topic;
use kith_core::event::{Body, Event};
use kith_core::id::Seq;
use kith_core::text::OpId;
use kith_core::topic::{Fact, Kind, State, Value};
use kith_proto::error::Problem;

use super::chain::Edit;

/// Events of an `event` topic that wait to be told; the oldest are dropped beyond.
const EMITTED_MAX: usize = 1000;
/// Edits of a string that are reckoned with one by one while the topic is caught up with.
const MOVED_MAX: usize = 1000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing was shown of it yet.
    #[default]
    New,
    /// It was shown, and is being caught up with.
    Behind,
    /// What is known of it is whole.
    Whole,
}

/// A topic that is followed.
#[derive(Debug, Default)]
pub(super) struct Followed {
    pub(super) stage: Stage,
    /// `None` before its first snapshot.
    pub(super) held: Option<Held>,
}

/// What is held of a topic.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) about: Topic,
    /// The last event in `confirmed`.
    pub(super) seq: Seq,
    /// The value that the server told.
    confirmed: State,
    /// The value as it was when what is known was last whole; absent where that is `confirmed`.
    base: Option<State>,
    /// The value with what is pending; absent where nothing is.
    pub(super) shown: Option<State>,
    /// What happened to a string since `base`: own transactions by their names.
    moved: Vec<(Option<OpId>, Edit)>,
    emitted: Vec<Event>,
    changed: bool,
    about_changed: bool,
}

/// What is new in a topic since it was last whole.
pub(super) struct News {
    /// The value is another, or what the topic is.
    pub(super) is_other: bool,
    /// What happened in an `event` topic.
    pub(super) emitted: Vec<Event>,
    /// What happened to a string: own transactions by their names.
    pub(super) moved: Vec<(Option<OpId>, Edit)>,
}

impl Followed {
    /// What is held, if it may be shown.
    pub(super) fn held(&self) -> Option<&Held> {
        self.held.as_ref().filter(|_| self.stage != Stage::New)
    }

    pub(super) fn held_mut(&mut self) -> Option<&mut Held> {
        self.held.as_mut().filter(|_| self.stage != Stage::New)
    }

    /// It is to be caught up with; whether it was shown.
    pub(super) fn fall_behind(&mut self) -> bool {
        if self.stage == Stage::Whole {
            self.stage = Stage::Behind;
        }
        self.stage == Stage::Behind
    }

    /// It is whole; whether it was never shown before.
    pub(super) fn settle(&mut self) -> bool {
        let Some(held) = &mut self.held else { return false };
        let first = self.stage == Stage::New;
        if first {
            held.settle();
        }
        self.stage = Stage::Whole;
        first
    }

    /// A snapshot takes the place of what was known.
    pub(super) fn replace(&mut self, seq: Seq, about: Topic, value: Value) {
        let confirmed = State::new(seq, value);
        match &mut self.held {
            Some(held) if held.about.form() == about.form() => {
                if let (Value::String(before), Value::String(after)) =
                    (&held.confirmed.value, &confirmed.value)
                    && let Some(edit) = Edit::between(before, after)
                {
                    held.note(None, edit);
                }
                let before = std::mem::replace(&mut held.confirmed, confirmed);
                held.base.get_or_insert(before);
                held.about_changed |= held.about != about;
                (held.seq, held.about, held.changed) = (seq, about, true);
            }
            held => *held = Some(Held::new(seq, about, confirmed)),
        }
    }

    /// The next event; a problem when the topic is no more. `own` is the name of the pending
    /// transaction that it is of.
    pub(super) fn event(
        &mut self,
        event: &Event,
        own: Option<OpId>,
        frozen: bool,
    ) -> Option<Problem> {
        let is_new = self.stage == Stage::New;
        let held = self.held.as_mut()?;
        if event.seq <= held.seq {
            return None;
        }
        held.seq = event.seq;
        match &event.body {
            Body::Changed { fact: Fact::Emit { .. } } if !is_new => {
                if held.emitted.len() >= EMITTED_MAX {
                    held.emitted.remove(0);
                }
                held.emitted.push(event.clone());
            }
            Body::Changed { fact } => {
                if frozen && !is_new {
                    held.keep_base();
                }
                held.note(own, Edit::of(fact));
                held.confirmed.apply(event.seq, fact);
                held.changed = true;
            }
            Body::TopicChanged { name, rules } => {
                (held.about.name, held.about.rules) = (name.clone(), rules.as_ref().clone());
                (held.changed, held.about_changed) = (true, true);
            }
            Body::TopicNarrowed { deny } => {
                held.about.deny.clone_from(deny);
                (held.changed, held.about_changed) = (true, true);
            }
            Body::TopicRemoved {} => {
                return Some(Problem::new("topic.not_found", "the topic was removed"));
            }
            _ => {}
        }
        None
    }
}

impl Held {
    fn new(seq: Seq, about: Topic, confirmed: State) -> Self {
        Self {
            about,
            seq,
            confirmed,
            base: None,
            shown: None,
            moved: Vec::new(),
            emitted: Vec::new(),
            changed: true,
            about_changed: false,
        }
    }

    /// The value that pending changes are done to.
    pub(super) fn ground(&self) -> &State {
        self.base.as_ref().unwrap_or(&self.confirmed)
    }

    /// The value to show.
    pub(super) fn shown(&self) -> &State {
        self.shown.as_ref().unwrap_or_else(|| self.ground())
    }

    /// Shows `shown`, or what the server told if there is none; whether that is something else than
    /// before. `changed` says whether what the server told is.
    pub(super) fn show(&mut self, shown: Option<State>, changed: bool) -> bool {
        let before = std::mem::replace(&mut self.shown, shown);
        let now = &self.shown().value;
        let is_other = match &before {
            Some(before) => before.value != *now,
            None => changed || *now != self.ground().value,
        };
        std::mem::take(&mut self.about_changed) || is_other
    }

    /// What is known is whole: pending changes are done to it from now on.
    pub(super) fn settle(&mut self) -> News {
        self.base = None;
        News {
            is_other: std::mem::take(&mut self.changed),
            emitted: std::mem::take(&mut self.emitted),
            moved: std::mem::take(&mut self.moved),
        }
    }

    fn keep_base(&mut self) {
        if self.base.is_none() {
            self.base = Some(State::new(self.seq, self.confirmed.value.clone()));
        }
    }

    /// Notes what happened to a string, for edits that are pending.
    fn note(&mut self, own: Option<OpId>, edit: Edit) {
        if self.confirmed.kind() != Kind::String {
            return;
        }
        if self.moved.len() >= MOVED_MAX {
            // So much came that their sum says it as well.
            self.moved = vec![(None, Edit::Whole)];
        }
        self.moved.push((own, edit));
    }
}
