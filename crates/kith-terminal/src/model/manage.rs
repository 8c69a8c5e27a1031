//! How a circle is: shown, and changed in one thing by whoever may.

use kith_core::command::Command;
use kith_core::decide::circle::IDLE_SECONDS;
use kith_core::document::Circle;
use kith_core::text::{CircleName, Line};
use kith_proto::query::Query;

use super::act::parsed;
use super::answer::Purpose;
use super::{Model, Note};
use crate::command::CircleSetting;
use crate::lists;

/// One thing of a circle, as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Name(CircleName),
    About(Option<Line>),
    Public(bool),
    /// Seconds; 0 is never.
    Idle(u32),
}

impl Wanted {
    /// Reads what was typed.
    fn read(setting: CircleSetting, value: Option<&str>) -> Result<Self, String> {
        Ok(match (setting, value) {
            (CircleSetting::Name, Some(name)) => Self::Name(parsed(CircleName::parse(name))?),
            (CircleSetting::Name, None) => {
                return Err("`circle name` needs a name".to_owned());
            }
            (CircleSetting::About, text) => {
                Self::About(text.map(|text| parsed(Line::parse(text))).transpose()?)
            }
            (CircleSetting::Public, Some("yes")) => Self::Public(true),
            (CircleSetting::Public, Some("no")) => Self::Public(false),
            (CircleSetting::Public, _) => return Err("`circle public` needs yes or no".to_owned()),
            (CircleSetting::Idle, Some("never" | "0")) => Self::Idle(0),
            (CircleSetting::Idle, value) => {
                let seconds = value.and_then(|value| value.parse().ok());
                let seconds = seconds.filter(|seconds| IDLE_SECONDS.contains(seconds));
                let (least, most) = (IDLE_SECONDS.start(), IDLE_SECONDS.end());
                Self::Idle(seconds.ok_or_else(|| {
                    format!("`circle idle` needs seconds, {least} to {most}, or never")
                })?)
            }
        })
    }

    /// The change of a circle that is like this now.
    fn change(self, now: Circle) -> Command {
        let (mut name, mut about, mut public, mut idle_seconds) =
            (now.name, now.about, now.public, None);
        match self {
            Self::Name(to) => name = to,
            Self::About(to) => about = to,
            Self::Public(to) => public = to,
            Self::Idle(to) => idle_seconds = Some(to),
        }
        Command::ChangeCircle { circle: now.id, name, about, public, idle_seconds }
    }
}

impl Model {
    /// Shows how the circle is, or changes one thing of it. It is asked for first: a change says
    /// everything of a circle anew.
    pub(super) fn circle_settings(
        &mut self,
        setting: Option<CircleSetting>,
        value: Option<&str>,
    ) -> Result<(), String> {
        let circle = self.circle_id()?;
        let to = setting.map(|setting| Wanted::read(setting, value)).transpose()?;
        self.ask(Purpose::Circle { to }, Query::Circle { circle });
        Ok(())
    }

    /// A circle as it is now.
    pub(super) fn circle_is(&mut self, circle: Circle, to: Option<Wanted>) {
        match to {
            Some(to) => self.change(Purpose::CircleSet(circle.id), to.change(circle)),
            None => self.notes.push_back(Note::Said(lists::circle(&circle))),
        }
    }
}
