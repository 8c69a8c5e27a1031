//! The permission model of docs/permissions.md, tried cell by cell on every surface; and after every
//! operation that is done, that clients and documents are what the events add up to.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "permissions/dump.rs"]
mod dump;
#[path = "permissions/files.rs"]
mod files;
#[path = "permissions/gateway.rs"]
mod gateway;
#[path = "permissions/matrix.rs"]
mod matrix;
#[path = "permissions/names.rs"]
mod names;
#[path = "permissions/old.rs"]
mod old;
#[path = "permissions/operations.rs"]
mod operations;
#[path = "permissions/replica.rs"]
mod replica;
#[path = "permissions/surface.rs"]
mod surface;
#[path = "permissions/variants.rs"]
mod variants;
#[path = "permissions/world.rs"]
mod world;

use std::collections::BTreeSet;

use kith_core::command::Command;
use kith_proto::frame::Signal;
use kith_proto::query::Query;
use kith_proto::service::Service;
use serde_json::{Value, json};

use crate::gateway::{Dialect, over_gateway, over_topicsync};
use crate::matrix::{DONE, PRINCIPALS, Row, rows};
use crate::old::{over_ghostr, over_muca};
use crate::operations::{GATEWAYS, Kind, OPERATIONS, Operation, PERSONAL, Rest};
use crate::replica::Replicas;
use crate::surface::{Given, Socket, by_resuming, over_rest, over_socket, request};
use crate::world::{Names, STREAMS, TOPICS, World, missing, secret};

