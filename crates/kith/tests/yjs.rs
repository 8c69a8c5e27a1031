//! The real server and unmodified clients of Yjs: y-websocket and Hocuspocus, in Node.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "serve/program.rs"]
#[expect(dead_code, reason = "it can do more than these tests need")]
mod program;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kith_core::topic::text::{JSON, ROOT, Update};
use kith_core::topic::{Change, Kind, Value as Held};
use kith_yjs::{Failed, STACK_BYTES, Updates};
use program::{Server, kith, run};
use serde_json::{Value, json};

/// What is in the body of an answer.
fn body(answer: &str) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
    assert!(head.starts_with("HTTP/1.1 2"), "{answer}");
    serde_json::from_str(body).unwrap_or(Value::Null)
}

/// Ana, bob and cyd, and a circle of the first two.
fn world(server: &Server) -> Value {
    let token = |name: &str| {
        let asked = json!({"name": name, "password": "correct horse battery", "kind": "token"});
        let begun = body(&server.post("/api/v1/sessions", None, &asked.to_string()));
        begun["token"].as_str().unwrap().to_owned()
    };
    let (ana, bob, cyd) = (token("ana"), token("bob"), token("cyd"));
    let made = json!({"name": "Tea", "public": true}).to_string();
    let made = body(&server.post("/api/v1/circles", Some(&ana), &made));
    let circle = made["circle"].as_str().unwrap().to_owned();
    body(&server.post(&format!("/api/v1/circles/{circle}/join"), Some(&bob), "{}"));
    let found = body(&server.get_as(&format!("/api/v1/circles/{circle}"), &ana));
    let everyone = found["circle"]["everyone"].as_str().unwrap().to_owned();
    let address = server.address;
    json!({
        "http": format!("http://{address}"),
        "ws": format!("ws://{address}"),
        "circle": circle,
        "everyone": everyone,
        "ana": ana,
        "bob": bob,
        "cyd": cyd,
    })
}

/// The folder of the clients, with their packages installed.
fn clients() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/yjs");
    assert!(
        folder.join("node_modules").is_dir(),
        "run `npm ci --ignore-scripts` in tests/yjs first"
    );
    folder
}

/// Runs a scenario, which may have the server killed and started.
fn scenario(name: &str) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").to_str().unwrap().to_owned();
    for name in ["ana", "bob", "cyd"] {
        let added =
            run(kith(&["admin", "user", "add", name, "--data", &data]), "correct horse battery\n");
        assert_eq!(added.code, Some(0), "{added:?}");
    }
    let mut server = Some(Server::start(&data, &[]));
    let address = server.as_ref().unwrap().address;
    let world = world(server.as_ref().unwrap());
    let mut node = Command::new("node")
        .args(["scenarios.mjs", name])
        .current_dir(clients())
        .env("KITH_WORLD", world.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = node.stdin.take().unwrap();
    let mut told = String::new();
    for line in BufReader::new(node.stdout.take().unwrap()).lines().map(Result::unwrap) {
        match line.as_str() {
            "kill" => server.take().unwrap().kill(),
            "start" => server = Some(Server::start_at(address, &data)),
            other => {
                told.push_str(other);
                told.push('\n');
                continue;
            }
        }
        answers.write_all(b"done\n").unwrap();
    }
    let status = node.wait().unwrap();
    assert!(status.success() && told.ends_with("passed\n"), "{status}: {told}");
    // What is left is what the events say.
    assert_eq!(server.unwrap().stop("TERM"), Some(0));
}

macro_rules! scenarios {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            scenario(stringify!($name));
        })*
    };
}

scenarios! {
    edits_meet_across_all_clients
    programs_without_yjs_write_too
    cursors_are_seen_until_their_editor_leaves
    editors_of_one_page_share_a_connection
    programs_and_editors_see_each_other
    nobody_speaks_for_others
    who_may_not_is_not_let_in
    who_may_only_read_is_told_so
    access_that_is_taken_ends_at_once
    nothing_saved_is_lost_when_the_server_is_killed
    long_documents_are_merged_and_stay_the_same
    json_is_shared_by_editors_and_programs
    who_may_not_change_json_only_reads_it
    json_outlives_the_server
}

