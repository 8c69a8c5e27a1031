//! Finds circles, streams and users by name or id.

use kith_client::Client;
use kith_core::command::Command;
use kith_core::document::{Home, User};
use kith_core::id::{CircleId, StreamId, UserId};
use kith_proto::query::{Answer, CircleWindow, Query, StreamWindow, Window};

use crate::failure::Failure;

/// The user's circles, streams and conversations.
pub(crate) async fn window(client: &Client) -> Result<Window, Failure> {
    match client.query(Query::Window {}).await? {
        Answer::Window(window) => Ok(window),
        _ => Err(unexpected()),
    }
}

/// An answer to another question than was asked.
pub(crate) fn unexpected() -> Failure {
    Failure::Local("the server gave an answer that does not fit the question".to_owned())
}

pub(crate) fn is(wanted: &str, name: &str, id: &impl ToString) -> bool {
    wanted == id.to_string() || wanted.to_lowercase() == name.to_lowercase()
}

/// The one that was found, or a failure that says what to do.
pub(crate) fn only<T>(kind: &str, wanted: &str, found: Vec<(String, T)>) -> Result<T, Failure> {
    let ids: Vec<String> = found.iter().map(|(id, _)| id.clone()).collect();
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some((_, one)), None) => Ok(one),
        (None, _) => Err(Failure::Usage(format!("you have no {kind} {wanted:?}"))),
        (Some(_), Some(_)) => {
            let ids = ids.join(", ");
            Err(Failure::Usage(format!("{wanted:?} is the name of several; say which: {ids}")))
        }
    }
}

/// The circle of a name or id.
pub(crate) fn circle<'a>(window: &'a Window, wanted: &str) -> Result<&'a CircleWindow, Failure> {
    let found =
        window.circles.iter().filter(|of| is(wanted, of.circle.name.as_str(), &of.circle.id));
    only("circle", wanted, found.map(|of| (of.circle.id.to_string(), of)).collect())
}

/// A circle as it is now.
pub(crate) async fn circle_now(client: &Client, circle: CircleId) -> Result<CircleWindow, Failure> {
    match client.query(Query::Circle { circle }).await? {
        Answer::Circle(of) => Ok(of),
        _ => Err(unexpected()),
    }
}

/// The circle of `CIRCLE/NAME`, and the name in it.
pub(crate) fn within<'a, 'b>(
    window: &'a Window,
    wanted: &'b str,
) -> Result<(&'a CircleWindow, &'b str), Failure> {
    let mut found = Vec::new();
    for of in &window.circles {
        // Names may have slashes in them, so every one of them may be the one between.
        for (at, _) in wanted.match_indices('/') {
            if is(&wanted[..at], of.circle.name.as_str(), &of.circle.id) {
                found.push((of.circle.id.to_string(), (of, &wanted[at + 1..])));
            }
        }
    }
    only("circle that begins", wanted, found)
}

/// The stream of a circle by its name or id.
pub(crate) fn within_circle<'a>(
    circle: &'a CircleWindow,
    wanted: &str,
) -> Result<&'a StreamWindow, Failure> {
    let named = circle.streams.iter().filter(|of| {
        let name = of.stream.name.as_ref().map(ToString::to_string).unwrap_or_default();
        is(wanted, &name, &of.stream.id)
    });
    only("stream", wanted, named.map(|of| (of.stream.id.to_string(), of)).collect())
}

/// The stream of `CIRCLE/STREAM`, of an id, or of the name of a group.
pub(crate) fn stream<'a>(window: &'a Window, wanted: &str) -> Result<&'a StreamWindow, Failure> {
    let name = |of: &StreamWindow| of.stream.name.as_ref().map(ToString::to_string);
    let mut found: Vec<(String, &StreamWindow)> = Vec::new();
    for circle in &window.circles {
        for stream in &circle.streams {
            // Names may have slashes in them, so every one of them may be the one between.
            let named = wanted.match_indices('/').any(|(at, _)| {
                is(&wanted[..at], circle.circle.name.as_str(), &circle.circle.id)
                    && is(&wanted[at + 1..], &name(stream).unwrap_or_default(), &stream.stream.id)
            });
            if named || wanted == stream.stream.id.to_string() {
                found.push((stream.stream.id.to_string(), stream));
            }
        }
    }
    for stream in &window.conversations {
        let named = name(stream).is_some_and(|name| is(wanted, &name, &stream.stream.id));
        if named || wanted == stream.stream.id.to_string() {
            found.push((stream.stream.id.to_string(), stream));
        }
    }
    only("stream", wanted, found)
}

