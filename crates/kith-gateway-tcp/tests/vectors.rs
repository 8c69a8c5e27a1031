//! Conversations that were recorded with the original servers, played against ours.
//!
//! Each is played on a server of its own, line by line. After each line every client asks for something
//! that has no effect: its answer comes once all is dealt with that was said before, so what came until
//! then is all that comes. Time passes only where a line says so.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

#[path = "common/old.rs"]
mod old;
#[path = "common/play.rs"]
mod play;
#[path = "common/site.rs"]
mod site;

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use play::{Recording, World};
use serde_json::{Value as Json, json};
use site::Site;

/// A server for one recording.
struct Stage(Site, u16);

impl World for Stage {
    fn port(&self) -> u16 {
        self.1
    }

    fn pass(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        self.0.clock.advance(time);
        Box::pin(std::future::ready(()))
    }
}

fn recordings(system: &str) -> Vec<Recording> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    play::recordings(&folder, system)
}

async fn play(system: &str, recording: &Recording) -> Result<(), String> {
    let setup = recording.setup();
    let seconds = |name: &str| u32::try_from(setup[name].as_u64().unwrap_or(600)).unwrap();
    let site = Site::with(|settings| {
        settings.ghostr_block_seconds = seconds("block_duration");
        settings.ghostr_idle_seconds = seconds("timeout");
    })
    .await;
    for user in setup["users"].as_array().into_iter().flatten() {
        site.account(user[0].as_str().unwrap(), user[1].as_str().unwrap()).await;
    }
    let port = if system == "muca" { site.muca } else { site.ghostr };
    recording.play(&Stage(site, port)).await
}

