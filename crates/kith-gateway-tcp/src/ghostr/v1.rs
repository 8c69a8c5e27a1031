//! Version 1: fields like `KEY: value;;`, without anything between two messages.

use bytes::Bytes;
use std::collections::BTreeMap;

use super::MESSAGE_MAX;
use super::ask::{Ask, Asked};
use super::login::Logon;
use crate::json::Broken;
use crate::object::split;

/// The most bytes of a message.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// The fields of a message that is not whole yet.
struct Begun {
    kind: String,
    fields: BTreeMap<String, String>,
}

/// Whole messages out of what was pushed. A message is whole once it has the fields that its type asks
/// for, in whatever order.
#[derive(Default)]
pub(crate) struct Fields {
    buffer: Vec<u8>,
    /// How far it was looked at.
    looked: usize,
    begun: Option<Begun>,
    /// The bytes of the message.
    taken: usize,
}

/// The fields that a type of message asks for.
fn needed(kind: &str) -> &'static [&'static str] {
    match kind {
        "LOGON" | "LOGOUT" => &["WHO"],
        "AUTH" => &["WHO", "PASW", "NEW"],
        "MSG" => &["FROM", "TO", "BODY"],
        "BROADCAST" => &["FROM", "BODY"],
        "WHOELSE" => &["FROM"],
        "WHOELSESINCE" => &["WHEN", "FROM"],
        "BLOCK" | "UNBLOCK" => &["WHO", "BLOCKER"],
        "PRIVREQ" => &["TO", "FROM"],
        _ => &[],
    }
}

impl Fields {
    /// Adds what was read.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, if all of it is there.
    ///
    /// # Errors
    /// [`Broken`] when something is missing in a message, or it is too large.
    pub(crate) fn next(&mut self) -> Result<Option<Asked>, Broken> {
        loop {
            let Some(found) = self.field()? else { return Ok(None) };
            let found = String::from_utf8(found).map_err(|_| Broken)?;
            // A value may end with a semicolon: what is left of it stands before the next key.
            let found = found.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
            if found.is_empty() {
                continue;
            }
            let (key, value) = found.split_once(':').ok_or(Broken)?;
            let (key, value) = (key.trim(), value.trim());
            match &mut self.begun {
                None if key == "TYPE" => {
                    let (kind, fields) = (value.to_owned(), BTreeMap::new());
                    self.begun = Some(Begun { kind, fields });
                }
                // What follows a message that is whole already.
                None => {
                    self.taken = 0;
                    continue;
                }
                Some(_) if key == "TYPE" => return Err(Broken),
                Some(begun) => {
                    begun.fields.insert(key.to_owned(), value.to_owned());
                }
            }
            let is_whole = |begun: &mut Begun| {
                needed(&begun.kind).iter().all(|key| begun.fields.contains_key(*key))
            };
            if let Some(begun) = self.begun.take_if(is_whole) {
                self.taken = 0;
                return begun.ask().map(Some).ok_or(Broken);
            }
        }
    }

    /// The next field, without what ends it.
    fn field(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        let behind = self.buffer.get(self.looked..).unwrap_or_default();
        match behind.windows(2).position(|pair| pair == b";;") {
            Some(at) => {
                let rest = self.buffer.split_off(self.looked + at + 2);
                let mut found = std::mem::replace(&mut self.buffer, rest);
                self.taken += found.len();
                found.truncate(found.len() - 2);
                self.looked = 0;
                if self.taken > MESSAGE_BYTES_MAX { Err(Broken) } else { Ok(Some(found)) }
            }
            None => {
                self.looked = self.buffer.len().saturating_sub(1);
                let is_space = self.begun.is_none() && self.buffer.trim_ascii().is_empty();
                if is_space {
                    self.buffer.clear();
                    self.looked = 0;
                }
                if self.taken + self.buffer.len() > MESSAGE_BYTES_MAX {
                    return Err(Broken);
                }
                Ok(None)
            }
        }
    }
}

