//! What is done once it is known who, or where, was meant.

use std::collections::BTreeSet;

use kith_core::command::Command;
use kith_core::document::{Home, User};
use kith_core::id::{CircleId, Seq, UserId};
use kith_core::text::Line;
use kith_private::Way;

use super::answer::Purpose;
use super::{Model, Note, Place, Talk};

/// What to do once a user, or a stream, is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Go,
    /// The same at the beginning, where one is nowhere if it cannot be.
    Begin,
    /// Show this message of the place.
    Show(Place, Seq),
    Message(String),
    Block,
    Unblock,
    WhoIs,
    Kick(CircleId, Option<Line>),
    Ban(CircleId, Option<Line>),
    Unban(CircleId),
    TimeOut(CircleId, u32, Option<Line>),
    Private(Way),
    /// A group with these and with those of the names that are left.
    Group(Vec<String>, BTreeSet<UserId>),
}

impl Model {
    /// Does what was to be done with a user.
    pub(super) fn with_user(&mut self, of: &User, then: Then) {
        let user = of.id;
        let name = &of.name;
        match then {
            Then::Go | Then::Begin | Then::Show(..) | Then::Message(_) => {
                let is_with =
                    |home: &Home| matches!(home, Home::Direct { users } if users.contains(&user));
                let open = self
                    .talks()
                    .find(|talk| talk.stream().is_some_and(|stream| is_with(&stream.home)))
                    .map(Talk::place);
                match open {
                    Some(place) => self.at_place(place, then),
                    None => {
                        let command = Command::OpenDirect { user };
                        self.change(Purpose::Opened { then }, command);
                    }
                }
            }
            Then::Block => {
                self.end_privately(user);
                self.told(&format!("{name} is blocked"), Command::Block { user });
            }
            Then::Private(way) => self.invite_privately(of, way),
            Then::Unblock => {
                self.told(&format!("{name} is blocked no longer"), Command::Unblock { user });
            }
            Then::WhoIs => {
                let mut line = format!("{name} is {}", of.display_name);
                if of.bot_of.is_some() {
                    line.push_str(", a program");
                }
                let here = self.circles().find_map(|view| view.present.get(&user));
                line.push_str(if here.is_some() { ", and is there" } else { ", and is not there" });
                self.say(line);
            }
            Then::Kick(circle, reason) => {
                let command = Command::Kick { circle, user, reason };
                self.told(&format!("{name} had to leave"), command);
            }
            Then::Ban(circle, reason) => {
                self.told(&format!("{name} is banned"), Command::Ban { circle, user, reason });
            }
            Then::Unban(circle) => {
                self.told(&format!("{name} may come again"), Command::Unban { circle, user });
            }
            Then::TimeOut(circle, seconds, reason) => {
                let command = Command::TimeOut { circle, user, seconds, reason };
                let what = match seconds {
                    0 => format!("{name} may write again"),
                    seconds => format!("{name} may only read for {seconds} s"),
                };
                self.told(&what, command);
            }
            Then::Group(mut names, mut users) => {
                users.insert(user);
                if names.is_empty() {
                    let command = Command::CreateGroup { users, name: None };
                    self.change(Purpose::Opened { then: Then::Go }, command);
                } else {
                    let next = names.remove(0);
                    self.find_user(next, Then::Group(names, users));
                }
            }
        }
    }

    /// Does what was to be done in a place.
    pub(super) fn at_place(&mut self, place: Place, then: Then) {
        match then {
            Then::Message(text) => {
                if self.post(place, &text, None) {
                    let name = self.full_name(place);
                    self.notes.push_back(Note::Sent(name));
                }
            }
            Then::Show(place, seq) => {
                self.go_to(place);
                if self.here == Some(place) {
                    self.jump(seq);
                }
            }
            _ => self.go_to(place),
        }
    }
}
