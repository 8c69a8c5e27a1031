//! Private sessions as this client knows them: with whom, how far they are, and what was said in them,
//! which is nowhere else.

mod heard;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use kith_core::document::User;
use kith_core::id::{Timestamp, UserId};
use kith_core::text::MessageText;
use kith_private::Way;
use kith_private::event::Event;
use kith_private::handshake::SessionId;
use kith_private::peers::Trust;

use super::then::Then;
use super::{Model, Note, Wish};
use crate::command::PrivateAction;
use crate::home::home;

/// Lines that are held of what was said with one user.
const LINES_MAX: usize = 1000;
/// Users with whom what was said is held.
const USERS_MAX: usize = 32;
/// For so long somebody is shown as typing who was told of once, and the pause between two words of it.
const TYPING_MS: u64 = 6000;
const TYPING_AGAIN_MS: u64 = 3000;

/// Something to be done in private sessions.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum PrivateWish {
    /// Be reached, unless one is already.
    Reach,
    Invite(UserId, Way),
    Accept(SessionId, UserId, Way),
    End(SessionId),
    Say(SessionId, UserId, MessageText),
    Typing(SessionId),
    SendFile(SessionId, UserId, PathBuf),
    TakeFile(SessionId, UserId, u32, PathBuf),
    RefuseFile(SessionId, UserId, u32),
    Verify(SessionId, UserId),
    /// End whatever there is: the user is blocked.
    Block(UserId),
}

/// What came of it, or by itself.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum PrivateCame {
    Event(Event),
    Invited(UserId, SessionId),
    Offered(UserId, u32, PathBuf),
    Verified(UserId),
    /// Something was not done, and why; nobody's where it is about all.
    Refused(Option<UserId>, String),
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// We invited, and wait for an answer.
    Inviting,
    /// We were invited, and have not answered.
    Invited,
    /// Both want to, and the devices look for a way.
    Connecting,
    /// What is said arrives.
    Connected,
    /// It is over.
    Over,
}

impl Stage {
    /// What it is called.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Inviting => "waiting for an answer",
            Self::Invited => "an invitation to you",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Over => "over",
        }
    }
}

/// A line of what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateLine {
    /// When, by the clock of this machine.
    pub at: Timestamp,
    /// By whom; nobody where it is a word about the session.
    pub by: Option<UserId>,
    /// What.
    pub text: String,
}

/// What there is with one user.
#[derive(Debug)]
pub struct PrivateTalk {
    user: UserId,
    id: Option<SessionId>,
    stage: Stage,
    trust: Option<Trust>,
    lines: VecDeque<PrivateLine>,
    typing_until: Option<Timestamp>,
    typed_at: Timestamp,
    /// Files that are offered to us, by number: the name and the bytes.
    offered: BTreeMap<u32, (String, u64)>,
    /// Files of ours, by number.
    ours: BTreeMap<u32, String>,
    /// How far files are that one was told of, in tenths.
    told: BTreeMap<(bool, u32), u64>,
}

impl PrivateTalk {
    fn new(user: UserId) -> Self {
        Self {
            user,
            id: None,
            stage: Stage::Over,
            trust: None,
            lines: VecDeque::new(),
            typing_until: None,
            typed_at: Timestamp(0),
            offered: BTreeMap::new(),
            ours: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    /// How far it is.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// What was said, the oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &PrivateLine> {
        self.lines.iter()
    }

    /// Whether it is known who is on the other side: two people compared the words.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.trust == Some(Trust::Verified)
    }

    /// The mark that is shown with whatever is said.
    #[must_use]
    pub fn mark(&self) -> &'static str {
        match self.trust {
            Some(Trust::Verified) => "verified",
            Some(Trust::Changed) => "NOT VERIFIED, ANOTHER DEVICE",
            Some(Trust::First | Trust::Known) => "not verified",
            None => "not agreed yet",
        }
    }

    /// Whether the other side is typing.
    #[must_use]
    pub fn is_typing(&self) -> bool {
        self.typing_until.is_some()
    }

    /// A session begins anew: what was said before stays.
    fn begin(&mut self, id: Option<SessionId>, stage: Stage) {
        (self.id, self.stage, self.trust, self.typing_until) = (id, stage, None, None);
        self.offered.clear();
        self.ours.clear();
        self.told.clear();
    }
}

