//! What was recorded with the original servers of ghostr and muca, played against the program itself,
//! in time that really passes: what shows an accident of theirs as it was recommended to go; and
//! topicsync at the address that its settings say.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_websockets::{ClientBuilder, Message};

use crate::old::{Old, told};
use crate::play::{Recording, World, recordings};
use crate::program::{Person, Server};
use crate::quirks::recommend;
use crate::{PASSWORD, place};

/// Recordings that are played side by side.
const AT_ONCE: usize = 4;

/// A program for one recording.
struct Stage(Server);

impl World for Stage {
    fn port(&self) -> u16 {
        self.0.gateways[0].port()
    }

    fn pass(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// What is in the body of an answer that says yes.
fn body(answer: &str) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
    assert!(head.starts_with("HTTP/1.1 2"), "{answer}");
    serde_json::from_str(body).unwrap_or(Value::Null)
}

/// Plays a recording on a program with nothing but its accounts and the circle *home*.
fn play(system: &str, recording: &Recording) -> Result<(), String> {
    let (_dir, data) = place();
    let setup = recording.setup();
    let mut set = vec![
        format!("gateway.{system}.listen=127.0.0.1:0"),
        format!("gateway.{system}.circle=home"),
        "password_chars_min=1".to_owned(),
        "password_memory_kib=8".to_owned(),
    ];
    if system == "muca" {
        set.push("gateway.muca.guests=true".to_owned());
    } else {
        set.push("gateway.ghostr.signup=true".to_owned());
        set.push(format!("gateway.ghostr.block_seconds={}", setup["block_duration"]));
        set.push(format!("gateway.ghostr.idle_seconds={}", setup["timeout"]));
    }
    let args: Vec<&str> = set.iter().flat_map(|pair| ["--set", pair.as_str()]).collect();
    let server = Server::start(&data, &args);
    let account = |name: &Value, password: &Value| {
        let new = json!({"name": name, "password": password}).to_string();
        body(&server.post("/api/v1/accounts", None, &new))
    };
    let host = account(&json!("host"), &json!("correct horse battery"));
    for user in setup["users"].as_array().into_iter().flatten() {
        account(&user[0], &user[1]);
    }
    let home = json!({"name": "home", "public": true}).to_string();
    body(&server.post("/api/v1/circles", host["token"].as_str(), &home));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stage = Stage(server);
    let played = runtime.block_on(recording.play(&stage));
    drop(runtime);
    assert_eq!(stage.0.stop("TERM"), Some(0));
    played
}

fn check(system: &str) {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../kith-gateway-tcp/tests/vectors");
    let all = recordings(&folder, system);
    let (left, failed) = (Mutex::new(all), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = left.lock().unwrap().pop();
                    let Some(mut recording) = next else { return };
                    let ours = recommend(system, &mut recording);
                    if let Err(difference) = play(system, &recording) {
                        let difference = format!("{} ({ours}): {difference}", recording.name);
                        failed.lock().unwrap().push(difference);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn clients_of_ghostr_are_answered_as_by_the_original() {
    check("ghostr");
}

#[test]
fn clients_of_muca_are_answered_as_by_the_original() {
    check("muca");
}

#[test]
fn a_file_is_told_to_clients_of_ghostr_also_where_they_were_away() {
    let (dir, data) = place();
    let set = [
        "registration=open",
        "files.free_percent=1",
        "gateway.ghostr.listen=127.0.0.1:0",
        "gateway.ghostr.circle=home",
    ];
    let args: Vec<&str> = set.iter().flat_map(|pair| ["--set", pair]).collect();
    let server = Server::start(&data, &args);
    let [gus, bob] = ["gus", "bob"].map(|name| Person::sign_up(&server, name, PASSWORD));
    bob.done(&["circle", "create", "home", "--public"]);
    gus.done(&["circle", "join", "home"]);
    let path = dir.path().join("menu.txt");
    std::fs::write(&path, "black tea").unwrap();
    let path = path.to_str().unwrap();
    bob.done(&["send", "@gus", "--file", path]);
    bob.done(&["send", "@gus", "The menu", "--file", path]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut client = Old::open(server.gateways[0].port(), false).await;
        assert_eq!(told(&mut client, "gus", PASSWORD.trim_end()).await, "SUCCESS");
        let message =
            |text: &str| json!({"action": "receive_message", "from": "bob", "message": text});
        assert_eq!(client.object().await, message("[menu.txt, 9 bytes]"));
        assert_eq!(client.object().await, message("The menu\n[menu.txt, 9 bytes]"));
        bob.done(&["send", "@gus", "And again", "--file", path]);
        loop {
            let object = client.object().await;
            // Bob comes, says it, and goes.
            if object["action"] == "receive_message" {
                assert_eq!(object, message("And again\n[menu.txt, 9 bytes]"));
                break;
            }
        }
    });
    drop(runtime);
    assert_eq!(server.stop("TERM"), Some(0));
}

/// What a topicsync client is told at an address that says all this.
async fn topicsync(address: &str, says: &[Value], told: usize) -> Vec<Value> {
    let uri = address.parse().unwrap();
    let (mut client, _) = ClientBuilder::from_uri(uri).connect().await.unwrap();
    for one in says {
        client.send(Message::text(one.to_string())).await.unwrap();
    }
    let mut all = Vec::new();
    while all.len() < told {
        let message = client.next().await.unwrap().unwrap();
        if let Some(text) = message.as_text() {
            all.push(serde_json::from_str(text).unwrap());
        }
    }
    all
}

#[test]
fn clients_of_topicsync_are_let_in_where_the_settings_say() {
    let (_dir, data) = place();
    let set = [
        "gateway.topicsync.listen=127.0.0.1:0",
        "gateway.topicsync.circle=home",
        "gateway.topicsync.user=desk",
        "password_memory_kib=8",
    ];
    let args: Vec<&str> = set.iter().flat_map(|pair| ["--set", pair]).collect();
    let server = Server::start(&data, &args);
    let new = json!({"name": "desk", "password": "correct horse battery"}).to_string();
    let desk = body(&server.post("/api/v1/accounts", None, &new));
    let token = desk["token"].as_str();
    let home = json!({"name": "home", "public": false}).to_string();
    let home = body(&server.post("/api/v1/circles", token, &home));
    let make = json!({"name": "cups", "holds": "int", "value": 3}).to_string();
    let topics = format!("/api/v1/circles/{}/topics", home["circle"].as_str().unwrap());
    let made = body(&server.post(&topics, token, &make));
    let topic = format!("/api/v1/topics/{}", made["topic"].as_str().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let own = format!("ws://{}/", server.gateways[0]);
    let main = format!("ws://{}/topicsync", server.address);
    for (value, address) in [(3, &own), (4, &main)] {
        let subscribe = json!({"type": "subscribe", "args": {"topic_name": "cups"}});
        let add = json!({"topic_name": "cups", "topic_type": "int", "type": "add", "value": 1});
        let act = json!({"type": "action", "args": {"commands": [add], "action_id": "a"}});
        let told = runtime.block_on(topicsync(address, &[subscribe, act], 3));
        assert_eq!(told[0]["type"], "hello", "{told:?}");
        assert_eq!(told[1]["args"], json!({"topic_name": "cups", "value": value}));
        assert_eq!(told[2]["args"]["action_id"], "a", "{told:?}");
        let now = body(&server.get_as(&topic, token.unwrap()));
        assert_eq!(now["value"], value + 1);
    }
    drop(runtime);
    assert_eq!(server.stop("TERM"), Some(0));
}