/// Random documents that are compared; `KITH_YJS_DOCUMENTS` sets another number.
const DOCUMENTS: &str = "300";

/// What the server makes of updates, in one go.
fn made(updates: &[Update]) -> Vec<u8> {
    let bytes: Vec<&[u8]> = updates.iter().map(Update::bytes).collect();
    Updates { updates: &bytes, nests: 0 }.merged().unwrap()
}

/// What the server says of a document that Yjs made.
fn told(asked: &Value) -> Value {
    let updates: Vec<Update> = serde_json::from_value(asked["updates"].clone()).unwrap();
    for update in &updates {
        update.scan().unwrap_or_else(|refusal| panic!("{refusal}: {update:?}"));
    }
    let merged = Update::new(&made(&updates));
    let (one, two) = updates.split_at(updates.len() / 2);
    let halves = [made(one), made(two)].map(|half| Update::new(&half));
    let twice = Update::new(&made(&halves));
    let have = usize::try_from(asked["have"].as_u64().unwrap()).unwrap();
    let known = json!({ "updates": updates.get(..have).unwrap() });
    let Ok(Held::Text(known)) = Kind::Text.read(&known) else { panic!("{known}") };
    let clocks: Vec<(u64, u32)> = known.known().clocks().collect();
    let bytes: Vec<&[u8]> = updates.iter().map(Update::bytes).collect();
    let all = Updates { updates: &bytes, nests: 0 };
    let missing = Update::new(&all.missing(&clocks).unwrap());
    for update in [&merged, &twice, &missing] {
        update.scan().unwrap_or_else(|refusal| panic!("{refusal}: {update:?}"));
    }
    json!({"merged": merged, "twice": twice, "missing": missing, "text": all.text(ROOT).unwrap()})
}

/// What the server says of a document that is JSON, and what changes of it come to.
fn changed(asked: &Value) -> Value {
    let updates: Vec<Update> = serde_json::from_value(asked["updates"].clone()).unwrap();
    let changes: Vec<Change> = serde_json::from_value(asked["changes"].clone()).unwrap();
    let bytes: Vec<&[u8]> = updates.iter().map(Update::bytes).collect();
    let all = Updates { updates: &bytes, nests: 0 };
    let json = all.json(JSON).unwrap();
    // As whom the server edits: nobody else does.
    match all.changed(9, JSON, &changes) {
        Ok(made) => {
            let made: Vec<Update> = made.iter().map(|update| Update::new(update)).collect();
            for update in &made {
                update.scan().unwrap_or_else(|refusal| panic!("{refusal}: {update:?}"));
            }
            json!({"json": json, "made": made})
        }
        Err(Failed::Refused { refusal, .. }) => json!({"json": json, "refused": refusal.code()}),
        Err(failed) => panic!("{failed}"),
    }
}

/// Has a program that makes documents ask about them, and holds it to its own answer.
fn compare(program: &str, told: fn(&Value) -> Value) {
    let count = std::env::var("KITH_YJS_DOCUMENTS").unwrap_or(DOCUMENTS.to_owned());
    let mut node = Command::new("node")
        .args([program, &count])
        .current_dir(clients())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = node.stdin.take().unwrap();
    let lines = BufReader::new(node.stdout.take().unwrap()).lines();
    let compare = move || {
        let mut last = String::new();
        for line in lines.map(Result::unwrap) {
            if line.starts_with('{') {
                let told = told(&serde_json::from_str(&line).unwrap());
                writeln!(answers, "{told}").unwrap();
            } else {
                last = line;
            }
        }
        last
    };
    let compared = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(compare);
    assert_eq!(compared.unwrap().join().unwrap(), "passed");
    assert!(node.wait().unwrap().success());
}

#[test]
fn documents_are_merged_as_yjs_does() {
    compare("streams.mjs", told);
}

#[test]
fn documents_that_are_json_are_told_and_changed_as_yjs_does() {
    compare("json.mjs", changed);
}