async fn check(system: &str, count: usize) {
    let all = recordings(system);
    assert_eq!(all.len(), count);
    let mut failed = Vec::new();
    for recording in all.iter().filter(|recording| recording.is_conform()) {
        if let Err(difference) = play(system, recording).await {
            failed.push(format!("{}: {difference}", recording.name));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test]
async fn conversations_of_muca_go_as_they_did() {
    check("muca", 21).await;
}

#[tokio::test]
async fn conversations_of_ghostr_go_as_they_did() {
    check("ghostr", 41).await;
}

/// What a client gets.
fn gets(client: &str, data: &Json) -> Json {
    json!({"client": client, "dir": "recv", "data": data})
}

/// What is recorded of accidents of the originals, changed to what is recommended instead.
async fn quirk(system: &str, name: &str, change: impl FnOnce(&mut Vec<Json>)) {
    let all = recordings(system);
    let mut recording = all.into_iter().find(|one| one.name == name).unwrap();
    assert!(!recording.is_conform());
    change(&mut recording.lines);
    assert_eq!(play(system, &recording).await, Ok(()), "{name}");
}

/// The place of the last line that a client sends.
fn last_said(lines: &[Json], client: &str) -> usize {
    lines.iter().rposition(|line| line["client"] == client && line["dir"] == "send").unwrap()
}

#[tokio::test]
async fn whoever_is_named_twice_gets_it_once() {
    quirk("muca", "group_duplicate_recipient", |lines| drop(lines.pop())).await;
}

#[tokio::test]
async fn half_an_object_is_waited_for_and_garbage_ends_its_own_connection() {
    quirk("muca", "malformed_input_stops_server", |lines| {
        lines.truncate(lines.len() - 3);
        lines.last_mut().unwrap()["nowait"] = json!(true);
        let rest = json!({"client": "ann", "dir": "send",
            "raw": r#"ND", "MSG": "x", "TO": [], "FROM": ""}nonsense"#});
        lines.push(rest);
        let said = json!({"CMD": "MSG", "TYPE": "ALL", "MSG": "x", "FROM": "ann@x.org"});
        lines.push(gets("ben", &said));
        lines.push(json!({"client": "ann", "dir": "close", "data": {"by": "server"}}));
        let list = json!({"CMD": "LIST", "DATA": [{"UN": "Ben", "UID": "ben@x.org"}]});
        lines.push(gets("ben", &list));
    })
    .await;
}

#[tokio::test]
async fn nobody_speaks_as_somebody_else() {
    quirk("muca", "sender_not_verified", |lines| {
        let forged = lines.iter().position(|line| line["data"]["FROM"] == "col@x.org").unwrap();
        lines[forged + 1]["data"]["FROM"] = json!("ann@x.org");
        let stranger = last_said(lines, "x");
        lines.truncate(stranger + 1);
    })
    .await;
}

#[tokio::test]
async fn two_objects_in_one_write_are_two() {
    quirk("muca", "two_objects_one_write_stops_server", |lines| {
        lines.truncate(lines.len() - 3);
        for text in ["1", "2"] {
            let said = json!({"CMD": "MSG", "TYPE": "ALL", "MSG": text, "FROM": "ann@x.org"});
            lines.push(gets("ben", &said));
        }
    })
    .await;
    quirk("ghostr", "v2_two_objects_one_write", |lines| {
        let reply = gets("ana", &json!({"action": "whoelse", "reply": []}));
        lines.extend([reply.clone(), reply]);
    })
    .await;
}

#[tokio::test]
async fn whoever_has_not_joined_is_told_nothing() {
    quirk("muca", "unjoined_gets_traffic", |lines| {
        lines.retain(|line| line["optional"] != true);
    })
    .await;
}

#[tokio::test]
async fn whoever_is_not_signed_in_does_nothing() {
    quirk("ghostr", "v2_action_before_login", |lines| {
        lines.retain(|line| line["dir"] != "close");
        lines.retain(|line| !(line["client"] == "bo" && line["data"]["from"] == ""));
        for line in lines.iter_mut().filter(|line| line["dir"] == "recv" && line["client"] == "a") {
            match line["data"]["action"].as_str().unwrap() {
                "message" => line["data"]["status"] = json!("NOT_LOGGED_IN"),
                "broadcast" => {
                    line["data"] = json!({"action": "broadcast", "reply": "You are not logged in"});
                }
                _ => {}
            }
        }
        let reply = json!({"action": "whoelse", "reply": "You are not logged in"});
        lines.push(gets("a", &reply));
    })
    .await;
    quirk("ghostr", "v2_failed_login_impersonates", |lines| {
        lines.truncate(last_said(lines, "x") + 1);
        lines.push(gets("x", &json!({"action": "message", "status": "NOT_LOGGED_IN"})));
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_is_lost_signs_its_user_out() {
    quirk("ghostr", "v2_dropped_connection", |lines| {
        let close = lines.iter().position(|line| line["dir"] == "close").unwrap();
        let went = json!({"action": "logout_broadcast", "from": "bo", "message": ""});
        lines.insert(close + 1, gets("ana", &went));
        for line in lines.iter_mut().filter(|line| line["dir"] == "recv") {
            match line["data"]["action"].as_str().unwrap() {
                "whoelse" => line["data"]["reply"] = json!([]),
                "startprivate" => {
                    line["data"] = json!({"action": "startprivate", "reply": "USER_OFFLINE"});
                }
                _ => {}
            }
        }
    })
    .await;
    quirk("ghostr", "v2_malformed_json", |lines| {
        let bad = lines.iter().position(|line| line["raw"].is_string()).unwrap();
        lines.truncate(bad + 1);
        lines.push(json!({"client": "ana", "dir": "close", "data": {"by": "server"}}));
        let went = json!({"action": "logout_broadcast", "from": "ana", "message": ""});
        lines.push(gets("bo", &went));
        lines.push(json!({"client": "bo", "dir": "send", "data": {"action": "whoelse"}}));
        lines.push(gets("bo", &json!({"action": "whoelse", "reply": []})));
    })
    .await;
}

#[tokio::test]
async fn objects_of_any_length_and_cut_are_answered() {
    quirk("ghostr", "v2_object_split_over_writes", |lines| {
        let half = lines.len() - 2;
        lines[half]["nowait"] = json!(true);
        lines.push(gets("ana", &json!({"action": "whoelse", "reply": []})));
    })
    .await;
    quirk("ghostr", "v2_oversized_object", |lines| {
        let text = lines.last().unwrap()["data"]["message"].as_str().unwrap().to_owned();
        assert!(text.len() > 1000 && text.len() < 2000);
        let empty = json!({"action": "receive_message", "from": "ana", "message": ""});
        // As the originals write it, with a space behind each comma and colon.
        let room = 1024 - (empty.to_string().len() + 5);
        lines.push(gets("ana", &json!({"action": "message", "status": "SUCCESS"})));
        for part in [&text[..room], &text[room..]] {
            let mut told = empty.clone();
            told["message"] = json!(part);
            lines.push(gets("bo", &told));
        }
    })
    .await;
}

#[tokio::test]
async fn messages_that_wait_are_told_in_their_order() {
    quirk("ghostr", "v2_offline_three_messages", |lines| {
        let count = lines.len();
        lines.swap(count - 2, count - 1);
    })
    .await;
}

#[tokio::test]
async fn a_new_account_is_nothing_to_the_others() {
    quirk("ghostr", "v2_registration_resets_everyone", |lines| {
        let came = json!({"action": "login_broadcast", "from": "zed", "message": ""});
        let zed = lines.iter().position(|line| line["data"]["username"] == "zed").unwrap();
        lines.insert(zed + 1, gets("ana", &came));
        lines.insert(zed + 2, gets("bo", &came));
        for line in lines.iter_mut().filter(|line| line["dir"] == "recv") {
            match line["data"]["action"].as_str().unwrap() {
                "whoelse" => line["data"]["reply"] = json!(["ana", "bo"]),
                "message" => line["data"]["status"] = json!("USER_BLOCKED"),
                "broadcast" => line["data"]["n_sent"] = json!(2),
                _ => {}
            }
        }
        let said = json!({"action": "receive_broadcast", "from": "zed", "message": "y"});
        lines.extend([gets("ana", &said), gets("bo", &said)]);
    })
    .await;
}

#[tokio::test]
async fn unblocking_looks_at_whom_it_names() {
    quirk("ghostr", "v2_unblock_checks_wrong_user", |lines| {
        lines.last_mut().unwrap()["data"]["status"] = json!("USER_ALREADY_UNBLOCKED");
    })
    .await;
    quirk("ghostr", "v2_unblock_without_block", |lines| {
        let at = last_said(lines, "ana");
        let already = json!({"action": "unblock", "status": "USER_ALREADY_UNBLOCKED"});
        lines.insert(at, gets("ana", &already));
        lines.push(gets("ana", &json!({"action": "whoelse", "reply": []})));
    })
    .await;
}
