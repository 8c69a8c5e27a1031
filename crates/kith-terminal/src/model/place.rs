//! Places where one reads and writes: what they are called, and which one is meant by a name.

use kith_core::document::{Home, Stream};
use kith_core::id::{Seq, StreamId};

use super::{Model, Talk};

/// A stream, or one of its threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The stream.
    pub stream: StreamId,
    /// The message whose thread it is.
    pub thread: Option<Seq>,
}

/// Which place a name means.
pub(super) enum Meant {
    One(Place),
    /// A user of whom it is not known whether there is a conversation.
    User(String),
    /// None, and why.
    None(String),
}

/// How well a text fits a name: the less the better; `None` if its letters are not there in order.
#[must_use]
pub fn fit(text: &str, name: &str) -> Option<usize> {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    if let Some(at) = name.find(&text) {
        return Some(at);
    }
    let mut letters = name.chars();
    let all = text.chars().filter(|c| !c.is_whitespace()).all(|c| letters.any(|of| of == c));
    all.then_some(1000 + name.len())
}

impl Model {
    /// What a place is called within its circle: `general`, `@bob`, `Team`.
    #[must_use]
    pub fn short_name(&self, place: Place) -> String {
        let stream = self.talks.get(&Place { thread: None, ..place }).and_then(Talk::stream);
        let Some(stream) = stream else { return place.stream.to_string() };
        let name = self.stream_name(stream);
        match place.thread {
            Some(root) => format!("{name} #{root}"),
            None => name,
        }
    }

    fn stream_name(&self, stream: &Stream) -> String {
        if let Some(name) = &stream.name {
            return name.to_string();
        }
        match &stream.home {
            Home::Direct { users } => {
                let other = users.iter().find(|user| **user != self.me.id);
                format!("@{}", self.people.name(*other.unwrap_or(&self.me.id)))
            }
            Home::Group { users, .. } => {
                let others = users.iter().filter(|user| **user != self.me.id);
                others.map(|user| self.people.name(*user)).collect::<Vec<_>>().join(", ")
            }
            Home::Channel { .. } => stream.id.to_string(),
        }
    }

    /// What a place is called anywhere: `Tea/general`, `@bob`, `Team`.
    #[must_use]
    pub fn full_name(&self, place: Place) -> String {
        let short = self.short_name(place);
        let circle = self.talks.get(&Place { thread: None, ..place }).and_then(Talk::circle);
        match circle.and_then(|circle| self.circles.get(&circle)) {
            Some(view) => format!("{}/{short}", view.circle.name),
            None => short,
        }
    }

    /// All places, threads apart, in the order in which they are listed: the streams of each
    /// circle, then the conversations by name.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for circle in self.circles.keys() {
            places.extend(
                self.talks().filter(|talk| talk.circle() == Some(*circle)).map(Talk::place),
            );
        }
        let mut rest: Vec<Place> =
            self.talks().filter(|talk| talk.circle().is_none()).map(Talk::place).collect();
        rest.sort_by_cached_key(|place| self.short_name(*place).to_lowercase());
        places.extend(rest);
        places
    }

    /// The place that is meant by a name.
    pub(super) fn find_place(&self, wanted: &str) -> Meant {
        let wanted = wanted.trim();
        let is = |name: &str| name.to_lowercase() == wanted.to_lowercase();
        let places = self.places();
        let same: Vec<Place> = places
            .iter()
            .copied()
            .filter(|place| is(&self.full_name(*place)) || wanted == place.stream.to_string())
            .collect();
        if let [one] = same[..] {
            return Meant::One(one);
        }
        if let Some(user) = wanted.strip_prefix('@') {
            return Meant::User(user.to_owned());
        }
        let short = wanted.strip_prefix('#').unwrap_or(wanted).to_lowercase();
        let short: Vec<Place> = places
            .iter()
            .copied()
            .filter(|place| self.short_name(*place).to_lowercase() == short)
            .collect();
        let circle = self.talk_here().and_then(Talk::circle);
        let near = short.iter().find(|place| {
            circle.is_some() && self.talks.get(*place).and_then(Talk::circle) == circle
        });
        match (near, &short[..], &same[..]) {
            (Some(near), _, []) => Meant::One(*near),
            (None, [one], []) => Meant::One(*one),
            (None, [], []) => {
                // The name of a circle means its first stream.
                let named = self.circles().find(|view| is(view.circle.name.as_str()));
                let first = named.and_then(|view| self.first_stream(view.circle.id));
                first.map_or_else(
                    || Meant::None(format!("there is no place called `{wanted}`")),
                    Meant::One,
                )
            }
            _ => Meant::None(format!(
                "`{wanted}` is the name of several places: name the circle, as in CIRCLE/STREAM"
            )),
        }
    }

    /// The first stream of a circle that the user may read.
    pub(super) fn first_stream(&self, circle: kith_core::id::CircleId) -> Option<Place> {
        self.talks().find(|talk| talk.circle() == Some(circle)).map(Talk::place)
    }
}
