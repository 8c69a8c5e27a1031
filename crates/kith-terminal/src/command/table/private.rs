//! Commands for private sessions.

use super::super::PrivateAction;
use super::super::key::Pane::Anywhere;
use super::{Action, Entry, Group, Kind, Mode, Values, arg, maybe};

const USER: super::Arg = arg("USER", Kind::User);

pub(super) static SECRETS: &[Entry] = &[
    Entry {
        name: "startprivate",
        aliases: &[],
        args: &[USER, maybe("direct", Kind::Direct)],
        about: "Invites a user to a private session, device to device; `direct` shows them your address.",
        group: Group::Private,
        mode: Mode::Both,
        keys: &[(Anywhere, "ctrl-x x")],
        make: |v: &Values| {
            let direct = v.maybe(1).is_some();
            Action::Private(PrivateAction::Start { user: v.text(0), direct })
        },
    },
    Entry {
        name: "acceptprivate",
        aliases: &[],
        args: &[USER, maybe("direct", Kind::Direct)],
        about: "Accepts the invitation of a user; `direct` shows them your address.",
        group: Group::Private,
        mode: Mode::Both,
        keys: &[(Anywhere, "ctrl-x A")],
        make: |v: &Values| {
            let direct = v.maybe(1).is_some();
            Action::Private(PrivateAction::Accept { user: v.text(0), direct })
        },
    },
    Entry {
        name: "private",
        aliases: &[],
        args: &[USER, maybe("TEXT", Kind::Text)],
        about: "Says something in a private session; without a text, shows it.",
        group: Group::Private,
        mode: Mode::Both,
        keys: &[(Anywhere, "ctrl-x V")],
        make: |v: &Values| {
            Action::Private(PrivateAction::Say { user: v.text(0), text: v.maybe(1) })
        },
    },
    Entry {
        name: "stopprivate",
        aliases: &[],
        args: &[USER],
        about: "Ends a private session, takes an invitation back, or refuses one.",
        group: Group::Private,
        mode: Mode::Both,
        keys: &[(Anywhere, "ctrl-x E")],
        make: |v: &Values| Action::Private(PrivateAction::Stop { user: v.text(0) }),
    },
    Entry {
        name: "verify",
        aliases: &[],
        args: &[USER],
        about: "Says that you compared the words with a user, and they were the same.",
        group: Group::Private,
        mode: Mode::Both,
        keys: &[(Anywhere, "ctrl-x Y")],
        make: |v: &Values| Action::Private(PrivateAction::Verify { user: v.text(0) }),
    },
    Entry {
        name: "sendfile",
        aliases: &[],
        args: &[USER, arg("FILE", Kind::File)],
        about: "Offers a file in a private session.",
        group: Group::Private,
        mode: Mode::Both,
        keys: &[(Anywhere, "ctrl-x O")],
        make: |v: &Values| {
            Action::Private(PrivateAction::SendFile { user: v.text(0), path: v.text(1) })
        },
    },
    Entry {
        name: "takefile",
        aliases: &[],
        args: &[USER, arg("NUMBER", Kind::Number), maybe("FILE", Kind::File)],
        about: "Takes a file that is offered, and keeps it under its name or as FILE.",
        group: Group::Private,
        mode: Mode::Both,
        keys: &[(Anywhere, "ctrl-x H")],
        make: |v: &Values| {
            let (user, file, path) = (v.text(0), v.number(1).unwrap_or_default(), v.maybe(2));
            Action::Private(PrivateAction::TakeFile { user, file, path })
        },
    },
    Entry {
        name: "refusefile",
        aliases: &[],
        args: &[USER, arg("NUMBER", Kind::Number)],
        about: "Does not take a file, takes it no longer, or takes one of yours back.",
        group: Group::Private,
        mode: Mode::Both,
        keys: &[(Anywhere, "ctrl-x R")],
        make: |v: &Values| {
            let (user, file) = (v.text(0), v.number(1).unwrap_or_default());
            Action::Private(PrivateAction::RefuseFile { user, file })
        },
    },
    Entry {
        name: "privates",
        aliases: &[],
        args: &[],
        about: "Lists the private sessions.",
        group: Group::Private,
        mode: Mode::Both,
        keys: &[(Anywhere, "ctrl-x Z")],
        make: |_| Action::Private(PrivateAction::List),
    },
];
