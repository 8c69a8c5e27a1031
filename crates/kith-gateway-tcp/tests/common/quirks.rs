//! What is recorded of accidents of the originals, changed to what is recommended instead.

use serde_json::{Value as Json, json};

use crate::play::Recording;

/// An accident, and what ours does.
struct Quirk {
    system: &'static str,
    name: &'static str,
    /// What ours does, in a sentence.
    ours: &'static str,
    change: fn(&mut Vec<Json>),
}

/// Changes a recording of an accident to what ours does, and says what that is; leaves others as they are.
///
/// # Panics
/// Where it is not known what that is.
pub(crate) fn recommend(system: &str, recording: &mut Recording) -> &'static str {
    if recording.is_conform() {
        return "as it was recorded";
    }
    let of = |quirk: &&Quirk| quirk.system == system && quirk.name == recording.name;
    let quirk = QUIRKS.iter().find(of);
    let quirk =
        quirk.unwrap_or_else(|| panic!("{} is an accident that nobody knows", recording.name));
    (quirk.change)(&mut recording.lines);
    quirk.ours
}

/// What a client gets.
fn gets(client: &str, data: &Json) -> Json {
    json!({"client": client, "dir": "recv", "data": data})
}

/// The place of the last line that a client sends.
fn last_said(lines: &[Json], client: &str) -> usize {
    lines.iter().rposition(|line| line["client"] == client && line["dir"] == "send").unwrap()
}

const QUIRKS: &[Quirk] = &[
    Quirk {
        system: "muca",
        name: "group_duplicate_recipient",
        ours: "whoever is named twice gets it once",
        change: |lines| drop(lines.pop()),
    },
    Quirk {
        system: "muca",
        name: "malformed_input_stops_server",
        ours: "half an object is waited for and garbage ends its own connection",
        change: |lines| {
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
        },
    },
    Quirk {
        system: "muca",
        name: "sender_not_verified",
        ours: "nobody speaks as somebody else",
        change: |lines| {
            let forged = lines.iter().position(|line| line["data"]["FROM"] == "col@x.org").unwrap();
            lines[forged + 1]["data"]["FROM"] = json!("ann@x.org");
            let stranger = last_said(lines, "x");
            lines.truncate(stranger + 1);
        },
    },
    Quirk {
        system: "muca",
        name: "two_objects_one_write_stops_server",
        ours: "two objects in one write are two",
        change: |lines| {
            lines.truncate(lines.len() - 3);
            for text in ["1", "2"] {
                let said = json!({"CMD": "MSG", "TYPE": "ALL", "MSG": text, "FROM": "ann@x.org"});
                lines.push(gets("ben", &said));
            }
        },
    },
    Quirk {
        system: "ghostr",
        name: "v2_two_objects_one_write",
        ours: "two objects in one write are two",
        change: |lines| {
            let reply = gets("ana", &json!({"action": "whoelse", "reply": []}));
            lines.extend([reply.clone(), reply]);
        },
    },
    Quirk {
        system: "muca",
        name: "unjoined_gets_traffic",
        ours: "whoever has not joined is told nothing",
        change: |lines| {
            lines.retain(|line| line["optional"] != true);
        },
    },
    Quirk {
        system: "ghostr",
        name: "v2_action_before_login",
        ours: "whoever is not signed in does nothing",
        change: |lines| {
            lines.retain(|line| line["dir"] != "close");
            lines.retain(|line| !(line["client"] == "bo" && line["data"]["from"] == ""));
            for line in
                lines.iter_mut().filter(|line| line["dir"] == "recv" && line["client"] == "a")
            {
                match line["data"]["action"].as_str().unwrap() {
                    "message" => line["data"]["status"] = json!("NOT_LOGGED_IN"),
                    "broadcast" => {
                        line["data"] =
                            json!({"action": "broadcast", "reply": "You are not logged in"});
                    }
                    _ => {}
                }
            }
            let reply = json!({"action": "whoelse", "reply": "You are not logged in"});
            lines.push(gets("a", &reply));
        },
    },
    Quirk {
        system: "ghostr",
        name: "v2_failed_login_impersonates",
        ours: "whoever is not signed in does nothing",
        change: |lines| {
            lines.truncate(last_said(lines, "x") + 1);
            lines.push(gets("x", &json!({"action": "message", "status": "NOT_LOGGED_IN"})));
        },
    },
    Quirk {
        system: "ghostr",
        name: "v2_dropped_connection",
        ours: "a connection that is lost signs its user out",
        change: |lines| {
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
        },
    },
    Quirk {
        system: "ghostr",
        name: "v2_malformed_json",
        ours: "a connection that is lost signs its user out",
        change: |lines| {
            let bad = lines.iter().position(|line| line["raw"].is_string()).unwrap();
            lines.truncate(bad + 1);
            lines.push(json!({"client": "ana", "dir": "close", "data": {"by": "server"}}));
            let went = json!({"action": "logout_broadcast", "from": "ana", "message": ""});
            lines.push(gets("bo", &went));
            lines.push(json!({"client": "bo", "dir": "send", "data": {"action": "whoelse"}}));
            lines.push(gets("bo", &json!({"action": "whoelse", "reply": []})));
        },
    },
    Quirk {
        system: "ghostr",
        name: "v2_object_split_over_writes",
        ours: "objects of any length and cut are answered",
        change: |lines| {
            let half = lines.len() - 2;
            lines[half]["nowait"] = json!(true);
            lines.push(gets("ana", &json!({"action": "whoelse", "reply": []})));
        },
    },
    Quirk {
        system: "ghostr",
        name: "v2_oversized_object",
        ours: "objects of any length and cut are answered",
        change: |lines| {
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
        },
    },
    Quirk {
        system: "ghostr",
        name: "v2_offline_three_messages",
        ours: "messages that wait are told in their order",
        change: |lines| {
            let count = lines.len();
            lines.swap(count - 2, count - 1);
        },
    },
    Quirk {
        system: "ghostr",
        name: "v2_registration_resets_everyone",
        ours: "a new account is nothing to the others",
        change: |lines| {
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
        },
    },
    Quirk {
        system: "ghostr",
        name: "v2_unblock_checks_wrong_user",
        ours: "unblocking looks at whom it names",
        change: |lines| {
            lines.last_mut().unwrap()["data"]["status"] = json!("USER_ALREADY_UNBLOCKED");
        },
    },
    Quirk {
        system: "ghostr",
        name: "v2_unblock_without_block",
        ours: "unblocking looks at whom it names",
        change: |lines| {
            let at = last_said(lines, "ana");
            let already = json!({"action": "unblock", "status": "USER_ALREADY_UNBLOCKED"});
            lines.insert(at, gets("ana", &already));
            lines.push(gets("ana", &json!({"action": "whoelse", "reply": []})));
        },
    },
];