impl Model {
    /// What there is with a user.
    #[must_use]
    pub fn private(&self, user: UserId) -> Option<&PrivateTalk> {
        self.privates.get(&user)
    }

    /// The user is writing to another privately.
    pub fn is_typing_privately(&mut self, user: UserId) {
        let now = self.now;
        let Some(talk) = self.privates.get_mut(&user) else { return };
        if let Some(id) = talk.id.filter(|_| talk.stage == Stage::Connected)
            && now.since_ms(talk.typed_at) >= TYPING_AGAIN_MS
        {
            talk.typed_at = now;
            self.wish_privately(PrivateWish::Typing(id));
        }
    }

    fn wish_privately(&mut self, wish: PrivateWish) {
        self.wishes.push_back(Wish::Private(Box::new(wish)));
    }

    /// Wants to be reached by those whom the user meets.
    pub(super) fn reach_privately(&mut self) {
        self.wish_privately(PrivateWish::Reach);
    }

    /// The user was blocked.
    pub(super) fn end_privately(&mut self, user: UserId) {
        self.wish_privately(PrivateWish::Block(user));
    }

    /// Somebody is shown as typing no longer; whether there was anyone.
    pub(super) fn forget_private_typing(&mut self, now: Timestamp) -> bool {
        let mut changed = false;
        for talk in self.privates.values_mut() {
            if talk.typing_until.is_some_and(|until| until <= now) {
                talk.typing_until = None;
                changed = true;
            }
        }
        changed
    }

    /// Holds a line, and shows it.
    fn private_line(&mut self, user: UserId, by: Option<UserId>, text: impl Into<String>) {
        let line = PrivateLine { at: self.now, by, text: text.into() };
        let Some(talk) = self.privates.get_mut(&user) else { return };
        if talk.lines.len() >= LINES_MAX {
            talk.lines.pop_front();
        }
        talk.lines.push_back(line.clone());
        let mark = talk.mark();
        self.notes.push_back(Note::Private { user, mark, line });
    }

    fn private_talk(&mut self, user: UserId) -> &mut PrivateTalk {
        if self.privates.len() >= USERS_MAX && !self.privates.contains_key(&user) {
            let is_over = |(_, talk): &(&UserId, &PrivateTalk)| talk.stage == Stage::Over;
            if let Some(old) = self.privates.iter().find(is_over).map(|(user, _)| *user) {
                self.privates.remove(&old);
            }
        }
        self.people.want(user);
        self.privates.entry(user).or_insert_with(|| PrivateTalk::new(user))
    }

    /// The user of a name with whom there is something; the only one without a name.
    fn private_of(&self, name: &str) -> Result<(UserId, SessionId, Stage), String> {
        let is = |talk: &&PrivateTalk| {
            self.people.name(talk.user).eq_ignore_ascii_case(name) || talk.user.to_string() == name
        };
        let found = self.privates.values().find(is);
        match found.and_then(|talk| Some((talk, talk.id?))) {
            Some((talk, id)) if talk.stage != Stage::Over => Ok((talk.user, id, talk.stage)),
            Some((PrivateTalk { stage: Stage::Inviting, .. }, _)) | None
                if found.is_some_and(|talk| talk.stage == Stage::Inviting) =>
            {
                Err(format!("the invitation of {name} is on its way: wait for it"))
            }
            _ => Err(format!(
                "there is no private session with {name}: `startprivate {name}` invites them"
            )),
        }
    }