impl Begun {
    fn ask(mut self) -> Option<Asked> {
        let mut take = |key: &str| self.fields.remove(key).unwrap_or_default();
        let (ask, by) = match self.kind.as_str() {
            "LOGON" => (Ask::Logon { who: take("WHO") }, None),
            "AUTH" => {
                let (who, password) = (take("WHO"), take("PASW"));
                (Ask::Auth { who, password, new: take("NEW") == "1" }, None)
            }
            "LOGOUT" => (Ask::Logout, Some(take("WHO"))),
            "MSG" => (Ask::Message { to: take("TO"), text: take("BODY") }, Some(take("FROM"))),
            "BROADCAST" => (Ask::Broadcast { text: take("BODY") }, Some(take("FROM"))),
            "WHOELSE" => (Ask::WhoElse, Some(take("FROM"))),
            "WHOELSESINCE" => {
                let seconds = take("WHEN").parse().ok()?;
                (Ask::WhoElseSince { seconds }, Some(take("FROM")))
            }
            "BLOCK" => (Ask::Block { who: take("WHO") }, Some(take("BLOCKER"))),
            "UNBLOCK" => (Ask::Unblock { who: take("WHO") }, Some(take("BLOCKER"))),
            "PRIVREQ" => (Ask::StartPrivate { with: take("TO") }, Some(take("FROM"))),
            _ => (Ask::Unknown { action: self.kind }, None),
        };
        Some(Asked { ask, by })
    }
}

/// A value as a client can read it: it ends a value at a second colon, and a field at two semicolons.
fn value(text: &str) -> String {
    let text = text.replace(':', "：").replace(";;", "；；");
    match text.strip_suffix(';') {
        Some(rest) => format!("{rest}；"),
        None => text,
    }
}

/// How many bytes a character takes in a value, at most.
fn cost(c: char) -> usize {
    if matches!(c, ':' | ';') { 3 } else { c.len_utf8() }
}

fn write(fields: &[(&str, &str)]) -> Bytes {
    let mut out = String::new();
    for (key, value) in fields {
        out.push_str(&format!("{key}: {value};;"));
    }
    Bytes::from(out)
}

pub(super) fn logon(logon: Logon) -> Bytes {
    let (ret, new, error) = match logon {
        Logon::Known => ("1", "0", "0"),
        Logon::New => ("1", "1", "0"),
        Logon::Already => ("0", "0", "User already online"),
        Logon::Shut => (
            "0",
            "0",
            "Your account is blocked due to multiple login failures. Please try again later",
        ),
    };
    write(&[("TYPE", "LOGON"), ("RET", ret), ("NEW", new), ("ERR", error)])
}

pub(super) fn auth(is_right: bool, left: u8) -> Bytes {
    let right = if is_right { "1" } else { "0" };
    write(&[("TYPE", "AUTH"), ("PASW", right), ("ATMP", &left.to_string())])
}

pub(super) fn logged_out(who: &str) -> Bytes {
    write(&[("TYPE", "LOGOUT"), ("WHO", who)])
}

/// Somebody came or went.
pub(super) fn presence(who: &str, there: bool) -> Bytes {
    write(&[("TYPE", if there { "LOGGEDIN" } else { "LOGGEDOUT" }), ("WHO", who)])
}

/// A message, as one text or, where it is too long for a client, as several.
pub(super) fn message(from: &str, to: &str, text: &str) -> Vec<Bytes> {
    let one =
        |text: &str| write(&[("TYPE", "MSG"), ("FROM", from), ("TO", to), ("BODY", &value(text))]);
    let room = MESSAGE_MAX - one("").len();
    split(text, room, cost).into_iter().map(one).collect()
}

/// Something did not reach, or not all, for somebody blocks the sender.
pub(super) fn not_delivered(who: &str, blocker: &str, error: &str) -> Bytes {
    blocking("BLOCK", who, blocker, Err(error))
}

/// The answer to blocking and unblocking.
pub(super) fn blocking(kind: &str, who: &str, blocker: &str, done: Result<(), &str>) -> Bytes {
    let (ret, error) = match done {
        Ok(()) => ("1", "0".to_owned()),
        Err(error) => ("0", value(error)),
    };
    // What was asked for comes back, and that may be anything.
    let who = split(who, NAME_BYTES_MAX, cost).into_iter().next().map(value).unwrap_or_default();
    write(&[("TYPE", kind), ("WHO", &who), ("BLOCKER", blocker), ("RET", ret), ("ERR", &error)])
}

/// The most bytes of a name that comes back.
const NAME_BYTES_MAX: usize = 64;

/// As many names as fit.
pub(super) fn names(asker: &str, names: &[String]) -> Bytes {
    let one = |body: &str| write(&[("TYPE", "WHOELSE"), ("FROM", asker), ("BODY", body)]);
    let room = MESSAGE_MAX - one("").len();
    let mut body = String::new();
    for name in names {
        if body.len() + name.len() + 1 > room {
            break;
        }
        if !body.is_empty() {
            body.push('\n');
        }
        body.push_str(name);
    }
    one(&body)
}

