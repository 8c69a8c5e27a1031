//! Version 2: objects with an `action`.

use bytes::Bytes;
use serde_json::{Map, Value as Json, json};

use super::MESSAGE_MAX;
use super::ask::Ask;
use super::login::Refused;
use crate::object::{beginning, length, object, pieces};

/// The most bytes of an action that nobody knows in the answer to it.
const ACTION_BYTES_MAX: usize = 256;

/// Reads what a client asks; `None` if something is missing in it.
pub(crate) fn read(object: &Map<String, Json>) -> Option<Ask> {
    let text = |name: &str| object.get(name)?.as_str().map(str::to_owned);
    Some(match text("action")?.as_str() {
        "login" => Ask::Login {
            name: text("username")?,
            password: text("password")?,
            port: object.get("private_port").and_then(port),
        },
        "logout" => Ask::Logout,
        "message" => Ask::Message { to: text("user")?, text: text("message")? },
        "broadcast" => Ask::Broadcast { text: text("message")? },
        "block" => Ask::Block { who: text("user")? },
        "unblock" => Ask::Unblock { who: text("user")? },
        "whoelse" => Ask::WhoElse,
        "whoelsesince" => Ask::WhoElseSince { seconds: seconds(object.get("since")?)? },
        "startprivate" => Ask::StartPrivate { with: text("user")? },
        action => Ask::Unknown { action: action.to_owned() },
    })
}

/// A port as a number or in digits, if it can be one.
fn port(value: &Json) -> Option<u16> {
    let number = match value {
        Json::String(text) => text.trim().parse().ok()?,
        other => other.as_u64()?,
    };
    u16::try_from(number).ok().filter(|port| *port > 0)
}

fn seconds(value: &Json) -> Option<u64> {
    match value {
        Json::String(text) => text.trim().parse().ok(),
        Json::Number(number) => {
            let whole = number.as_u64();
            // What is below zero is nothing, and what is between two numbers the lower.
            whole.or_else(|| number.as_f64().map(|seconds| seconds.max(0.0) as u64))
        }
        _ => None,
    }
}

fn answer(action: &str, member: &str, value: Json) -> Bytes {
    object(&[("action", Json::from(action)), (member, value)])
}

/// The answer of those actions that have a status.
pub(super) fn status(action: &str, status: &str) -> Bytes {
    answer(action, "status", Json::from(status))
}

pub(super) fn refused(refused: Refused) -> Bytes {
    status(
        "login",
        match refused {
            Refused::Already => "ALREADY_LOGGED_IN",
            Refused::Shut => "BLOCKED",
            Refused::Wrong => "INVALID_PASSWORD",
            Refused::WrongAndShut => "INVALID_PASSWORD_BLOCKED",
        },
    )
}

pub(super) fn welcome(is_new: bool) -> Bytes {
    status("login", if is_new { "USERNAME_NOT_EXIST" } else { "SUCCESS" })
}

pub(super) fn logged_out(was_in: bool) -> Bytes {
    let reply = if was_in { "logged out" } else { NOT_LOGGED_IN };
    answer("logout", "reply", Json::from(reply))
}

pub(super) fn timeout() -> Bytes {
    object(&[("action", json!("timeout"))])
}

const NOT_LOGGED_IN: &str = "You are not logged in";

/// The answer to whoever has not signed in.
pub(super) fn not_logged_in(ask: &Ask) -> Option<Bytes> {
    let status = |action: &str| Some(status(action, "NOT_LOGGED_IN"));
    let reply = |action: &str| Some(answer(action, "reply", Json::from(NOT_LOGGED_IN)));
    match ask {
        Ask::Message { .. } => status("message"),
        Ask::Block { .. } => status("block"),
        Ask::Unblock { .. } => status("unblock"),
        Ask::Logout => Some(logged_out(false)),
        Ask::Broadcast { .. } => reply("broadcast"),
        Ask::WhoElse => reply("whoelse"),
        Ask::WhoElseSince { .. } => reply("whoelsesince"),
        Ask::StartPrivate { .. } => reply("startprivate"),
        Ask::Unknown { action } => Some(unknown(action)),
        Ask::Login { .. } | Ask::Logon { .. } | Ask::Auth { .. } => None,
    }
}

pub(super) fn unknown(action: &str) -> Bytes {
    answer(beginning(action, ACTION_BYTES_MAX), "reply", json!("Unknown action"))
}

/// How many a broadcast reached, and how many block the sender.
pub(super) fn counted(sent: usize, blocked: usize) -> Bytes {
    object(&[
        ("action", json!("broadcast")),
        ("n_sent", Json::from(sent)),
        ("n_blocked", Json::from(blocked)),
    ])
}

/// As many names as fit.
pub(super) fn names(action: &str, names: &[String]) -> Bytes {
    let mut room = MESSAGE_MAX - answer(action, "reply", json!([])).len();
    let fits = |name: &&String| {
        let cost = length(name) + r#""", "#.len();
        let fits = cost <= room;
        room = room.saturating_sub(cost);
        fits
    };
    let names: Vec<&String> = names.iter().take_while(fits).collect();
    answer(action, "reply", json!(names))
}

/// Why two are not brought together.
pub(super) fn no_private(reply: &str) -> Bytes {
    answer("startprivate", "reply", Json::from(reply))
}

/// Where somebody listens.
pub(super) fn private(address: &str, port: u16, username: &str) -> Bytes {
    object(&[
        ("action", json!("startprivate")),
        ("reply", json!("SUCCESS")),
        ("address", Json::from(address)),
        ("port", Json::from(port)),
        ("username", Json::from(username)),
    ])
}

/// What somebody said, or that somebody came or went, as one object or, where a text is too long for a
/// client, as several.
pub(super) fn heard(action: &str, from: &str, text: &str) -> Vec<Bytes> {
    let one = |text: &str| {
        object(&[
            ("action", Json::from(action)),
            ("from", Json::from(from)),
            ("message", Json::from(text)),
        ])
    };
    let room = MESSAGE_MAX - one("").len();
    pieces(text, room).into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_seconds_are_read_as_numbers_and_as_texts() {
        for (value, expected) in [
            (json!(50001), Some(50001)),
            (json!("50001"), Some(50001)),
            (json!(0), None),
            (json!(65536), None),
            (json!("x"), None),
            (json!(null), None),
        ] {
            assert_eq!(port(&value), expected, "{value}");
        }
        for (value, expected) in [
            (json!("60"), Some(60)),
            (json!(3600), Some(3600)),
            (json!(2.5), Some(2)),
            (json!(-1), Some(0)),
            (json!("soon"), None),
            (json!([]), None),
        ] {
            assert_eq!(seconds(&value), expected, "{value}");
        }
    }

    #[test]
    fn whatever_is_told_fits_into_one_read() {
        let many: Vec<String> = (0..100).map(|n| format!("somebody.{n}")).collect();
        let told = names("whoelsesince", &many);
        assert!(told.len() <= MESSAGE_MAX && told.len() > MESSAGE_MAX - 30, "{}", told.len());
        let text = "é\"x".repeat(1000);
        let all = heard("receive_broadcast", &"x".repeat(32), &text);
        assert!(all.iter().all(|one| one.len() <= MESSAGE_MAX) && all.len() > 8);
        assert!(unknown(&"é".repeat(1000)).len() <= MESSAGE_MAX);
    }
}
