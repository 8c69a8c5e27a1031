//! A circle or a stream is removed at the command line: for everybody, and past a server that is killed.

use serde_json::Value;

use crate::chat::Typist;
use crate::program::{Ended, Person, Server, kith, run};
use crate::{PASSWORD, place};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Removes a circle, typing a name.
fn remove(person: &Person, circle: &str, typed: &str) -> Ended {
    run(person.command(&["circle", "remove", circle]), &format!("{typed}\n"))
}

#[test]
fn a_circle_is_removed_by_its_owner_who_types_its_name() {
    let (dir, data) = place();
    let server = Server::start(&data, &["--set", "files.free_percent=1"]);
    let ana = Person::sign_up(&server, "ana", PASSWORD);
    let bob = Person::sign_up(&server, "bob", PASSWORD);
    let circle = json(&ana.done(&["circle", "create", "Tea", "--public", "--json"]));
    let id = circle["circle"].as_str().unwrap().to_owned();
    bob.done(&["circle", "join", "Tea"]);
    ana.done(&["circle", "create", "Town"]);
    let file = dir.path().join("list.txt");
    std::fs::write(&file, "green, black").unwrap();
    ana.done(&["send", "Tea/general", "The list", "--file", file.to_str().unwrap()]);
    for number in 0..20 {
        ana.done(&["send", "Tea/general", &format!("kettle {number}")]);
    }
    ana.done(&["dm", "bob", "kettle?"]);
    let mut reader = Typist::start(&bob, &["chat", "Tea/general", "--plain"]);
    reader.until("kettle 19");

    let refused = remove(&bob, "Tea", "Tea");
    assert!(refused.code == Some(1) && refused.err.contains("permission.denied"), "{refused:?}");
    let wrong = remove(&ana, "Tea", "Coffee");
    assert!(wrong.code == Some(2) && wrong.err.contains("Tea stays"), "{wrong:?}");
    assert!(wrong.err.contains("its 1 streams") && wrong.err.contains("2 members"), "{wrong:?}");
    let none = ana.say(&["circle", "remove", "Tea"]);
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(ana.done(&["circle", "list"]).contains("Tea"));

    let done = remove(&ana, "Tea", "Tea");
    assert_eq!((done.code, done.out), (Some(0), format!("removed circle Tea ({id})\n")));
    reader.until("Tea was removed, with all that was in it");
    // It goes on with what else there is.
    reader.types("message ana gone?");
    reader.until("on its way to @ana");
    assert_eq!(reader.end(), Some(0));
    // Whatever there still is of it.
    let address = server.address;
    server.kill();
    let server = Server::start_at(address, &data);
    for who in [&ana, &bob] {
        assert!(!who.done(&["circle", "list"]).contains("Tea"));
        let read = who.say(&["read", "Tea/general"]);
        assert_eq!(read.code, Some(2), "{read:?}");
        let found = crate::search::found(who, &["kettle"]);
        assert_eq!(found.lines().count(), 1, "{found}");
    }
    let join = bob.say(&["circle", "join", &id]);
    assert!(join.code == Some(1) && join.err.contains("circle.not_found"), "{join:?}");
    let again = ana.say(&["circle", "remove", "Town", "--yes", "--json"]);
    assert_eq!(json(&again.out)["name"], "Town", "{again:?}");
    assert_eq!(server.stop("TERM"), Some(0));
    let repaired = run(kith(&["admin", "repair", "--data", &data]), "");
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
}

#[test]
fn a_stream_is_removed_by_those_who_manage_streams_and_type_its_name() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let ana = Person::sign_up(&server, "ana", PASSWORD);
    let bob = Person::sign_up(&server, "bob", PASSWORD);
    ana.done(&["circle", "create", "Tea", "--public"]);
    bob.done(&["circle", "join", "Tea"]);
    let made = json(&ana.done(&["stream", "create", "Tea", "ops", "--json"]));
    let id = made["stream"].as_str().unwrap().to_owned();
    for number in 0..20 {
        ana.done(&["send", "Tea/ops", &format!("kettle {number}")]);
    }
    ana.done(&["send", "Tea/general", "the kettle"]);
    let mut reader = Typist::start(&bob, &["chat", "Tea/ops", "--plain"]);
    reader.until("kettle 19");

    let remove = |person: &Person, stream: &str, typed: &str| {
        run(person.command(&["stream", "remove", stream]), &format!("{typed}\n"))
    };
    let refused = remove(&bob, "Tea/ops", "ops");
    assert!(refused.code == Some(1) && refused.err.contains("permission.denied"), "{refused:?}");
    let wrong = remove(&ana, "Tea/ops", "Ops");
    assert!(wrong.code == Some(2) && wrong.err.contains("ops stays"), "{wrong:?}");
    assert!(wrong.err.contains("the 2 members of Tea"), "{wrong:?}");
    assert!(ana.done(&["stream", "list", "Tea"]).contains("ops"));

    let done = remove(&ana, "Tea/ops", "ops");
    assert_eq!((done.code, done.out), (Some(0), format!("removed stream Tea/ops ({id})\n")));
    reader.until("Tea/ops was removed, with all that was in it");
    // It goes on in another stream of the circle.
    reader.types("message ana still here");
    reader.until("on its way to @ana");
    assert_eq!(reader.end(), Some(0));
    // Whatever there still is of it.
    let address = server.address;
    server.kill();
    let server = Server::start_at(address, &data);
    for who in [&ana, &bob] {
        assert!(!who.done(&["stream", "list", "Tea"]).contains("ops"));
        let late = who.say(&["send", &id, "late"]);
        assert_eq!(late.code, Some(2), "{late:?}");
        let found = crate::search::found(who, &["kettle"]);
        assert_eq!(found.lines().count(), 1, "{found}");
    }
    let last = ana.say(&["stream", "remove", "Tea/general", "--yes", "--json"]);
    assert_eq!(json(&last.out)["name"], "general", "{last:?}");
    assert_eq!(ana.done(&["stream", "list", "Tea"]), "");
    assert_eq!(server.stop("TERM"), Some(0));
    let repaired = run(kith(&["admin", "repair", "--data", &data]), "");
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
}