/// Where somebody listens, or that nobody does.
pub(super) fn private(to: &str, from: &str, place: Option<(&str, u16)>) -> Bytes {
    let (ret, place) = match place {
        Some((address, port)) => ("1", format!("('{}', {port})", value(address))),
        None => ("0", String::new()),
    };
    let to = split(to, NAME_BYTES_MAX, cost).into_iter().next().map(value).unwrap_or_default();
    write(&[("TYPE", "PRIVREQ"), ("TO", &to), ("FROM", from), ("RET", ret), ("DEST", &place)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that is asked in a text that comes in pieces of so many bytes, and whether it is broken.
    fn read(text: &str, piece: usize) -> (Vec<Asked>, bool) {
        let mut fields = Fields::default();
        let mut all = Vec::new();
        for piece in text.as_bytes().chunks(piece) {
            fields.push(piece);
            loop {
                match fields.next() {
                    Ok(Some(asked)) => all.push(asked),
                    Ok(None) => break,
                    Err(Broken) => return (all, true),
                }
            }
        }
        (all, false)
    }

    fn check(text: &str, expected: &[(Ask, Option<&str>)], broken: bool) {
        for piece in [1, 2, 3, 1000] {
            let (all, is_broken) = read(text, piece);
            let all: Vec<_> = all.iter().map(|one| (one.ask.clone(), one.by.as_deref())).collect();
            assert_eq!((all.as_slice(), is_broken), (expected, broken), "{text:?} by {piece}");
        }
    }

    #[test]
    fn messages_are_found_however_they_are_cut_and_joined() {
        let logon = || (Ask::Logon { who: "ana".to_owned() }, None);
        let message = |text: &str| {
            let ask = Ask::Message { to: "bo".to_owned(), text: text.to_owned() };
            (ask, Some("ana"))
        };
        check("TYPE: LOGON;;WHO: ana;;", &[logon()], false);
        check("TYPE: LOGON;;\nWHO: ana;;\nTYPE: LOGON;;WHO: ana;;", &[logon(), logon()], false);
        check("TYPE:MSG;;FROM:ana;;TO:bo;;BODY:10:30;;", &[message("10:30")], false);
        check("TYPE: MSG;;BODY: x;y;;;FROM: ana;;TO: bo;;", &[message("x;y")], false);
        check(
            "TYPE: MSG;;FROM: ana;;TO: bo;;BODY: ;;MORE: 1;;TYPE: LOGON;;WHO: ana;;",
            &[message(""), logon()],
            false,
        );
        check("TYPE: DANCE;;", &[(Ask::Unknown { action: "DANCE".to_owned() }, None)], false);
        check("TYPE: LOGON;;TYPE: LOGON;;", &[], true);
        check("TYPE: LOGON;;WHO;;", &[], true);
        check("TYPE: WHOELSESINCE;;WHEN: soon;;FROM: ana;;", &[], true);
    }

    #[test]
    fn size_has_an_end() {
        let long =
            |bytes: usize| format!("TYPE: BROADCAST;;FROM: ana;;BODY: {};;", "x".repeat(bytes));
        assert_eq!(read(&long(60_000), 1000).0.len(), 1);
        assert!(read(&long(MESSAGE_BYTES_MAX), 1000).1);
        assert!(read(&"x".repeat(MESSAGE_BYTES_MAX + 1), 1000).1);
        let many = format!("TYPE: MSG;;{}", "A: 1;;".repeat(20_000));
        assert!(read(&many, 1000).1, "fields that nobody asked for");
    }

    #[test]
    fn a_client_reads_what_was_written() {
        for text in ["10:30", "a;;b", "a;", ";;;:", &"é:".repeat(1000)] {
            for written in message("ana", "bo", text) {
                assert!(written.len() <= MESSAGE_MAX);
                let written = std::str::from_utf8(&written).unwrap();
                let fields: Vec<&str> = written.split(";;").collect();
                assert_eq!(fields.len(), 5, "{written}");
                assert!(fields[..4].iter().all(|field| field.split(':').count() == 2), "{written}");
            }
        }
        let many: Vec<String> = (0..100).map(|n| format!("somebody.{n}")).collect();
        assert!(names("ana", &many).len() <= MESSAGE_MAX);
    }
}
