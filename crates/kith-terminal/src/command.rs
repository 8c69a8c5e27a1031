//! What can be done: one table of commands, from which parsing, completion, help and keys follow.

pub mod help;
pub mod key;
pub mod nearest;
pub mod parse;
pub mod table;
pub(crate) mod words;

use kith_core::id::Seq;

use crate::images::Images;
use crate::theme::ThemeName;

/// Something to do. Whoever it is about is named as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table of commands says it")]
pub enum Action {
    // Talking.
    Say { text: String },
    Message { user: String, text: String },
    Broadcast { text: String },
    Reply { message: Option<Seq>, text: String },
    Thread { message: Option<Seq> },
    Edit { message: Option<Seq>, text: Option<String> },
    Delete { message: Option<Seq> },
    React { message: Option<Seq>, emoji: String },
    Unreact { message: Option<Seq>, emoji: String },
    Pin { message: Option<Seq>, pinned: bool },
    Pins,
    Attach { files: Vec<String>, text: Option<String> },
    Download { message: Option<Seq>, directory: Option<String> },
    Retry,
    Discard,
    // Going.
    Go { place: String },
    Next { step: isize },
    NextUnread,
    Back,
    Circles,
    Streams,
    Unread,
    // Reading.
    Older { count: Option<u64> },
    Newer { count: Option<u64> },
    Latest,
    Oldest,
    Read,
    Find { text: Option<String> },
    Jump { message: Seq },
    Search { text: Option<String> },
    Open { number: u64 },
    // People.
    WhoElse,
    WhoElseSince { seconds: u64 },
    Members,
    WhoIs { user: String },
    Block { user: String },
    Unblock { user: String },
    Blocks,
    Away,
    Here,
    // Circles.
    Join { to: String },
    Leave,
    Circle { setting: Option<CircleSetting>, value: Option<String> },
    NewCircle { name: String },
    NewStream { name: String },
    NewGroup { users: String },
    LeaveGroup,
    Invite { seconds: Option<u64> },
    Nick { name: Option<String> },
    Kick { user: String, reason: Option<String> },
    Ban { user: String, reason: Option<String> },
    Unban { user: String },
    TimeOut { user: String, seconds: u64, reason: Option<String> },
    // Private sessions.
    Private(PrivateAction),
    // Services.
    Services,
    Call { name: String, text: String },
    // The program.
    Help { command: Option<String> },
    Quit,
    LogOut,
    Screen(ScreenAction),
}

/// Something to do in private sessions. Users are named as they were typed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table of commands says it")]
pub enum PrivateAction {
    Start { user: String, direct: bool },
    Accept { user: String, direct: bool },
    Say { user: String, text: Option<String> },
    Stop { user: String },
    Verify { user: String },
    SendFile { user: String, path: String },
    TakeFile { user: String, file: u64, path: Option<String> },
    RefuseFile { user: String, file: u64 },
    List,
}

/// Something that only the whole screen has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table of commands says it")]
pub enum ScreenAction {
    Keys,
    Switch,
    SideBar,
    MemberList,
    Theme(ThemeName),
    Notify(Notify),
    Images(Images),
    Mouse,
    Redraw,
    Suspend,
    Complete,
    Cancel,
    Send,
    NewLine,
    Select(isize),
    HistoryUp,
    HistoryDown,
    Copy,
}

/// A thing of a circle that can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CircleSetting {
    /// What it is called.
    Name,
    /// What it is about.
    About,
    /// Whether anyone may join it.
    Public,
    /// After how long members who do nothing are idle.
    Idle,
}

impl CircleSetting {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 4] = [
        ("name", Self::Name),
        ("about", Self::About),
        ("public", Self::Public),
        ("idle", Self::Idle),
    ];

    /// The one of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(of, _)| *of == name).map(|(_, setting)| *setting)
    }
}

/// How one is told of what one did not see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notify {
    /// Not at all.
    Off,
    /// By the bell of the terminal.
    #[default]
    Bell,
    /// By the terminal's own notices on the desktop, and the bell.
    Desktop,
}

impl Notify {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 3] =
        [("off", Self::Off), ("bell", Self::Bell), ("desktop", Self::Desktop)];

    /// The one of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(of, _)| *of == name).map(|(_, notify)| *notify)
    }
}
