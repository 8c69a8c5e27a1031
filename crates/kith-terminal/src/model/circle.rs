//! What is known of a circle.

use std::collections::BTreeMap;

use kith_core::document::{Circle, Member};
use kith_core::id::{Seq, UserId};
use kith_proto::frame::Status;
use kith_proto::query::Present;
use kith_proto::service::Card;

/// Members that are listed, at most.
pub(super) const MEMBERS_MAX: usize = 1000;

/// A slash command that a service offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slash {
    /// Its name, without `chat/`.
    pub name: String,
    /// What it does.
    pub about: String,
    /// What it wants to be told.
    pub hint: String,
}

/// A circle.
#[derive(Debug)]
pub struct CircleView {
    /// The circle.
    pub circle: Circle,
    /// The user's own membership.
    pub member: Member,
    /// Those of its members that were asked for.
    pub members: BTreeMap<UserId, Member>,
    /// Who is there, as far as it is known.
    pub present: BTreeMap<UserId, Present>,
    /// Its slash commands.
    pub slashes: Vec<Slash>,
    /// Its last event that was told.
    pub(super) seq: Seq,
    /// Whether it was asked who is there, since the connection stands.
    pub(super) asked: bool,
}

impl CircleView {
    pub(super) fn new(circle: Circle, member: Member, seq: Seq) -> Self {
        Self {
            circle,
            member,
            members: BTreeMap::new(),
            present: BTreeMap::new(),
            slashes: Vec::new(),
            seq,
            asked: false,
        }
    }

    /// Whether and how a user is there.
    #[must_use]
    pub fn status(&self, user: UserId) -> Status {
        self.present.get(&user).map_or(Status::Offline, |present| present.status)
    }

    /// A service is offered otherwise than before.
    pub(super) fn offered(&mut self, card: &Card) {
        let Some(name) = card.name.as_str().strip_prefix("chat/") else { return };
        // A word that cannot be typed as one is no command.
        if name.is_empty() || name.contains(char::is_whitespace) {
            return;
        }
        self.slashes.retain(|slash| slash.name != name);
        if card.providers > 0 {
            let text = |line: &Option<kith_core::text::Line>| {
                line.as_ref().map(ToString::to_string).unwrap_or_default()
            };
            let (about, hint) = (text(&card.about), text(&card.hint));
            self.slashes.push(Slash { name: name.to_owned(), about, hint });
            self.slashes.sort_by(|one, other| one.name.cmp(&other.name));
        }
    }
}