/// One way to try a cell.
#[derive(Clone, Copy)]
enum Surface {
    Socket,
    Resume,
    Rest(&'static Rest),
    Gateway(Dialect),
}

impl Surface {
    async fn attempt(
        self,
        world: &World,
        who: &str,
        operation: &Operation,
        names: &Names,
    ) -> Given {
        match self {
            Self::Socket => over_socket(world, who, operation, names).await,
            Self::Resume => by_resuming(world, who, names).await,
            Self::Rest(rest) => over_rest(world, who, operation, rest, names).await,
            Self::Gateway(Dialect::Topicsync) => {
                over_topicsync(world.hub(), who, operation.kind, names).await
            }
            Self::Gateway(Dialect::Ghostr) => over_ghostr(world.hub(), who, operation, names).await,
            Self::Gateway(Dialect::Muca) => over_muca(world.hub(), who, names).await,
            Self::Gateway(dialect) => {
                let token = Some(world.token(who));
                over_gateway(world.port, token, dialect, operation.kind, names).await
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Socket => "WebSocket",
            Self::Resume => "resume",
            Self::Rest(rest) => rest.route,
            Self::Gateway(dialect) => dialect.name(),
        }
    }
}

fn surfaces(operation: &'static Operation, on: &str) -> Vec<Surface> {
    if let Some(dialect) = operation.kind.dialect(operation.name) {
        return vec![Surface::Gateway(dialect)];
    }
    let mut surfaces = vec![Surface::Socket];
    if operation.kind == Kind::Subscribe {
        surfaces.push(Surface::Resume);
    }
    let fits = |rest: &&Rest| rest.only.is_none_or(|only| only == on);
    surfaces.extend(operation.rest.iter().filter(fits).map(Surface::Rest));
    surfaces
}

fn operation(name: &str) -> &'static Operation {
    OPERATIONS.iter().find(|one| one.name == name).expect(name)
}

/// The same request for something that does not exist, when `code` says that it does not.
fn without(names: &Names, code: &str) -> Option<Names> {
    let gone: &[(&str, &str)] = match code {
        "circle.not_found" => &[("circle", "c_")],
        "stream.not_found" => &[("stream", "s_")],
        "user.not_found" | "service.not_found" => &[("user", "u_")],
        "session.not_found" => &[("session", "d_")],
        "feed.not_found" => &[("feed", "u_")],
        "topic.not_found" => &[("topic", "t_"), ("topic_name", "")],
        "invite.not_found" => &[("code", ""), ("invite", "i_")],
        _ => return None,
    };
    let mut names = names.clone();
    for (name, prefix) in gone {
        if let Some(old) = names.insert(name, missing(prefix))
            && let Some(feed) = names.get_mut("feed")
        {
            *feed = feed.replace(&old, &missing(prefix));
        }
    }
    Some(names)
}

/// An answer without the ids that were asked for.
fn anonymous(given: &Given, names: &Names) -> String {
    ["circle", "stream", "topic", "user", "session", "feed", "code", "invite"].iter().fold(
        given.answer.clone(),
        |answer, name| match names.get(name) {
            Some(id) => answer.replace(id.as_str(), "…"),
            None => answer,
        },
    )
}

/// What a dump says of topics.
fn of_topics(dump: &str) -> impl Iterator<Item = &str> {
    dump.lines().filter(|line| line.starts_with("t_") || line.starts_with("topic"))
}

/// What a dump says beside how far somebody has read, for old clients are told what waits for them, and
/// what the site keeps for itself.
fn of_others(dump: &str) -> impl Iterator<Item = &str> {
    let own = ["u_", "read ", "secret "];
    dump.lines().filter(move |line| !own.iter().any(|begin| line.starts_with(begin)))
}

/// Tries all cells of a row and says what is not as it is written.
async fn try_row(row: &Row) -> Vec<String> {
    let operation = operation(&row.operation);
    let mut wrong = Vec::new();
    let mut world: Option<(World, String)> = None;
    for surface in surfaces(operation, &row.on) {
        for who in PRINCIPALS {
            let expected = &row.cells[who];
            let (here, before) = match world.take() {
                Some(kept) => kept,
                None => {
                    let world = match operation.name {
                        "search" => World::open_to_search().await,
                        _ => World::open().await,
                    };
                    let before = world.dump().await;
                    (world, before)
                }
            };
            let place = format!("{} of {who} on {} by {}", row.operation, row.on, surface.name());
            let names = here.names(who, &row.on);
            // A snapshot leaves out whom its reader blocks, which no event of the feed tells.
            let changes = operation.kind == Kind::Do && operation.name != "block";
            let held = match expected == DONE && changes {
                true => Some(Replicas::of(&here).await),
                false => None,
            };
            let given = surface.attempt(&here, who, operation, &names).await;
            if given.outcome != *expected {
                wrong.push(format!("{place}: {} instead of {expected}", given.outcome));
                continue;
            }
            if expected == DONE && operation.kind.changes() {
                let mut problems = here.problems().await;
                if let Some(held) = held {
                    problems.extend(held.differ(&here).await);
                }
                wrong.extend(problems.iter().map(|what| format!("{place}: {what}")));
                continue;
            }
            if let Some(names_of_nothing) = without(&names, expected) {
                let nothing = surface.attempt(&here, who, operation, &names_of_nothing).await;
                let told = (anonymous(&given, &names), anonymous(&nothing, &names_of_nothing));
                // A list is not refused; that it lacks the thing was seen already.
                let listed = !given.answer.contains(expected.as_str());
                if told.0 != told.1 && !listed {
                    wrong.push(format!("{place}: tells that it exists:\n{}\n{}", told.0, told.1));
                }
            }
            let after = here.dump().await;
            // The gateway has a session of its own.
            let begins = matches!(surface, Surface::Gateway(Dialect::Topicsync));
            let is_old = matches!(surface, Surface::Gateway(Dialect::Ghostr | Dialect::Muca));
            let same = match (begins, is_old) {
                (true, _) => of_topics(&after).eq(of_topics(&before)),
                (_, true) => of_others(&after).eq(of_others(&before)),
                _ => after == before,
            };
            if !same {
                wrong.push(format!("{place}: changed something all the same"));
                continue;
            }
            let before = if begins || is_old { after } else { before };
            world = Some((here, before));
        }
    }
    wrong
}

/// Every `part`-th row of four: a process each, so that they run side by side.
fn run(part: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut wrong = Vec::new();
    for row in rows().iter().skip(part).step_by(4) {
        wrong.extend(runtime.block_on(try_row(row)));
    }
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_matrix_holds_first_quarter() {
    run(0);
}

#[test]
fn the_matrix_holds_second_quarter() {
    run(1);
}

#[test]
fn the_matrix_holds_third_quarter() {
    run(2);
}

#[test]
fn the_matrix_holds_fourth_quarter() {
    run(3);
}

#[test]
fn every_operation_has_its_rows_and_every_row_its_operation() {
    let live = ["subscribe", "unsubscribe"].map(str::to_owned);
    let known: BTreeSet<String> = variants::of::<Command>()
        .into_iter()
        .chain(variants::of::<Query>())
        .chain(variants::of::<Signal>())
        .chain(variants::of::<Service>())
        .chain(live)
        .chain(GATEWAYS.into_iter().chain(PERSONAL).map(str::to_owned))
        .collect();
    let written: BTreeSet<String> = rows().into_iter().map(|row| row.operation).collect();
    assert_eq!(known, written, "what the program knows and what the document says");
    let tried: BTreeSet<String> = OPERATIONS.iter().map(|one| one.name.to_owned()).collect();
    assert_eq!(known, tried, "what the program knows and what is tried");
}

#[tokio::test]
async fn every_route_does_an_operation_of_the_matrix_or_is_open_to_everyone() {
    let world = World::open().await;
    let page = request(world.port, None, "GET /openapi.json", "").await;
    let document: Value = serde_json::from_str(&page.body).unwrap();
    let mut routes = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.strip_prefix("/api/v1").unwrap_or(path);
        for method in methods.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            routes.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let rest = OPERATIONS.iter().flat_map(|one| one.rest).map(|rest| rest.route.to_owned());
    let tried: BTreeSet<String> = rest.chain(matrix::other_routes()).collect();
    assert_eq!(routes, tried);
}

#[tokio::test]
async fn who_has_no_session_is_refused_everything() {
    let world = World::open().await;
    let before = world.dump().await;
    for who in ["ended", "disabled"] {
        let refused = Socket::open(world.port, world.token(who)).await.err();
        assert_eq!(refused.as_deref(), Some("auth.failed"), "{who}");
    }
    let tokens = [None, Some("kith_x"), Some(world.token("ended")), Some(world.token("disabled"))];
    let text = world.names("member", "a text");
    for token in tokens {
        for dialect in [Dialect::Plain, Dialect::Named] {
            for kind in [Kind::Open, Kind::Write] {
                let given = over_gateway(world.port, token, dialect, kind, &text).await;
                assert_eq!(given.outcome, "auth.failed", "{dialect:?} {token:?}");
            }
        }
    }
    let names = world.names("member", "another's message");
    let mut first = None;
    let password = Rest {
        only: None,
        query: "",
        route: "PUT /users/me/password",
        body: r#"{"current":"x","new":"correct horse battery"}"#,
    };
    for rest in OPERATIONS.iter().flat_map(|one| one.rest).chain([&password]) {
        for token in tokens {
            let line = surface::fill(rest.route, &names);
            let page = request(world.port, token, &line, &surface::fill(rest.body, &names)).await;
            assert_eq!(page.status, 401, "{line} {token:?}: {}", page.body);
            assert_eq!(first.get_or_insert(page.clone()), &page, "{line} {token:?}");
        }
    }
    assert_eq!(world.dump().await, before);
}

#[tokio::test]
async fn every_answer_is_guarded_against_browsers_and_caches() {
    let world = World::open().await;
    let names = world.names("owner", "another's message");
    for rest in OPERATIONS.iter().flat_map(|one| one.rest) {
        for token in [None, Some(world.token("owner"))] {
            let line = surface::fill(rest.route, &names);
            let page = request(world.port, token, &line, &surface::fill(rest.body, &names)).await;
            for guard in [
                "cache-control: private, no-store",
                "x-content-type-options: nosniff",
                "referrer-policy: no-referrer",
                "cross-origin-opener-policy: same-origin",
                "cross-origin-resource-policy: same-origin",
            ] {
                let there = page.head.lines().any(|line| line == guard);
                assert!(there, "{line}: no {guard:?} in\n{}", page.head);
            }
        }
    }
    for open in ["GET /", "GET /openapi.json", "GET /protocol.json", "GET /reference.css"] {
        let page = request(world.port, None, open, "").await;
        assert!(page.head.contains("content-security-policy: default-src 'none'"), "{open}");
    }
}

#[tokio::test]
async fn who_asks_for_another_server_gets_nothing() {
    let world = World::open().await;
    for target in ["GET /users/me", "GET /openapi.json", "GET /ws"] {
        let ours = surface::request_of(world.port, "127.0.0.1", target).await;
        assert_ne!(ours.status, 421, "{target}");
        let other = surface::request_of(world.port, "evil.example", target).await;
        assert_eq!(other.status, 421, "{target}");
        assert!(other.body.contains("\"code\":\"host.unknown\""), "{}", other.body);
    }
}

/// Everything that anyone can be told, searched for what they may not know.
#[tokio::test]
async fn nothing_that_is_hidden_is_in_any_answer() {
    let world = World::open_to_search().await;
    let rows = rows();
    let may = |who: &str, stream: &str| {
        let row = rows.iter().find(|row| row.operation == "messages" && row.on == stream);
        // Streams without a row of their own are read like the channel, or not by outsiders.
        row.map_or(!matches!(who, "stranger" | "former" | "banned" | "admin"), |row| {
            row.cells[who] == DONE
        })
    };
    for who in PRINCIPALS {
        let mut told = String::new();
        let objects: BTreeSet<&str> =
            rows.iter().map(|row| row.on.as_str()).chain(STREAMS).collect();
        let mut socket = Socket::open(world.port, world.token(who)).await.unwrap();
        for on in objects {
            let names = world.names(who, on);
            for operation in OPERATIONS.iter().filter(|one| one.kind == Kind::Get) {
                // A name that stands for nothing here stays as it is, and is refused as malformed.
                let fields = surface::fill(operation.fields, &names);
                let fields: Value = serde_json::from_str(&fields).unwrap_or(Value::Null);
                let asked = json!({"id": 1, "get": {(operation.name): fields}});
                told.push_str(&json!(socket.ask(&asked).await).to_string());
                for rest in operation.rest {
                    let line = surface::fill(rest.route, &names);
                    told.push_str(
                        &request(world.port, Some(world.token(who)), &line, "").await.body,
                    );
                }
            }
            if let Some(feed) = names.get("feed") {
                for events_only in [false, true] {
                    let wanted = json!([{"feed": feed, "events_only": events_only}]);
                    let asked = json!({"id": 1, "subscribe": wanted});
                    told.push_str(&json!(socket.ask(&asked).await).to_string());
                }
            }
        }
        for order in ["rank", "time"] {
            let asked = json!({"text": "secret of", "order": order, "limit": 100});
            let found = json!(socket.ask(&json!({"id": 1, "get": {"search": asked}})).await);
            told.push_str(&found.to_string());
        }
        for stream in STREAMS {
            let expected = match stream {
                "a blocked direct stream" => matches!(who, "member" | "bot"),
                _ => may(who, stream),
            };
            // Only what was asked for may come back, in the refusal of the feed itself.
            let told = told.replace(&format!("\"feed\":\"{}\"", world.stream(stream)), "");
            let named = told.contains(&secret(stream)) || told.contains(world.stream(stream));
            assert_eq!(named, expected, "{who} and {stream}");
        }
        for topic in TOPICS {
            let row = rows.iter().find(|row| row.operation == "topic" && row.on == topic);
            // A topic without a row of its own is read like the open one.
            let row = row.or(rows.iter().find(|row| row.operation == "topic")).unwrap();
            let told = told.replace(&format!("\"feed\":\"{}\"", world.topic(topic)), "");
            let named = told.contains(&secret(topic)) || told.contains(world.topic(topic));
            assert_eq!(named, row.cells[who] == DONE, "{who} and {topic}");
        }
        assert!(!told.contains(&secret("a deleted message")) || may(who, "a channel"));
    }
}
