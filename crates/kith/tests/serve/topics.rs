//! The topics of a circle, taken out into a file and brought in again.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::program::{Person, Server, kith, run};
use crate::{PASSWORD, place};

/// What is in the body of an answer that says yes.
fn body(answer: &str) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
    assert!(head.starts_with("HTTP/1.1 2"), "{answer}");
    serde_json::from_str(body).unwrap_or(Value::Null)
}

/// Ana with a circle, Tea, and her token.
fn tea(server: &Server) -> (Person, String, String) {
    let ana = Person::sign_up(server, "ana", PASSWORD);
    ana.done(&["circle", "create", "Tea"]);
    let asked = json!({"name": "ana", "password": PASSWORD.trim_end(), "kind": "token"});
    let begun = body(&server.post("/api/v1/sessions", None, &asked.to_string()));
    let listed: Value = serde_json::from_str(&ana.done(&["circle", "list", "--json"])).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (ana, text(&begun["token"]), text(&listed["circle"]))
}

fn make(server: &Server, token: &str, circle: &str, topic: &Value) -> String {
    let path = format!("/api/v1/circles/{circle}/topics");
    let made = body(&server.post(&path, Some(token), &topic.to_string()));
    made["topic"].as_str().unwrap().to_owned()
}

/// The lines between the first and the last.
fn topics(file: &str) -> Vec<Value> {
    let lines: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (first, rest) = lines.split_first().unwrap();
    let (last, topics) = rest.split_last().unwrap();
    assert_eq!(first["kith_topics"]["version"], 1);
    assert_eq!(last["end"]["topics"], topics.len());
    topics.to_vec()
}

#[test]
fn topics_come_into_another_circle_as_they_were() {
    let (_dir, data) = place();
    let server = Server::start(&data, &[]);
    let (ana, token, circle) = tea(&server);
    let found = body(&server.get_as(&format!("/api/v1/circles/{circle}"), &token));
    let everyone = found["circle"]["everyone"].as_str().unwrap();
    let long = "tea ".repeat(100_000);
    for topic in [
        json!({"name": "a", "holds": "bool", "value": true}),
        json!({"name": "b", "holds": "int", "value": i64::MAX}),
        json!({"name": "c", "holds": "float", "value": 0.5}),
        json!({"name": "d", "holds": "string", "value": "one\u{0}\u{202e}\n"}),
        json!({"name": "e", "holds": "set", "value": [1, "1", {"a": 1}]}),
        json!({"name": "f", "holds": "list", "value": ["water", "tea"]}),
        json!({"name": "g", "holds": "map", "value": {"a": {"b": [1]}}}),
        json!({"name": "h", "holds": "json", "value": [null, {"a": []}]}),
        json!({"name": "i", "holds": "event", "rules": {"schema": {"type": "object"}}}),
        json!({"name": "j", "holds": "int", "rules": {"ephemeral": true}, "value": 3}),
        json!({"name": "k", "holds": "int", "deny": {everyone: ["read"]}}),
        // Larger than other events may be.
        json!({"name": "l", "holds": "string", "value": long, "rules": {"bytes_max": 500_000}}),
        json!({"name": "m", "holds": "text", "value": long.repeat(9)}),
    ] {
        make(&server, &token, &circle, &topic);
    }
    let list = make(&server, &token, &circle, &json!({"name": "n", "holds": "list"}));
    let text = make(&server, &token, &circle, &json!({"name": "o", "holds": "text"}));
    for (topic, change) in [
        (&list, json!({"insert": {"value": 1}})),
        (&list, json!({"insert": {"value": 2, "element": "mine-1", "to": {"at": 0}}})),
        (&text, json!({"splice": {"at": 0, "insert": "Hello"}})),
        (&text, json!({"splice": {"at": 5, "insert": ", you"}})),
        (&text, json!({"splice": {"at": 0, "delete": 1, "insert": "h"}})),
    ] {
        let asked = json!({"changes": [{"topic": topic, "change": change}]}).to_string();
        body(&server.post("/api/v1/topics/changes", Some(&token), &asked));
    }
    let out = ana.done(&["topic", "export", "Tea"]);
    let told = topics(&out);
    assert_eq!(told.len(), 15);
    let names = json!([{"element": "mine-1", "value": 2}, {"element": "~2", "value": 1}]);
    assert_eq!(told[13]["topic"]["value"], names);

    ana.done(&["circle", "create", "Copy"]);
    let brought = run(ana.command(&["topic", "import", "Copy", "-"]), &out);
    assert_eq!((brought.code, &*brought.out), (Some(0), "imported 15 topics into Copy\n"));
    let again = ana.done(&["topic", "export", "Copy"]);
    assert_eq!(topics(&again), told);
    // What is so already is left alone, texts too.
    let same = run(ana.command(&["topic", "import", "Copy", "-", "--replace"]), &out);
    assert_eq!(same.code, Some(0), "{same:?}");
    assert_eq!(topics(&ana.done(&["topic", "export", "Copy"])), told);
    assert_eq!(server.stop("TERM"), Some(0));
}