/// The user of a name, with or without `@`, or of an id.
pub(crate) async fn user(client: &Client, wanted: &str) -> Result<User, Failure> {
    let wanted = wanted.strip_prefix('@').unwrap_or(wanted);
    if let Ok(id) = wanted.parse::<UserId>() {
        let found = users(client, vec![id]).await?.pop();
        return found.ok_or_else(|| Failure::from(kith_core::refusal::Refusal::NoSuchUser));
    }
    match client.query(Query::UserByName { name: wanted.to_owned() }).await? {
        Answer::User(user) => Ok(user),
        _ => Err(unexpected()),
    }
}

/// The users of some ids, at most 200; those that may not be seen are left out.
pub(crate) async fn users(client: &Client, ids: Vec<UserId>) -> Result<Vec<User>, Failure> {
    match client.query(Query::Users { users: ids }).await? {
        Answer::Users(users) => Ok(users),
        _ => Err(unexpected()),
    }
}

/// The direct stream with a user, which is opened if there is none.
pub(crate) async fn direct(client: &Client, wanted: &str) -> Result<StreamId, Failure> {
    let user = user(client, wanted).await?.id;
    let window = window(client).await?;
    let with = |home: &Home| matches!(home, Home::Direct { users } if users.contains(&user));
    if let Some(open) = window.conversations.iter().find(|of| with(&of.stream.home)) {
        return Ok(open.stream.id);
    }
    let outcome = client.command(Command::OpenDirect { user }).await?;
    outcome.stream.ok_or_else(unexpected)
}

/// The stream of any name: `CIRCLE/STREAM`, `@USER`, a group or an id.
pub(crate) async fn place(client: &Client, wanted: &str) -> Result<StreamId, Failure> {
    if wanted.starts_with('@') {
        return direct(client, wanted).await;
    }
    Ok(stream(&window(client).await?, wanted)?.stream.id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kith_core::document::{Circle, Member, Stream};
    use kith_core::id::{CircleId, RoleId, Seq, Timestamp};
    use kith_core::text::{CircleName, StreamName};

    use super::*;

    fn circle_of(n: u128, name: &str, streams: &[(u128, &str)]) -> CircleWindow {
        let (id, user) = (CircleId::new(Timestamp(1), n), UserId::new(Timestamp(1), 1));
        let circle = Circle {
            id,
            name: CircleName::parse(name).unwrap(),
            about: None,
            icon: None,
            public: false,
            idle_seconds: 0,
            owner: user,
            roles: BTreeMap::new(),
            everyone: RoleId::new(Timestamp(1), 1),
            members: 1,
            created_at: Timestamp(1),
        };
        let roles = std::collections::BTreeSet::new();
        let member =
            Member { user, nickname: None, roles, timed_out_until: None, joined_at: Timestamp(1) };
        let stream = |&(n, name): &(u128, &str)| StreamWindow {
            stream: Stream {
                id: StreamId::new(Timestamp(1), n),
                home: Home::Channel { circle: id },
                name: StreamName::parse(name).ok(),
                about: None,
                archived: false,
                slow_seconds: 0,
                deny: BTreeMap::new(),
                section: None,
                position: 0,
                pins: Vec::new(),
                created_at: Timestamp(1),
            },
            head: Seq(0),
            read: Seq(0),
            unread: 0,
            mentions: 0,
        };
        let streams = streams.iter().map(stream).collect();
        CircleWindow { circle, member, head: Seq(1), streams }
    }

    #[test]
    fn streams_are_found_by_names_and_ids() {
        let window = Window {
            circles: vec![
                circle_of(1, "Tea", &[(1, "general"), (2, "a/b")]),
                circle_of(2, "Ops", &[(3, "general")]),
                circle_of(3, "OPS", &[(4, "general")]),
            ],
            conversations: vec![],
            site_admin: false,
        };
        let found = |wanted: &str| {
            stream(&window, wanted).map(|found| found.stream.id).map_err(|why| why.to_string())
        };
        let id = |n| StreamId::new(Timestamp(1), n);
        assert_eq!(found("tea/General"), Ok(id(1)));
        assert_eq!(found("Tea/a/b"), Ok(id(2)));
        assert_eq!(found(&id(3).to_string()), Ok(id(3)));
        let first = window.circles[1].circle.id;
        assert_eq!(found(&format!("{first}/general")), Ok(id(3)));
        assert!(found("Tea/none").unwrap_err().contains("no stream"));
        let both = found("ops/general").unwrap_err();
        assert!(both.contains(&id(3).to_string()) && both.contains(&id(4).to_string()), "{both}");
        assert!(circle(&window, "ops").is_err() && circle(&window, "tea").is_ok());
        let topic = |wanted| within(&window, wanted).map(|(of, name)| (of.circle.id, name));
        assert_eq!(topic("tea/board/todo").unwrap(), (window.circles[0].circle.id, "board/todo"));
        assert!(topic("board/todo").is_err() && topic("Tea").is_err() && topic("Ops/a").is_err());
    }
}
