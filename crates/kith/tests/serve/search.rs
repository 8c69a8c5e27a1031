//! Searching, as a person at a command line has it, and when the server is killed while it indexes.

use futures_util::future::join_all;
use kith_client::{Auth, Client, Options};
use kith_core::command::Command;
use kith_core::id::{Seq, StreamId};
use kith_core::search::Order;
use kith_core::text::{CircleName, MessageText};
use kith_proto::query::{Answer, Query};
use kith_search::SqliteIndex;
use kith_store::index::{Change, Index, Step};
use serde_json::Value;

use crate::program::{Person, Server, kith, run};
use crate::{PASSWORD, place};

/// Runs a search until the index has read everything.
pub(crate) fn found(person: &Person, args: &[&str]) -> String {
    loop {
        let ended = person.say(&[&["search"][..], args].concat());
        assert_eq!(ended.code, Some(0), "{args:?}: {ended:?}");
        if !ended.err.contains("may be missing") {
            return ended.out;
        }
    }
}

#[test]
fn messages_are_found_by_those_who_may_read_them() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let ana = Person::sign_up(&server, "ana", PASSWORD);
    let bob = Person::sign_up(&server, "bob", PASSWORD);
    ana.done(&["circle", "create", "Tea"]);
    let text = "The *kettle* is on, see https://example.org";
    let said: Value =
        serde_json::from_str(&ana.done(&["send", "Tea/general", text, "--json"])).unwrap();
    ana.done(&["dm", "bob", "No kettle for you"]);
    let lines = found(&ana, &["kettle", "--by", "time"]);
    let lines: Vec<&str> = lines.lines().collect();
    assert!(lines[0].ends_with(" ana: No kettle for you"), "{lines:?}");
    assert!(lines[1].contains(" Tea/general 2 ana: The *kettle* is on"), "{lines:?}");
    assert_eq!(lines.len(), 2);
    assert_eq!(found(&bob, &["kettle"]).lines().count(), 1);
    let hit: Value =
        serde_json::from_str(&found(&ana, &["kett*", "has:link", "in:tea", "--json"])).unwrap();
    assert_eq!(hit["snippet"][1]["text"], "kettle");
    assert_eq!((&hit["snippet"][1]["hit"], &hit["place"]), (&true.into(), &"Tea/general".into()));
    for (text, code) in [("to:bob", "search.unknown_filter"), ("in:Tea kettle", "stream.not_found")]
    {
        let refused = bob.say(&["search", text]);
        assert!(refused.code == Some(1) && refused.err.contains(code), "{refused:?}");
    }
    assert_eq!(server.stop("TERM"), Some(0));
    let rebuilt = run(kith(&["admin", "index", "--data", &data]), "");
    assert_eq!(rebuilt.code, Some(0), "{rebuilt:?}");
    forget(&data, &said);
    let checked = run(kith(&["check", "--data", &data]), "");
    assert_eq!(checked.code, Some(5), "{checked:?}");
    assert!(checked.out.contains("stands in it otherwise, or not at all."), "{checked:?}");
    let rebuilt = run(kith(&["admin", "index", "--data", &data]), "");
    assert_eq!(rebuilt.code, Some(0), "{rebuilt:?}");
    let checked = run(kith(&["check", "--data", &data]), "");
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let server = Server::start(&data, &["--set", "search=false"]);
    let ana = Person::new(format!("http://{}", server.address));
    assert_eq!(run(ana.command(&["login", "ana"]), PASSWORD).code, Some(0));
    let refused = ana.say(&["search", "kettle"]);
    assert!(refused.err.contains("search.off"), "{refused:?}");
}

/// Takes a message out of the index behind everyone's back.
fn forget(data: &str, place: &Value) {
    let path = std::path::Path::new(data).join("search.db");
    let index = SqliteIndex::existing(&path).unwrap().expect("it was made");
    let stream = place["stream"].as_str().unwrap().parse().unwrap();
    let changes = vec![Change::Remove(stream, Seq(place["seq"].as_u64().unwrap()))];
    let step = Step { changes, read: Vec::new() };
    tokio::runtime::Runtime::new().unwrap().block_on(index.apply(step)).unwrap();
}

/// How many hits there are, once the index has read everything.
async fn count(client: &Client, text: &str) -> usize {
    let (mut hits, mut after) = (0, None);
    loop {
        let limit = Some(100);
        let ask = Query::Search {
            text: text.to_owned(),
            order: Order::Time,
            after: after.clone(),
            limit,
            offset_minutes: 0,
        };
        let Answer::Search(found) = client.query(ask).await.unwrap() else { panic!("no answer") };
        if found.behind {
            (hits, after) = (0, None);
            continue;
        }
        hits += found.hits.len();
        after = found.next;
        if after.is_none() {
            return hits;
        }
    }
}

async fn say(client: &Client, stream: StreamId, from: usize, count: usize) {
    let one = |number: usize| {
        let text = MessageText::parse(&format!("needle number {number}")).unwrap();
        let post = Command::post(stream, text);
        async move { client.command(post).await.unwrap() }
    };
    join_all((from..from + count).map(one)).await;
}

#[test]
fn an_index_that_was_killed_at_work_is_complete_afterwards() {
    const MANY: usize = 1500;
    let (_dir, data) = place();
    let fast = ["--set", "requests_burst=100000", "--set", "requests_per_second=1000"];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut told = 0;
    let mut stream = None;
    for turn in 0..3 {
        let server = Server::start(&data, &fast);
        if turn == 0 {
            Person::sign_up(&server, "ana", PASSWORD);
        }
        runtime.block_on(async {
            let (name, password) = ("ana".to_owned(), PASSWORD.trim_end().to_owned());
            let auth = Auth::Password { name, password, device: None };
            let options = Options::new(&format!("http://{}", server.address), auth);
            let (client, _) = Client::connect(options).await.unwrap();
            let stream = match stream {
                Some(stream) => stream,
                None => {
                    let name = CircleName::parse("Tea").unwrap();
                    let make = Command::CreateCircle { name, public: false };
                    *stream.insert(client.command(make).await.unwrap().stream.unwrap())
                }
            };
            assert_eq!(count(&client, "needle ").await, told);
            say(&client, stream, told, MANY).await;
            told += MANY;
        });
        server.kill();
    }
    let server = Server::start(&data, &fast);
    assert_eq!(server.stop("TERM"), Some(0));
}
