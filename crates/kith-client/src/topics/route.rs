//! What of a client's updates is about topics that are followed.

use kith_core::event::Event;
use kith_core::id::{FeedId, TopicId};
use kith_proto::error::Problem;
use kith_proto::query::State;

use super::Topics;
use crate::update::Update;

impl Topics {
    /// Takes in what is about the topics that are followed; gives back what is not.
    pub fn update(&mut self, update: Update) -> Option<Update> {
        match update {
            Update::Event(event) if self.follows_feed(event.feed) => self.event(&event),
            Update::Events(events) => return self.several(events),
            Update::Hidden { feed, seq } => match self.followed(feed) {
                Some(topic) => self.hidden(topic, seq),
                None => return Some(Update::Hidden { feed, seq }),
            },
            Update::Reset { feed, why } => match self.followed(feed) {
                Some(topic) => self.reset(topic, why),
                None => return Some(Update::Reset { feed, why }),
            },
            Update::Snapshot { feed, seq, state } => match (self.followed(feed), *state) {
                (Some(id), State::Topic { topic, value }) => self.snapshot(id, seq, topic, &value),
                (_, state) => return Some(Update::Snapshot { feed, seq, state: Box::new(state) }),
            },
            Update::CaughtUp { feed, .. } if self.follows_feed(feed) => {}
            Update::Behind { feed } => match self.followed(feed) {
                Some(topic) => self.behind(topic),
                None => return Some(Update::Behind { feed }),
            },
            Update::Settled { mut feeds } => {
                self.settled(&feeds);
                feeds.retain(|feed| !self.follows_feed(*feed));
                return (!feeds.is_empty()).then_some(Update::Settled { feeds });
            }
            Update::Refused { feed, problem } => match self.followed(feed) {
                Some(topic) => self.close(topic, problem),
                None => return Some(Update::Refused { feed, problem }),
            },
            Update::Closed { feed, removed } => match self.followed(feed) {
                Some(topic) => self.close(topic, no_longer(removed)),
                None => return Some(Update::Closed { feed, removed }),
            },
            Update::Disconnected { .. } => {
                self.offline();
                return Some(update);
            }
            other => return Some(other),
        }
        None
    }

    fn several(&mut self, events: Vec<Event>) -> Option<Update> {
        let (mine, mut others): (Vec<Event>, Vec<Event>) =
            events.into_iter().partition(|event| self.follows_feed(event.feed));
        self.events(&mine);
        match others.len() {
            0 | 1 => others.pop().map(|event| Update::Event(Box::new(event))),
            _ => Some(Update::Events(others)),
        }
    }

    fn followed(&self, feed: FeedId) -> Option<TopicId> {
        match feed {
            FeedId::Topic(topic) if self.follows(topic) => Some(topic),
            _ => None,
        }
    }

    fn follows_feed(&self, feed: FeedId) -> bool {
        self.followed(feed).is_some()
    }
}

fn no_longer(removed: bool) -> Problem {
    let why = if removed { "this topic was removed" } else { "you may no longer read this topic" };
    Problem::new("topic.not_found", why)
}
