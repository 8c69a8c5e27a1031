//! Events that have nearly everything in common, told with that said once.

use kith_core::event::{Body, Event};
use kith_core::id::{FeedId, Seq, Timestamp, UserId};
use kith_core::text::OpId;
use kith_core::topic::Fact;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was done to one feed at one time, in order: events whose numbers follow each other. Each stands
/// for itself, as if it came alone; what happened in one transaction comes otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// The feed of all.
    pub feed: FeedId,
    /// The number of the first.
    pub seq: Seq,
    /// When the server decided them.
    pub at: Timestamp,
    /// Who did the first; `None` for the site itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// What is not the same in all of them.
    pub events: Vec<Did>,
}

/// One of the events of a [run](Run).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Did {
    /// Who did it, where that is another user than of the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// The operation it came of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<OpId>,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What happened, as it is told in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// This.
    Body(Body),
    /// How the value of a topic changed: a body of the kind `changed`, of which a busy topic's runs
    /// are made, with nothing around it.
    Fact(Fact),
}

impl From<Body> for What {
    fn from(body: Body) -> Self {
        match body {
            Body::Changed { fact } => Self::Fact(fact),
            body => Self::Body(body),
        }
    }
}

impl From<What> for Body {
    fn from(what: What) -> Self {
        match what {
            What::Body(body) => body,
            What::Fact(fact) => Self::Changed { fact },
        }
    }
}

impl Run {
    /// The events that begin `events` and can be told as one run; how many they are, at least one
    /// unless there are none.
    pub fn of<'a>(mut events: impl Iterator<Item = &'a Event>) -> usize {
        let Some(first) = events.next() else { return 0 };
        let mut last = (first.seq, first.by);
        let goes_on = |event: &&Event| {
            let (seq, by) = std::mem::replace(&mut last, (event.seq, event.by));
            // That it was the site, and no user any more, could not be told.
            let is_told = event.by == by || event.by.is_some();
            is_told && event.seq == seq.next() && (event.feed, event.at) == (first.feed, first.at)
        };
        1 + events.take_while(goes_on).count()
    }

    /// These events as a run, if there are any; they are such as [`of`](Self::of) counts.
    #[must_use]
    pub fn new(events: &[&Event]) -> Option<Self> {
        let Event { feed, seq, at, by, .. } = **events.first()?;
        let mut last = by;
        let did = |event: &&Event| {
            let by = event.by.filter(|_| event.by != last);
            last = event.by;
            Did { by, op: event.op.clone(), what: event.body.clone().into() }
        };
        Some(Self { feed, seq, at, by, events: events.iter().map(did).collect() })
    }

    /// Its events.
    pub fn into_events(self) -> impl Iterator<Item = Event> {
        let Self { feed, mut seq, at, mut by, events } = self;
        events.into_iter().map(move |Did { by: other, op, what }| {
            by = other.or(by);
            let event = Event { feed, seq, at, by, op, body: what.into() };
            // Whoever made it up may say any number.
            seq = Seq(seq.0.saturating_add(1));
            event
        })
    }
}

#[cfg(test)]
mod tests {
    use kith_core::id::{StreamId, TopicId};
    use serde_json::json;

    use super::*;

    fn bob() -> UserId {
        UserId::new(Timestamp(1), 4)
    }

    fn event(seq: u64) -> Event {
        Event {
            feed: FeedId::Topic(TopicId::new(Timestamp(1), 2)),
            seq: Seq(seq),
            at: Timestamp(7),
            by: Some(UserId::new(Timestamp(1), 3)),
            op: OpId::parse(&format!("ana-{seq}")).ok(),
            body: Body::TopicRemoved {},
        }
    }

    #[test]
    fn a_run_ends_where_the_feed_the_number_or_the_time_is_another() {
        let all: Vec<Event> = (3..6).map(event).collect();
        assert_eq!(Run::of(all.iter()), 3);
        assert_eq!(Run::of(all.iter().take(1)), 1);
        assert_eq!(Run::of(std::iter::empty()), 0);
        let other = |change: fn(&mut Event)| {
            let mut all = all.clone();
            all.iter_mut().skip(2).for_each(change);
            Run::of(all.iter())
        };
        assert_eq!(other(|event| event.op = None), 3);
        assert_eq!(other(|event| event.at = Timestamp(8)), 2);
        assert_eq!(other(|event| event.by = Some(bob())), 3);
        assert_eq!(other(|event| event.by = None), 2);
        assert_eq!(other(|event| event.seq = event.seq.next()), 2);
        let stream = |event: &mut Event| {
            event.feed = FeedId::Stream(StreamId::new(Timestamp(1), 2));
        };
        assert_eq!(other(stream), 2);
    }

    #[test]
    fn its_events_are_those_it_was_made_of() {
        let mut all: Vec<Event> = (3..7).map(event).collect();
        all[1].op = None;
        all[1].by = Some(bob());
        all[2].by = Some(bob());
        all[2].body = Body::Changed { fact: Fact::Add { by: 3.into(), was: None } };
        let run = Run::new(&all.iter().collect::<Vec<_>>()).unwrap();
        assert!(run.clone().into_events().eq(all.clone()));
        let said: Vec<bool> = run.events.iter().map(|did| did.by.is_some()).collect();
        assert_eq!(said, [false, true, false, true]);
        let told = serde_json::to_value(&run).unwrap();
        assert_eq!(told["events"][2], json!({"op": "ana-5", "fact": {"add": {"by": 3}}}));
        assert_eq!(serde_json::from_value::<Run>(told).unwrap(), run);
        assert_eq!(Run::new(&[]), None);
        // It may begin with what the site did.
        all[0].by = None;
        assert_eq!(Run::of(all.iter()), 4);
        let run = Run::new(&all.iter().collect::<Vec<_>>()).unwrap();
        assert!(run.into_events().eq(all));
    }

    #[test]
    fn numbers_that_were_made_up_break_nothing() {
        let last = Event { seq: Seq(u64::MAX), ..event(1) };
        let run = Run::new(&[&last, &last]).unwrap();
        assert_eq!(run.into_events().count(), 2);
    }
}
