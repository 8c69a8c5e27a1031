//! What a user did in a circle and can take back.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{Seq, Timestamp, TopicId, UserId};
use crate::text::Label;
use crate::topic::Fact;

/// The most steps of a user in a circle that are remembered.
pub const STEPS_MAX: usize = 100;
/// The most changes of one step; a group that has more goes on as the next step.
pub const STEP_CHANGES_MAX: u64 = 1000;
/// For how long a step is remembered, in milliseconds: 7 days.
pub const STEP_MEMORY_MS: u64 = 7 * 24 * 3600 * 1000;

/// One transaction, or several of one group, that can be taken back or done again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number in the user's line of steps.
    pub number: u64,
    /// When it was last added to.
    pub at: Timestamp,
    /// What its transactions were grouped by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Label>,
    /// It was taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undone: bool,
    /// The events that brought about how it stands now, in order.
    pub parts: Vec<Part>,
}

/// One event of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Of which topic.
    pub topic: TopicId,
    /// Its number.
    pub seq: Seq,
    /// With whose rights it came about, where those were lent by a guard.
    pub by: Option<UserId>,
}

/// Events of one topic that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Which topic.
    pub topic: TopicId,
    /// The first.
    pub from: Seq,
    /// The last.
    pub to: Seq,
    /// With whose rights they came about, where those were lent by a guard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

impl Part {
    /// How many events it has.
    #[must_use]
    pub fn count(&self) -> u64 {
        (self.to.0 + 1).saturating_sub(self.from.0)
    }
}

impl Step {
    /// In which of the user's places it is kept.
    #[must_use]
    pub fn slot(&self) -> u8 {
        // Below 100.
        (self.number % STEPS_MAX as u64) as u8
    }

    /// How many changes it has.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.parts.iter().map(Part::count).sum()
    }

    /// Adds an event.
    pub fn add(&mut self, Placed { topic, seq, by }: Placed) {
        match self.parts.last_mut() {
            Some(last) if (last.topic, last.by) == (topic, by) && last.to.next() == seq => {
                last.to = seq;
            }
            _ => self.parts.push(Part { topic, from: seq, to: seq, by }),
        }
    }

    /// Whether it is so long ago that it is no longer known.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.0.saturating_sub(self.at.0) > STEP_MEMORY_MS
    }
}

/// The steps of a user in a circle, oldest first: what is done, then what is undone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// The steps.
    pub steps: VecDeque<Arc<Step>>,
}

impl Steps {
    /// The line that these steps make, in whatever order they come.
    #[must_use]
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let mut steps: Vec<Arc<Step>> = steps.into_iter().map(Arc::new).collect();
        steps.sort_by_key(|step| step.number);
        Self { steps: steps.into() }
    }
}

/// What happened with events of a topic that follow each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Each with its number; events that are no change are left out.
    pub facts: Vec<(Seq, Fact)>,
}