#[test]
fn what_is_refused_is_named_and_the_rest_comes_in() {
    let (dir, data) = place();
    let server = Server::start(&data, &[]);
    let (ana, token, circle) = tea(&server);
    for (name, holds) in [("count", "int"), ("notes", "text"), ("list", "list")] {
        make(&server, &token, &circle, &json!({"name": name, "holds": holds}));
    }
    let mut file = String::new();
    let head = json!({"version": 1, "circle": circle, "name": "Tea", "at": 1});
    let denied = json!([{"role": "nobody", "permissions": ["write"]}]);
    for line in [
        json!({"kith_topics": head}),
        json!({"topic": {"name": "count", "holds": "int", "value": 7}}),
        json!({"topic": {"name": "list", "holds": "map", "value": {}}}),
        json!({"topic": {"name": "new", "holds": "int", "value": 1}}),
        json!({"topic": {"name": "narrow", "holds": "int", "deny": denied}}),
        json!({"topic": {"name": "notes", "holds": "text", "value": "hello"}}),
        json!({"topic": {"name": "wrong", "holds": "int", "value": "x"}}),
        json!({"end": {"topics": 6}}),
    ] {
        writeln!(file, "{line}").unwrap();
    }
    let path = dir.path().join("topics").to_str().unwrap().to_owned();
    std::fs::write(&path, &file).unwrap();

    let brought = ana.say(&["topic", "import", "Tea", &path]);
    assert_eq!(brought.code, Some(1), "{brought:?}");
    let refused: Vec<&str> = brought.out.lines().collect();
    let reasons = [
        "refused count: this name is taken (name.taken)",
        "refused list: this name is taken (name.taken)",
        "refused narrow: it denies something to \"nobody\", and there is no one such role (role.not_found)",
        "refused notes: this name is taken (name.taken)",
        "refused wrong: this is no value of the kind int (topic.wrong_kind)",
        "imported 1 topics into Tea",
    ];
    assert_eq!(refused, reasons);
    assert!(brought.err.contains("5 of 6 topics were refused"), "{brought:?}");

    let set = ana.say(&["topic", "import", "Tea", &path, "--replace", "--json"]);
    assert_eq!(set.code, Some(1), "{set:?}");
    let codes: Vec<Value> =
        set.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| {
        let line = codes.iter().find(|line| line["name"] == name).unwrap();
        line["refused"]["code"].as_str().unwrap_or("done").to_owned()
    };
    assert_eq!(of("count"), "done");
    assert_eq!(of("new"), "done");
    assert_eq!(of("list"), "topic.wrong_kind");
    assert_eq!(of("notes"), "topic.wrong_change");
    assert_eq!(codes.last(), Some(&json!({"imported": 2, "refused": 4})));
    let count = &topics(&ana.done(&["topic", "export", "Tea", "--prefix", "cou"]))[0];
    assert_eq!(count["topic"]["value"], 7);

    // A file that is cut off says so, and what was before the cut is there.
    let cut = file.replace("\"new\"", "\"newer\"");
    let cut: String = cut.lines().take(4).map(|line| format!("{line}\n")).collect();
    let ended = run(ana.command(&["topic", "import", "Tea", "-"]), &cut);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("the file is not whole"), "{ended:?}");
    assert!(ended.out.contains("imported 1 topics"), "{ended:?}");
    assert_eq!(server.stop("TERM"), Some(0));
}

#[test]
fn a_topic_that_has_forgotten_its_beginning_is_checked_copied_and_taken_out() {
    let (dir, data) = place();
    let server = Server::start(&data, &[]);
    let (ana, token, circle) = tea(&server);
    let rules = json!({"history": {"last": 3}});
    let topic = json!({"name": "note", "holds": "string", "rules": rules});
    let topic = make(&server, &token, &circle, &topic);
    let text = |seq: u64| format!("{seq} {}", "x".repeat(30_000));
    for seq in 2..=30 {
        let change = json!({"topic": topic, "change": {"set": {"value": text(seq)}}});
        let changes = json!({"changes": [change]}).to_string();
        body(&server.post("/api/v1/topics/changes", Some(&token), &changes));
    }
    // It is forgotten a little later.
    let then = format!("/api/v1/topics/{topic}?seq=20");
    while !server.get_as(&then, &token).contains("topic.stale") {}
    let told = topics(&ana.done(&["topic", "export", "Tea"]));
    assert_eq!(told[0]["topic"]["value"], text(30));
    assert_eq!(told[0]["topic"]["rules"], rules);
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (copy, restored) = (path("copy.db"), path("restored"));
    assert_eq!(run(kith(&["backup", &copy, "--data", &data]), "").code, Some(0));
    // What stops is checked as well.
    assert_eq!(server.stop("TERM"), Some(0));
    assert_eq!(run(kith(&["restore", &copy, "--data", &restored]), "").code, Some(0));
    for data in [&data, &restored] {
        let repaired = run(kith(&["admin", "repair", "--data", data]), "");
        assert_eq!(repaired.code, Some(0), "{repaired:?}");
        assert!(repaired.out.ends_with("0 documents were made anew\n"), "{repaired:?}");
        let checked = run(kith(&["check", "--data", data]), "");
        assert_eq!(checked.code, Some(0), "{checked:?}");
    }
    let server = Server::start(&restored, &[]);
    let ana = Person::new(format!("http://{}", server.address));
    assert_eq!(run(ana.command(&["login", "ana"]), PASSWORD).code, Some(0));
    assert_eq!(topics(&ana.done(&["topic", "export", "Tea"])), told);
    assert_eq!(server.stop("TERM"), Some(0));
}