    /// Does what the user wants in private sessions.
    pub(super) fn act_privately(&mut self, action: PrivateAction) -> Result<(), String> {
        match action {
            PrivateAction::Start { user, direct } => {
                self.find_user(user, Then::Private(way(direct)));
            }
            PrivateAction::Accept { user, direct } => {
                let (user, id, stage) = self.private_of(&user)?;
                if stage != Stage::Invited {
                    return Err("there is no invitation to accept".to_owned());
                }
                self.wish_privately(PrivateWish::Accept(id, user, way(direct)));
                self.notes.push_back(Note::Privately(user));
            }
            PrivateAction::Say { user, text: None } => {
                let (user, ..) = self.private_of(&user)?;
                self.notes.push_back(Note::Privately(user));
            }
            PrivateAction::Say { user, text: Some(text) } => {
                let (user, id, stage) = self.private_of(&user)?;
                if !matches!(stage, Stage::Connecting | Stage::Connected) {
                    return Err(format!("nothing can be said yet: {}", stage.word()));
                }
                let text = MessageText::parse(&text).map_err(|refusal| refusal.to_string())?;
                let me = self.me.id;
                self.private_line(user, Some(me), text.as_str());
                self.wish_privately(PrivateWish::Say(id, user, text));
            }
            PrivateAction::Stop { user } => {
                let (_, id, _) = self.private_of(&user)?;
                self.wish_privately(PrivateWish::End(id));
            }
            PrivateAction::SendFile { user, path } => {
                let (user, id, _) = self.private_of(&user)?;
                self.wish_privately(PrivateWish::SendFile(id, user, home(&path)));
            }
            PrivateAction::TakeFile { user, file, path } => {
                let (user, id, _) = self.private_of(&user)?;
                let number = u32::try_from(file).unwrap_or(u32::MAX);
                let offered = self.privates.get(&user).and_then(|talk| talk.offered.get(&number));
                let (name, _) = offered.ok_or_else(|| format!("there is no file {file}"))?;
                let path = match path {
                    // Into a directory it goes under its own name.
                    Some(path) if path.ends_with(std::path::is_separator) => home(&path).join(name),
                    Some(path) => home(&path),
                    None => self.downloads.join(name),
                };
                self.wish_privately(PrivateWish::TakeFile(id, user, number, path));
            }
            PrivateAction::RefuseFile { user, file } => {
                let (user, id, _) = self.private_of(&user)?;
                let file = u32::try_from(file).unwrap_or(u32::MAX);
                self.wish_privately(PrivateWish::RefuseFile(id, user, file));
            }
            PrivateAction::Verify { user } => {
                let (user, id, _) = self.private_of(&user)?;
                self.wish_privately(PrivateWish::Verify(id, user));
            }
            PrivateAction::List => {
                let line = |talk: &PrivateTalk| {
                    let name = self.people.name(talk.user);
                    format!("{name}: {}, {}", talk.stage.word(), talk.mark())
                };
                let mut lines: Vec<String> = self.privates.values().map(line).collect();
                if lines.is_empty() {
                    lines.push("there are no private sessions".to_owned());
                }
                self.notes.push_back(Note::Said(lines));
            }
        }
        Ok(())
    }

    /// Invites a user who was found.
    pub(super) fn invite_privately(&mut self, of: &User, way: Way) {
        let user = of.id;
        let open = self.privates.get(&user).map(|talk| talk.stage);
        match open {
            Some(Stage::Invited) => {
                let name = &of.name;
                self.wrong(format!("{name} invites you: `acceptprivate {name}` accepts it"));
            }
            Some(Stage::Inviting | Stage::Connecting | Stage::Connected) => {
                self.notes.push_back(Note::Privately(user));
            }
            Some(Stage::Over) | None => {
                self.private_talk(user).begin(None, Stage::Inviting);
                self.wish_privately(PrivateWish::Invite(user, way));
            }
        }
    }
}

fn way(direct: bool) -> Way {
    if direct { Way::Direct } else { Way::Relayed }
}
