//! What is told of private sessions.

use kith_core::id::UserId;
use kith_private::event::{Event, What};
use kith_private::handshake::SessionId;
use kith_private::peers::Trust;
use kith_private::signal::End;

use super::super::{Model, Note};
use super::{PrivateCame, Stage, TYPING_MS};

impl Model {
    /// Something came.
    pub(in crate::model) fn private_came(&mut self, came: PrivateCame) {
        match came {
            PrivateCame::Event(event) => self.private_event(event),
            PrivateCame::Invited(user, id) => {
                let talk = self.private_talk(user);
                // Another invitation may have crossed it.
                if talk.id.is_none() {
                    talk.begin(Some(id), Stage::Inviting);
                    let name = self.people.name(user);
                    self.private_line(user, None, format!("{name} is invited"));
                    self.notes.push_back(Note::Privately(user));
                }
            }
            PrivateCame::Offered(user, file, path) => {
                let name = path.display().to_string();
                self.private_talk(user).ours.insert(file, name.clone());
                self.private_line(user, None, format!("your file {file} is offered: {name}"));
            }
            PrivateCame::Verified(user) => {
                self.private_talk(user).trust = Some(Trust::Verified);
                self.private_line(user, None, "verified: the words were the same");
            }
            PrivateCame::Refused(user, why) => {
                if let Some(talk) = user.and_then(|user| self.privates.get_mut(&user))
                    && talk.id.is_none()
                {
                    talk.stage = Stage::Over;
                }
                self.wrong(why);
            }
        }
    }

    fn private_event(&mut self, Event { id, what }: Event) {
        let user = what.user().or_else(|| self.user_of(id));
        let Some(user) = user else { return };
        let name = self.people.name(user);
        match what {
            What::Invited { .. } => {
                self.private_talk(user).begin(Some(id), Stage::Invited);
                let text = format!(
                    "{name} invites you to a private session: `acceptprivate {name}`, or \
                     `stopprivate {name}` refuses it"
                );
                return self.private_line(user, None, text);
            }
            // Of two invitations that cross, the other one may stand.
            What::Accepted { .. } => {
                self.private_talk(user).begin(Some(id), Stage::Connecting);
                return self.private_line(user, None, "both want to: the devices connect");
            }
            _ => {}
        }
        if self.user_of(id) != Some(user) {
            return;
        }
        self.private_told(user, what);
    }

    fn user_of(&self, id: SessionId) -> Option<UserId> {
        let found = self.privates.iter().find(|(_, talk)| talk.id == Some(id));
        found.map(|(user, _)| *user)
    }

    fn private_told(&mut self, user: UserId, what: What) {
        let name = self.people.name(user);
        let now = self.now;
        let talk = self.private_talk(user);
        let text = match what {
            What::Invited { .. } | What::Accepted { .. } => return,
            What::Ringing { devices: 1 } => "the invitation is shown on their device".to_owned(),
            What::Ringing { devices } => {
                format!("the invitation is shown on {devices} of their devices")
            }
            What::Agreed { words, trust, .. } => {
                talk.trust = Some(trust);
                let text = format!("words: {words}");
                self.private_line(user, None, text);
                if trust != Trust::Verified {
                    let text = format!(
                        "{}. Compare the words, by voice or face to face; if they are the same, \
                         `verify {name}` says so",
                        trust.sentence()
                    );
                    return self.private_line(user, None, text);
                }
                trust.sentence().to_owned()
            }
            What::Connected => {
                talk.stage = Stage::Connected;
                "connected".to_owned()
            }
            What::Disconnected => {
                talk.stage = Stage::Connecting;
                "the connection was lost: another is made".to_owned()
            }
            What::Message { text } => {
                talk.typing_until = None;
                let text = text.as_str().to_owned();
                return self.private_line(user, Some(user), text);
            }
            What::Typing => {
                talk.typing_until = Some(now.plus_ms(TYPING_MS));
                return;
            }
            What::Offered { file, name: of, size } => {
                talk.offered.insert(file, (of.clone(), size));
                format!(
                    "file {file} is offered: {of}, {}. `takefile {name} {file}` takes it, \
                     `refusefile {name} {file}` does not",
                    bytes(size)
                )
            }
            What::Progress { file, ours, bytes: done, size } => {
                let tenths = (done * 10).checked_div(size).unwrap_or(10);
                let before = talk.told.insert((ours, file), tenths);
                // At the end it is told that it is whole.
                if tenths == 10 || before == Some(tenths) || tenths == 0 {
                    return;
                }
                let whose = if ours { "your file" } else { "file" };
                format!("{whose} {file}: {} of {}", bytes(done), bytes(size))
            }
            What::Whole { file, path: Some(path) } => {
                talk.offered.remove(&file);
                format!("file {file} is kept as {}", path.display())
            }
            What::Whole { file, path: None } => match talk.ours.remove(&file) {
                Some(of) => format!("your file {file} arrived: {of}"),
                None => format!("your file {file} arrived"),
            },
            What::Dropped { file, ours, why } => {
                let whose = if ours { "your file" } else { "file" };
                talk.told.remove(&(ours, file));
                format!("{whose} {file}: {why}")
            }
            What::Ended { why, .. } => {
                talk.stage = Stage::Over;
                talk.id = None;
                if why == End::Crossed {
                    return;
                }
                format!("over: {}", why.sentence())
            }
        };
        self.private_line(user, None, text);
    }
}

/// A size for a person.
fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} bytes"),
        1_000..1_000_000 => format!("{} kB", count / 1_000),
        1_000_000..1_000_000_000 => format!("{}.{} MB", count / 1_000_000, count / 100_000 % 10),
        _ => format!("{}.{} GB", count / 1_000_000_000, count / 100_000_000 % 10),
    }
}
