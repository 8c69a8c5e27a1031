//! Topics and services as a person at a command line has them.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::{Person, Server};
use crate::{PASSWORD, place};

#[test]
fn a_topic_is_made_changed_looked_at_and_removed() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let ana = Person::sign_up(&server, "ana", PASSWORD);
    ana.done(&["circle", "create", "Tea"]);
    let made = ana.done(&["topic", "create", "Tea/board/todo", "list", "--value", r#"["water"]"#]);
    assert!(made.starts_with("created topic board/todo (t_"), "{made}");
    ana.done(&["topic", "create", "tea/count", "int", "--rules", r#"{"count_max":1}"#]);
    let insert = r#"{"insert":{"value":"tea"}}"#;
    ana.done(&["topic", "change", "Tea/board/todo", insert, r#"{"remove":{"at":0}}"#]);
    assert_eq!(ana.done(&["topic", "show", "Tea/board/todo"]), "[\"tea\"]\n");
    assert_eq!(ana.done(&["topic", "show", "Tea/board/todo", "--at", "1"]), "[\"water\"]\n");
    let listed = ana.done(&["topic", "list", "Tea", "--prefix", "board/"]);
    assert!(listed.starts_with("board/todo  list  t_") && listed.lines().count() == 1, "{listed}");
    let id = listed.trim_end().rsplit_once(' ').unwrap().1;
    ana.done(&["topic", "undo", "Tea"]);
    let shown: Value = serde_json::from_str(&ana.done(&["topic", "show", id, "--json"])).unwrap();
    assert_eq!((&shown["value"][0]["value"], &shown["seq"]), (&json!("water"), &json!(5)));
    ana.done(&["topic", "redo", "Tea"]);
    let history = ana.done(&["topic", "history", id, "--limit", "3"]);
    assert_eq!(history.lines().count(), 3, "{history}");
    assert!(history.lines().all(|line| line.contains(" ana: {")), "{history}");
    let nothing = ana.say(&["topic", "redo", "Tea"]);
    assert!(nothing.code == Some(1) && nothing.err.contains("redo.nothing"), "{nothing:?}");
    let wrong = ana.say(&["topic", "change", "Tea/count", r#"{"splice":{"at":0}}"#]);
    assert!(wrong.code == Some(1) && wrong.err.contains("topic.wrong_change"), "{wrong:?}");
    for usage in [
        &["topic", "change", "Tea/count", "add 1"][..],
        &["topic", "create", "Tea/b", "integer"],
        &["topic", "show", "count"],
    ] {
        assert_eq!(ana.say(usage).code, Some(2), "{usage:?}");
    }
    assert_eq!(ana.done(&["topic", "remove", "Tea/count"]), "removed topic count\n");
    assert_eq!(ana.say(&["topic", "show", "Tea/count"]).code, Some(1));
}

#[test]
fn a_topic_is_watched_while_the_server_is_killed() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let address = server.address;
    let ana = Person::sign_up(&server, "ana", PASSWORD);
    ana.done(&["circle", "create", "Tea"]);
    ana.done(&["topic", "create", "Tea/count", "int"]);
    let mut watch = ana.command(&["topic", "watch", "Tea/count"]);
    let mut watch = watch.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut values = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    assert_eq!(values.next(), Some(json!(0)));
    ana.done(&["topic", "change", "Tea/count", r#"{"add":{"by":2}}"#]);
    assert_eq!(values.next(), Some(json!(2)));
    server.kill();
    let server = Server::start_at(address, &data);
    ana.done(&["topic", "change", "Tea/count", r#"{"add":{"by":3}}"#]);
    assert_eq!(values.find(|value| *value != json!(2)), Some(json!(5)));
    watch.kill().unwrap();
    watch.wait().unwrap();
    drop(server);
}

#[test]
fn a_service_is_called() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let ana = Person::sign_up(&server, "ana", PASSWORD);
    ana.done(&["circle", "create", "Tea"]);
    let listed = ana.done(&["service", "list", "Tea", "--prefix", "kith/e"]);
    assert!(listed.starts_with("kith/echo  "), "{listed}");
    let echo = ["call", "Tea/kith/echo", r#"{"a":[1]}"#];
    assert_eq!(ana.done(&echo), "{\"a\":[1]}\n");
    let [call, name, args] = echo;
    assert_eq!(ana.done(&[call, name, args, "--stream", "--deadline", "5"]), "{\"a\":[1]}\n");
    let nobody = ana.say(&["call", "Tea/math/add", "[1,2]"]);
    assert!(nobody.code == Some(1) && nobody.err.contains("service.not_found"), "{nobody:?}");
    assert_eq!(ana.say(&["call", "Tea/kith/echo", "hello"]).code, Some(2));
}
